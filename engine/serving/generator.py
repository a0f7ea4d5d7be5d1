"""The seam to whatever writes text: the engine process, a remote server, or a script in tests."""

from __future__ import annotations

from typing import Protocol

from engine.protocol import Generation, GenerationRequest
from engine.serving.status import EngineStatus
from engine.types import OnPiece


class Generator(Protocol):
    """Writes an answer from FAQ entries.

    One call at a time may be slow, but callers may start several: the implementation
    orders or batches them.
    """

    async def generate(self, request: GenerationRequest, on_piece: OnPiece) -> Generation:
        """Write the answer for `request`.

        `on_piece` gets each new piece of text as it is produced, on the event loop.
        Cancelling the awaiting task stops the generation and frees its place.

        Raises GenerationError (EngineDown, EngineCrashed, OutOfMemory, GenerationTimeout).
        """

    def status(self) -> EngineStatus:
        """What the engine is doing now; never blocks."""
