"""Tells staff how the change to another model goes: one message, kept up to date to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bot.adapter import ChatAdapter, DeliveryError, DeliveryRefused, MessageGone
from bot.backoff import Backoff
from bot.delivery.delivery import RETRY_S
from bot.delivery.texts import say
from bot.desk.commands import Commands
from bot.messages import Asker, Reply, ReplyState
from engine.errors import ModelError, ModelLoadError, StoreError
from engine.serving.status import EngineState
from engine.stopping import unless

log = logging.getLogger(__name__)

#: Seconds between two looks at how far the loading is.
PROGRESS_S = 3.0
#: How often the outcome is tried to be told; after so many tries in a new message.
NUM_TRIES, NUM_EDITS = 12, 3


async def announce_switch(
    adapter: ChatAdapter,
    commands: Commands,
    asker: Asker,
    alias: str,
    *,
    every_s: float = PROGRESS_S,
    retry_s: tuple[float, float] = RETRY_S,
) -> None:
    """Post that the model is loading and how far that is, load it, say how it went."""
    loading = say("model.switching", asker.language, model=alias)
    announcement = _Announcement(adapter, asker, alias)
    await announcement.tell(loading)
    progress = partial(commands.progress_towards, alias)
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_tell_progress(announcement, loading, progress, over, every_s))
        try:
            outcome = await _switch(commands, alias)
        finally:
            over.set()  # and not cancelled: what was being sent must not come after the outcome
    if isinstance(outcome, StoreError):
        text = say("model.not_kept", asker.language, model=alias)
    elif outcome is not None:
        text = await _what_answers(announcement, commands, asker, alias, outcome)
    else:
        text = say("model.switched", asker.language, model=alias)
    log.info("model switch to %s asked for on %s: %s", alias, asker.platform, text)
    await announcement.conclude(text, retry_s)


async def _switch(commands: Commands, alias: str) -> ModelError | StoreError | None:
    """What went wrong, if anything did; a StoreError after the switch."""
    try:
        await commands.switch(alias)
    except ModelError as error:
        log.warning("the switch to %s failed: %s", alias, error)
        return error
    except StoreError as error:
        log.error("%s serves, but not after a restart: %s", alias, error)
        return error
    except OSError as error:  # from the disk, or from a system that is out of something
        log.exception("the switch to %s failed", alias)
        return ModelLoadError(f"{alias} could not be loaded ({error.strerror or error}).")
    return None


async def _what_answers(
    announcement: _Announcement, commands: Commands, asker: Asker, alias: str, error: ModelError
) -> str:
    """After a failed switch: which model answers, once that is known, and why it failed."""
    language = asker.language
    # An error may name folders of the server, which are no business of a whole channel.
    why = str(error) if asker.private else say("model.why_in_private", language, model=alias)
    status = commands.engine.status()
    if status.state is EngineState.READY:
        return say("model.failed", language, old=status.model, why=why)
    old = status.model
    if status.state is EngineState.LOADING:  # the old one had to go first
        if old is not None:
            restarting = say("model.failed_restarting", language, old=old, why=why)
            await announcement.tell(restarting)
        await commands.engine.settled()
        status = commands.engine.status()
    if status.state is not EngineState.READY:
        return say("model.failed_alone", language, why=why)
    # Another one than the old one if that did not start, or somebody chose yet another.
    key = "model.failed_restarted" if status.model == old else "model.failed_other"
    return say(key, language, model=status.model, why=why)


async def _tell_progress(
    announcement: _Announcement,
    loading: str,
    progress: Callable[[], str],
    over: asyncio.Event,
    every_s: float,
) -> None:
    told = ""
    while not over.is_set():
        await unless(over, asyncio.sleep(every_s))
        detail = progress()
        if detail and detail != told and not over.is_set():
            told = detail
            await announcement.tell(f"{loading}\n\n{detail}")


@dataclass(eq=False, slots=True)
class _Announcement:
    """The one message."""

    adapter: ChatAdapter
    asker: Asker
    alias: str
    _posted: str | None = field(init=False, default=None)

    async def tell(self, text: str) -> None:
        """Make it read like this for now; left out where the platform does not take it."""
        try:
            await self._put(Reply(text=text, state=ReplyState.WAITING))
        except DeliveryError as error:
            log.info("how the switch to %s goes could not be told: %s", self.alias, error)

    async def conclude(self, text: str, retry_s: tuple[float, float]) -> None:
        """Make it read like this for good; tried again for some minutes, even after a post whose
        outcome is unknown: said twice is better than not at all."""
        backoff = Backoff(retry_s)
        for number in range(1, NUM_TRIES + 1):
            try:
                await self._put(Reply(text=text))
                return
            except DeliveryRefused:
                break
            except MessageGone:
                self._posted = None
            except DeliveryError as error:
                if number == NUM_EDITS:  # some messages can be changed for half an hour only
                    self._posted = None
                log.info("the outcome of the switch is not told yet: %s", error)
                await asyncio.sleep(backoff.failed(error))
        log.warning("how the switch to %s went could not be told: %s", self.alias, text)

    async def _put(self, reply: Reply) -> None:
        if self._posted is None:
            self._posted = await self.adapter.post(self.asker.reply_to, reply)
        else:
            moved = await self.adapter.edit(self.asker.reply_to, self._posted, reply)
            self._posted = moved or self._posted
