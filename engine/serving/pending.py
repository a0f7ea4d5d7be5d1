"""The questions that one engine process works on, each with what the process says about it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from engine.protocol import FromEngine
from engine.types import OnPiece, Piece

#: What the process says about one question; None once it has ended.
Messages = asyncio.Queue[FromEngine | None]


class PendingRequests:
    """In the bot's process. Not for several threads."""

    def __init__(self) -> None:
        self._messages: dict[str, Messages] = {}
        self._numbers = itertools.count(1)
        self._over = asyncio.Event()
        self._over.set()
        #: Whether there were several when the process ended.
        self.ended_together = False

    @contextmanager
    def one(self) -> Iterator[tuple[str, Messages]]:
        """A question's number and messages, until the caller has heard enough."""
        # Number each attempt: one that is repeated must not get messages of the one before.
        number = str(next(self._numbers))
        messages = self._messages[number] = Messages()
        self._over.clear()
        try:
            yield number, messages
        finally:
            del self._messages[number]
            if not self._messages:
                self._over.set()

    def hand_out(self, number: str, message: FromEngine) -> None:
        """Tell whoever waits for it, if anyone still does."""
        messages = self._messages.get(number)
        if messages is not None:
            messages.put_nowait(message)

    def end(self) -> None:
        self.ended_together = len(self._messages) > 1
        for messages in self._messages.values():
            messages.put_nowait(None)

    async def over(self) -> None:
        """Return once there is none."""
        await self._over.wait()


class Resumed:
    """Passes text on; when the answer begins again, only what goes beyond what was shown."""

    def __init__(self, on_piece: OnPiece) -> None:
        self._on_piece = on_piece
        self._shown = 0
        self._come = 0

    def begin_again(self) -> None:
        """The text comes once more from its beginning."""
        self._come = 0

    def __call__(self, piece: Piece) -> None:
        self._come += len(piece)
        new = self._come - self._shown
        if new > 0:
            self._shown = self._come
            self._on_piece(Piece(piece[-new:]))
