"""Pauses background work, such as making vectors, while a question is being answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds that a turn waits at most, so that the work gets on even if questions never stop.
MAX_WAIT_S = 3.0


class Background:
    """Gives background work a turn before each piece, and none while an answer holds it back."""

    def __init__(self) -> None:
        self._holding = 0
        self._free = asyncio.Event()
        self._free.set()

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Give no turn, or few, while the block lasts."""
        self._holding += 1
        self._free.clear()
        try:
            yield
        finally:
            self._holding -= 1
            if self._holding == 0:
                self._free.set()

    async def turn(self) -> None:
        """Return when no question is being answered, or after the longest wait."""
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                await self._free.wait()
        except TimeoutError:
            return
