"""How fast we may talk to Telegram: overall, to one chat, to one group."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from asyncio_throttle import Throttler

from bot.pace import Limit, Pace


class TelegramPace:
    """Keeps to Telegram's limits. Edits count like messages: Telegram counts them so."""

    def __init__(
        self,
        *,
        per_second: int = 25,
        per_chat_s: float = 1.0,
        per_group_minute: int = 18,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pace = Pace(clock=clock, sleep=sleep)
        self._everywhere = Throttler(rate_limit=per_second, period=1.0)
        self._per_chat_s = per_chat_s
        self._per_group_minute = per_group_minute

    async def turn(self, chat: int) -> None:
        limits = [Limit(f"chat {chat}", 1, self._per_chat_s)]
        if chat < 0:
            limits.append(Limit(f"group {chat}", self._per_group_minute, 60.0))
        await self._pace.turn(str(chat), limits)
        await self._everywhere.acquire()

    def pause(self, chat: int, seconds: float) -> None:
        self._pace.pause(str(chat), seconds)
