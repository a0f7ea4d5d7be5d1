"""Admits a limited number at a time, in order of arrival, or one alone."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal, Protocol


class Admission(Protocol):
    """Grants a question its place in the engine: until then it waits, from then on it is written.

    All that the model is asked for one question shares that place.
    """

    @property
    def num_places(self) -> int:
        """How many questions the model that serves works on at once."""

    async def acquire(self) -> Literal[True]:
        """Return with a place as soon as there is one. Cancelled, it takes none."""

    def release(self) -> None:
        """Give a place back."""


class AdmissionGate:
    """So many places, or any number, and a way to be inside alone; implements Admission.

    Admits strictly in order of arrival, even where a later one would fit.
    """

    def __init__(self, places: int | None = None) -> None:
        self._places = places
        self._inside = 0
        self._closed = False
        self._waiting: deque[tuple[asyncio.Future[None], bool]] = deque()

    @property
    def num_places(self) -> int:
        """How many may be inside at once; where any number may, those that are."""
        return self._inside if self._places is None else self._places

    @property
    def num_inside(self) -> int:
        return self._inside

    def resize(self, places: int) -> None:
        """From now on so many may be inside."""
        self._places = places
        self._admit()

    async def acquire(self, *, alone: bool = False) -> Literal[True]:
        """Return with a place, or with the only one. Cancelled, it takes none."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, alone))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._admit()
            else:  # let in at the moment it gave up
                self.release()
            raise
        return True

    def release(self) -> None:
        self._inside -= 1
        self._closed = False
        self._admit()

    def shared(self) -> AbstractAsyncContextManager[None]:
        """Be inside with others."""
        return self._visit(alone=False)

    def exclusive(self) -> AbstractAsyncContextManager[None]:
        """Be inside with nobody else: those inside leave first, those who come later wait."""
        return self._visit(alone=True)

    @asynccontextmanager
    async def _visit(self, *, alone: bool) -> AsyncIterator[None]:
        await self.acquire(alone=alone)
        try:
            yield
        finally:
            self.release()

    def _admit(self) -> None:
        while self._waiting:
            turn, alone = self._waiting[0]
            if not turn.done():
                most = 1 if alone else self._places
                if self._closed or (most is not None and self._inside >= most):
                    return
                self._inside += 1
                self._closed = alone
                turn.set_result(None)
            self._waiting.popleft()
