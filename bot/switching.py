"""Tells staff how the change to another model goes: one message, kept up to date to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from bot.adapter import ChatAdapter, DeliveryError
from bot.commands import Commands
from bot.messages import Asker, Reply, ReplyState
from bot.texts import say
from engine.errors import ModelError
from engine.types import EngineState

log = logging.getLogger(__name__)


#: Seconds between two looks at how far the loading is.
PROGRESS_S = 3.0


async def announce_switch(
    adapter: ChatAdapter,
    commands: Commands,
    asker: Asker,
    alias: str,
    *,
    every_s: float = PROGRESS_S,
) -> None:
    """Post that the model is loading and how far that is, load it, say how it went."""
    loading = say("model.switching", asker.language, model=alias)
    telling = _Telling(adapter, asker, alias)
    await telling.tell(loading, ReplyState.WAITING)
    progress = partial(commands.progress_towards, alias)
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_tell_progress(telling, loading, progress, progress(), over, every_s))
        try:
            failure = await _switch(commands, alias)
        finally:
            over.set()  # and not cancelled: what was being sent must not come after the outcome
    if failure is None:
        outcome = say("model.switched", asker.language, model=alias)
    else:
        outcome = await _what_answers(telling, commands, asker.language, failure)
    log.info("model switch to %s asked for on %s: %s", alias, asker.platform, outcome)
    await telling.tell(outcome, ReplyState.FINAL)


async def _switch(commands: Commands, alias: str) -> ModelError | None:
    """Why it failed, if it did."""
    try:
        await commands.switch(alias)
    except ModelError as error:
        return error
    return None


async def _what_answers(
    telling: _Telling, commands: Commands, language: str | None, why: ModelError
) -> str:
    """After a failed switch: which model answers, once that is known, and why it failed."""
    status = commands.engine_status()
    if status.state is EngineState.READY:
        return say("model.failed", language, old=status.model, why=why)
    old = status.model
    if status.state is EngineState.LOADING:  # the old one had to go first
        if old is not None:
            restarting = say("model.failed_restarting", language, old=old, why=why)
            await telling.tell(restarting, ReplyState.WAITING)
        await commands.settled()
        status = commands.engine_status()
    if status.state is not EngineState.READY:
        return say("model.failed_alone", language, why=why)
    # Another one than the old one if that did not start, or somebody chose yet another.
    key = "model.failed_restarted" if status.model == old else "model.failed_other"
    return say(key, language, model=status.model, why=why)


async def _tell_progress(
    telling: _Telling,
    loading: str,
    progress: Callable[[], str],
    told: str,
    over: asyncio.Event,
    every_s: float,
) -> None:
    """Tell whatever differs from `told`, which was said of the model before."""
    while not over.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(every_s):
                await over.wait()
        detail = progress()
        if detail and detail != told and not over.is_set():
            told = detail
            await telling.tell(f"{loading}\n\n{detail}", ReplyState.WAITING)


class _Telling:
    """The one message; a version that cannot be delivered is logged and left out."""

    def __init__(self, adapter: ChatAdapter, asker: Asker, alias: str) -> None:
        self._adapter = adapter
        self._reply_to = asker.reply_to
        self._alias = alias
        self._posted: str | None = None

    async def tell(self, text: str, state: ReplyState) -> None:
        """Make the message read like this."""
        reply = Reply(text=text, state=state)
        try:
            if self._posted is None:
                self._posted = await self._adapter.post(self._reply_to, reply)
            else:
                moved = await self._adapter.edit(self._reply_to, self._posted, reply)
                self._posted = moved or self._posted
        except DeliveryError as error:
            log.warning("how the switch to %s goes could not be told: %s", self._alias, error)
