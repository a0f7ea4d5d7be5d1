"""Lets so many in at a time, strictly in the order in which they come, or one alone."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class AdmissionGate:
    """Who stands before the engine process. Nobody overtakes, not even where there is room."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._inside = 0
        self._closed = False
        self._waiting: deque[tuple[asyncio.Future[None], bool]] = deque()

    @property
    def num_inside(self) -> int:
        """How many are with the process."""
        return self._inside

    @property
    def num_waiting(self) -> int:
        """How many stand before it."""
        return sum(not turn.done() for turn, _ in self._waiting)

    def resize(self, places: int) -> None:
        """From now on so many may be inside."""
        self._places = places
        self._let_in()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Be inside with others."""
        await self._enter(alone=False)
        try:
            yield
        finally:
            self._leave()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Be inside with nobody else: those inside leave first, those who come later wait."""
        await self._enter(alone=True)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, *, alone: bool) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, alone))
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._let_in()
            else:  # let in at the moment it gave up
                self._leave()
            raise

    def _leave(self) -> None:
        self._inside -= 1
        self._closed = False
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            turn, alone = self._waiting[0]
            if not turn.done():
                full = self._inside > 0 if alone else self._inside >= self._places
                if self._closed or full:
                    return
                self._inside += 1
                self._closed = alone
                turn.set_result(None)
            self._waiting.popleft()
