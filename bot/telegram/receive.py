"""Takes in what Telegram delivers: stored first, confirmed then, handled last."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from bot.adapter import DeliveryError
from bot.backoff import Backoff
from bot.telegram.times import Times
from bot.telegram.values import PLATFORM
from engine.errors import StoreError
from engine.stopping import unless
from engine.store.inbox import Delivered
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")

#: In the store: the first update that was not stored yet.
OFFSET_KEY = f"{PLATFORM}:offset"


@dataclass(eq=False, slots=True)
class TelegramReceiver:
    """Stores updates and hands them, in order for each person, to `handle`."""

    store: JobStore
    handle: Callable[[dict[str, Any]], Awaitable[None]]
    times: Times
    _arrived: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _queues: dict[str, deque[Delivered]] = field(init=False, default_factory=dict)

    async def offset(self) -> int:
        return int(await self.store.get_value(OFFSET_KEY) or 0)

    async def take_in(self, updates: list[Any], offset: int) -> int:
        """Store the updates; returns the new offset, which confirms them with the next poll.

        Raises StoreError; DeliveryError when they cannot be read.
        """
        found = [delivered for update in updates if (delivered := _delivered(update))]
        if not found:
            if updates:  # junk without a number, which cannot be confirmed
                raise DeliveryError("Telegram sent updates that cannot be read.")
            return offset
        offset = max(delivered.id for delivered in found) + 1
        await self.store.inbox.take_in(PLATFORM, found, key=OFFSET_KEY, offset=str(offset))
        self._arrived.set()
        return offset

    async def take_one(self, update: object) -> bool:
        """Store an update that Telegram brought; False when it is none. Raises StoreError."""
        delivered = _delivered(update)
        if delivered is None:
            return False
        await self.store.inbox.take_in(PLATFORM, [delivered])
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
                await asyncio.wait(set(running), timeout=self.times.grace_s)
            for task in running:
                task.cancel()

    async def _waiting(self, stop: asyncio.Event) -> list[Delivered]:
        return await self._insist(stop, lambda: self.store.inbox.open(PLATFORM)) or []

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
            await self.handle(json.loads(delivered.raw))
        except StoreError:
            raise
        except Exception as error:  # one update must not stop the others or be repeated for ever
            log.exception("update %d of Telegram could not be handled", delivered.id)
            await self.store.inbox.poison(PLATFORM, delivered.id, type(error).__name__)
            return
        await self.store.inbox.done(PLATFORM, delivered.id)

    async def _insist(self, stop: asyncio.Event, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do it, again and again while the disk refuses; None when `stop` comes first."""
        backoff = Backoff(self.times.retry_s)
        while True:
            try:
                return await work()
            except StoreError as error:
                log.error("an update of Telegram waits for the disk: %s", error)
            await unless(stop, asyncio.sleep(backoff.failed()))
            if stop.is_set():
                return None


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
