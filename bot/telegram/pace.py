"""How fast we may talk to Telegram: overall, to one chat, to one group."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic

from asyncio_throttle import Throttler

from bot.adapter import DeliveryError

#: Somebody who is asked to wait longer than this waits in the outbox, not in here.
MAX_PAUSE_S = 10.0
#: Chats remembered at once.
MAX_CHATS = 10_000


class Pace:
    """Turns to speak, first come, first served. Edits count like messages: Telegram counts them
    so. A chat that is told to wait holds up no other."""

    def __init__(
        self,
        *,
        per_second: int = 25,
        per_chat_s: float = 1.0,
        per_group_minute: int = 18,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._everywhere = Throttler(rate_limit=per_second, period=1.0)
        self._per_chat_s = per_chat_s
        self._per_group_minute = per_group_minute
        self._clock = clock
        self._sleep = sleep
        #: When the last turns of a chat are or were; the last of them may be in the future.
        self._turns: dict[int, deque[float]] = {}
        self._paused: dict[int, float] = {}

    def pause(self, chat: int, seconds: float) -> None:
        """Telegram asked us to leave this chat alone for a while."""
        until = self._clock() + max(0.0, seconds)
        self._paused[chat] = max(until, self._paused.get(chat, 0.0))

    async def turn(self, chat: int) -> None:
        """Return when something may be sent to the chat.

        Raises DeliveryError when Telegram wants us to wait for long.
        """
        at = self._reserve(chat)
        while (wait := max(at, self._paused.get(chat, 0.0)) - self._clock()) > 0:
            pause = self._paused.get(chat, 0.0) - self._clock()
            if pause > MAX_PAUSE_S:
                raise DeliveryError("Telegram asked to wait for this chat.", retry_after_s=pause)
            await self._sleep(wait)
        await self._everywhere.acquire()

    def _reserve(self, chat: int) -> float:
        """The moment of the next free turn of the chat, which is taken by this."""
        now = self._clock()
        turns = self._turns.pop(chat, deque())
        at = max(now, turns[-1] + self._per_chat_s) if turns else now
        if chat < 0 and len(turns) >= self._per_group_minute:
            at = max(at, turns[-self._per_group_minute] + 60.0)
        turns.append(at)
        while len(turns) > self._per_group_minute:
            turns.popleft()
        self._turns[chat] = turns
        if len(self._turns) > MAX_CHATS:
            oldest = next(iter(self._turns))
            del self._turns[oldest]
            self._paused.pop(oldest, None)
        return at
