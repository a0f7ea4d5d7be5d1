"""How long to wait before something on the outside is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from bot.adapter import DeliveryError

T = TypeVar("T")

#: Longest wait before a reply to a command is sent again: it is stored nowhere, or it is lost.
MAX_COMMAND_WAIT_S = 30.0


class Backoff:
    """Waits between tries: twice as long after each failure in a row, up to a limit."""

    def __init__(self, seconds: tuple[float, float]) -> None:
        """`seconds`: the first wait and the longest."""
        self._first_s, self._longest_s = seconds
        self._next_s = self._first_s
        self._succeeded_at = monotonic()

    def succeeded(self) -> None:
        """The next failure is the first one again."""
        self._next_s = self._first_s
        self._succeeded_at = monotonic()

    def failed(self, error: Exception | None = None) -> float:
        """The wait before the next try; at least what the platform asked for."""
        asked_s = error.retry_after_s if isinstance(error, DeliveryError) else None
        wait_s = max(self._next_s, asked_s or 0.0)
        self._next_s = min(2 * self._next_s, self._longest_s)
        return wait_s

    @property
    def silent_s(self) -> float:
        """Seconds since the last success, or since the first try."""
        return monotonic() - self._succeeded_at


async def when_allowed(send: Callable[[], Awaitable[T]]) -> T:
    """The result of `send`, which is tried again after each short wait that a platform asks for.

    Raises DeliveryError for everything else.
    """
    while True:
        try:
            return await send()
        except DeliveryError as error:
            wait_s = error.retry_after_s
            if wait_s is None or wait_s > MAX_COMMAND_WAIT_S:
                raise
            await asyncio.sleep(wait_s)
