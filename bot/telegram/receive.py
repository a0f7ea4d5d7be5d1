"""Takes in what Telegram delivers: on the disk first, confirmed then, handled last."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from bot.adapter import DeliveryError
from bot.telegram.client import TelegramApi
from bot.telegram.errors import TelegramLost, TokenRejected
from engine.errors import StoreError
from engine.stopping import unless
from engine.store.inbox import Delivered
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")

PLATFORM = "telegram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long things may take, in seconds."""

    #: A long poll: Telegram answers at once when something happens.
    poll_s: int = 30
    #: Without a good poll for this long the program ends, to be started again.
    silence_s: float = 60.0
    #: Pause after a failure; doubled each time up to the second.
    retry_s: tuple[float, float] = (1.0, 15.0)
    #: What is being handled at a stop may take this long; the rest is done after the restart.
    grace_s: float = 2.0
    #: A call other than a poll.
    call_s: float = 20.0
    #: The signs that a question was heard must not hold up its answer.
    heard_s: float = 3.0


class TelegramListener:
    """Stores updates and hands them, in order for each person, to `handle`."""

    def __init__(
        self,
        api: TelegramApi,
        store: JobStore,
        handle: Callable[[dict[str, Any]], Awaitable[None]],
        times: Times,
        *,
        key: str,
    ) -> None:
        self._api = api
        self._store = store
        self._handle = handle
        self._times = times
        #: Of the offset in the store: it belongs to one bot.
        self._key = key
        self._arrived = asyncio.Event()
        self._queues: dict[str, deque[Delivered]] = {}
        self._heard_at = monotonic()

    async def poll(self, stop: asyncio.Event) -> None:
        """Ask Telegram for updates until `stop`. Raises TelegramLost, TokenRejected."""
        offset = int(await self._store.get_value(self._key) or 0)
        pause = self._times.retry_s[0]
        self._heard_at = monotonic()
        while not stop.is_set():
            try:
                async with asyncio.timeout(self._times.silence_s):
                    updates = await unless(stop, self._api.updates(offset, self._times.poll_s))
                if updates is None:
                    return
                offset = await self._take_in(updates, offset)
                self._heard_at = monotonic()
                pause = self._times.retry_s[0]
            except TokenRejected:
                raise
            except (DeliveryError, StoreError, TimeoutError) as error:
                log.warning("updates could not be taken in: %s", error)
                self.check_silence(error)
                asked = getattr(error, "retry_after_s", None) or 0
                await unless(stop, asyncio.sleep(max(pause, asked)))
                pause = min(pause * 2, self._times.retry_s[1])

    def check_silence(self, error: Exception) -> None:
        """Give up when Telegram has not been heard for too long."""
        silent = monotonic() - self._heard_at
        if silent > self._times.silence_s:
            raise TelegramLost(f"Telegram has not been heard for {silent:.0f} s: {error}")

    async def _take_in(self, updates: list[Any], offset: int) -> int:
        """Store the updates with the new offset, which confirms them with the next poll."""
        found = [delivered for update in updates if (delivered := _delivered(update))]
        if not found:
            if updates:  # junk without a number, which cannot be confirmed
                raise DeliveryError("Telegram sent updates that cannot be read.")
            return offset
        offset = max(delivered.id for delivered in found) + 1
        await self._store.inbox.take_in(PLATFORM, found, key=self._key, offset=str(offset))
        self._arrived.set()
        return offset

    async def take_one(self, update: object) -> bool:
        """Store an update that Telegram brought; False when it is none. Raises StoreError."""
        delivered = _delivered(update)
        if delivered is None:
            return False
        await self._store.inbox.take_in(PLATFORM, [delivered])
        self._arrived.set()
        return True

    # Handling

    async def work(self, stop: asyncio.Event) -> None:
        """Handle what is in the inbox until `stop`; what an earlier process left comes first."""
        known: set[int] = set()
        async with asyncio.TaskGroup() as group:
            running: set[asyncio.Task[None]] = set()
            self._arrived.set()
            while not stop.is_set():
                self._arrived.clear()
                for delivered in await self._waiting(stop):
                    if delivered.id in known:
                        continue
                    known.add(delivered.id)
                    person = _person(delivered)
                    if person in self._queues:
                        self._queues[person].append(delivered)
                        continue
                    self._queues[person] = deque([delivered])
                    task = group.create_task(self._serve(person, known, stop))
                    running.add(task)
                    task.add_done_callback(running.discard)
                await unless(stop, self._arrived.wait())
            if running:
                await asyncio.wait(set(running), timeout=self._times.grace_s)
            for task in running:
                task.cancel()

    async def _waiting(self, stop: asyncio.Event) -> list[Delivered]:
        return await self._insist(stop, lambda: self._store.inbox.open(PLATFORM)) or []

    async def _serve(self, person: str, known: set[int], stop: asyncio.Event) -> None:
        """Handle everything of one person, one after the other."""
        queue = self._queues[person]
        while queue and not stop.is_set():
            delivered = queue.popleft()
            await self._insist(stop, partial(self._one, delivered))
            known.discard(delivered.id)
        del self._queues[person]

    async def _one(self, delivered: Delivered) -> None:
        try:
            await self._handle(json.loads(delivered.raw))
        except StoreError:
            raise
        except Exception as error:  # one update must not stop the others, nor come for ever
            log.exception("update %d of Telegram could not be handled", delivered.id)
            await self._store.inbox.poison(PLATFORM, delivered.id, type(error).__name__)
            return
        await self._store.inbox.done(PLATFORM, delivered.id)

    async def _insist(self, stop: asyncio.Event, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do it, again and again while the disk refuses; None when `stop` comes first."""
        pause = self._times.retry_s[0]
        while True:
            try:
                return await work()
            except StoreError as error:
                log.error("an update of Telegram waits for the disk: %s", error)
            await unless(stop, asyncio.sleep(pause))
            if stop.is_set():
                return None
            pause = min(pause * 2, self._times.retry_s[1])


def _delivered(update: object) -> Delivered | None:
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        return None
    return Delivered(id=update["update_id"], raw=json.dumps(update))


def _person(delivered: Delivered) -> str:
    """Whose turn an update takes; "" when it does not say."""
    try:
        update = json.loads(delivered.raw)
        inner = next(value for key, value in update.items() if key != "update_id")
        return str((inner.get("from") or inner["chat"])["id"])
    except (ValueError, StopIteration, AttributeError, KeyError, TypeError):
        return ""
