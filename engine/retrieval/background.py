"""Lets work that nobody waits for stand back while somebody is being answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds that a turn waits at most: where there is always somebody, the work gets on all the same.
MAX_WAIT_S = 3.0


class Background:
    """Who works in the background asks for a turn before each piece; who answers, holds it back."""

    def __init__(self) -> None:
        self._holding = 0
        self._free = asyncio.Event()
        self._free.set()

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """While this lasts, no turn is given, or few."""
        self._holding += 1
        self._free.clear()
        try:
            yield
        finally:
            self._holding -= 1
            if self._holding == 0:
                self._free.set()

    async def turn(self) -> None:
        """Return when nobody is being answered, or it took too long."""
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                await self._free.wait()
        except TimeoutError:
            return
