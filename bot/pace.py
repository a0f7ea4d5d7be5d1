"""Turns to speak on a platform: within its limits, and not while it asked us to wait."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from bot.adapter import DeliveryError
from bot.remembered import remember

#: Longest pause that is waited out here. A longer one is an error: the answer is sent again later.
MAX_PAUSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many turns within any so many seconds; limits with one key count together."""

    key: str
    count: int
    seconds: float


class Pace:
    """First come, first served among the same calls in a conversation; a conversation that must
    wait holds up no other."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.clock = clock
        self._sleep = sleep
        #: Conversation → until when it is left alone.
        self._paused: OrderedDict[str, float] = OrderedDict()
        #: Conversation and keys of limits → a lock, which is handed on in the order of asking.
        self._lines: OrderedDict[tuple[str, ...], asyncio.Lock] = OrderedDict()
        #: Key of a limit → when its turns were.
        self._turns: OrderedDict[str, deque[float]] = OrderedDict()

    def pause(self, conversation: str, seconds: float) -> None:
        """The platform asked to leave this conversation alone for so long."""
        until = max(self._paused.get(conversation, 0.0), self.clock() + seconds)
        remember(self._paused, conversation, until)

    async def turn(
        self, conversation: str, limits: Sequence[Limit], *, patient: bool = True
    ) -> None:
        """Return when something may be sent.

        Raises DeliveryError when the pause is long; without patience, instead of any wait.
        """
        if not patient and (wait := self._wait_s(conversation, limits)) > 0:
            raise DeliveryError("too much is being written", retry_after_s=wait)
        key = (conversation, *(limit.key for limit in limits))
        line = self._lines.get(key) or asyncio.Lock()
        remember(self._lines, key, line)
        async with line:
            while (wait := self._wait_s(conversation, limits)) > 0:
                pause = self._paused.get(conversation, 0.0) - self.clock()
                if pause > MAX_PAUSE_S:
                    raise DeliveryError("the platform asked to wait", retry_after_s=pause)
                await self._sleep(wait)
            for limit in limits:
                turns = self._turns.get(limit.key, deque())
                turns.append(self.clock())
                remember(self._turns, limit.key, turns)

    def _wait_s(self, conversation: str, limits: Sequence[Limit]) -> float:
        now = self.clock()
        until = self._paused.get(conversation, 0.0)
        for limit in limits:
            turns = self._turns.get(limit.key, deque())
            while turns and turns[0] <= now - limit.seconds:
                turns.popleft()
            if len(turns) >= limit.count:
                until = max(until, turns[-limit.count] + limit.seconds)
        return until - now
