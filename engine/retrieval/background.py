"""Pauses background work, such as making vectors, while a question is being answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds that a turn waits at most, so that the work gets on even if questions never stop.
MAX_WAIT_S = 3.0


class Background:
    """Lets background work go on piece by piece, and pauses it while a question is answered."""

    def __init__(self) -> None:
        self._holding = 0
        self._free = asyncio.Event()
        self._free.set()

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Pause the background work while the block runs."""
        self._holding += 1
        self._free.clear()
        try:
            yield
        finally:
            self._holding -= 1
            if self._holding == 0:
                self._free.set()

    async def turn(self) -> None:
        """Wait until no question is being answered, but not longer than MAX_WAIT_S."""
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                await self._free.wait()
        except TimeoutError:
            return
