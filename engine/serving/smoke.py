"""One question that a freshly loaded model must answer before people meet it."""

from __future__ import annotations

from engine.errors import EngineCrashed, GenerationError, ModelLoadError
from engine.generation import GenerationRequest
from engine.serving.connection import EngineConnection
from engine.types import Document

_REQUEST = GenerationRequest(
    id="smoke",
    question="Can I join late?",
    documents=(
        Document(
            id="smoke",
            course="",
            section="General",
            question="Can I join the course after it has started?",
            answer="Yes, you can join at any time.",
        ),
    ),
    max_new_tokens=16,
)


async def try_out(connection: EngineConnection, *, stall_s: float) -> None:
    """Ask the model. Raises ModelLoadError when it writes nothing, EngineCrashed when it ends."""
    try:
        generation = await connection.generate(_REQUEST, lambda _: None, stall_s=stall_s)
    except EngineCrashed:
        raise
    except GenerationError as error:
        raise ModelLoadError(
            f"{connection.entry.alias} was loaded but failed on a first question: {error}"
        ) from error
    if not generation.text:
        raise ModelLoadError(
            f"{connection.entry.alias} was loaded but wrote nothing on a first question; "
            "its weights or its entry in the catalogue are wrong."
        )
