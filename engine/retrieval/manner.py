"""Tells by its vector whether a message is courtesy or a complaint that names nothing.

Word lists tell the plain cases in six languages; a vector tells the others, in any language.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from engine.retrieval.calibration import probes
from engine.retrieval.embedder import Embedder, Vectors
from engine.retrieval.vectors import Vector
from engine.types import Manner

#: How much closer a message must be to the examples of one manner than to all others, as cosines
#: of multilingual-e5. Of 427 questions of tests/data/answers/dev.jsonl that are neither, none is
#: taken for vague, and one in a hundred for courtesy.
MARGINS = {Manner.COURTESY: 0.025, Manner.VAGUE: 0.03}


class Manners:
    """The examples of each manner, as vectors."""

    def __init__(self, manners: tuple[Manner, ...], vectors: Vectors) -> None:
        self._manners = np.array(manners)
        self._vectors = vectors

    @classmethod
    async def of(cls, embedder: Embedder) -> Manners:
        """Have the examples read. Raises EmbedderUnavailable."""
        others = tuple((Manner.QUESTION, probe.text) for probe in probes())
        examples = prototypes() + others
        vectors = await embedder.encode([text for _, text in examples], as_questions=True)
        return cls(tuple(manner for manner, _ in examples), vectors)

    def manner_of(self, vector: Vector) -> Manner:
        """The manner of the message with this vector."""
        closeness = self._vectors @ vector
        for manner, margin in MARGINS.items():
            own = self._manners == manner
            if closeness[own].max() - closeness[~own].max() >= margin:
                return manner
        return Manner.QUESTION


@cache
def prototypes() -> tuple[tuple[Manner, str], ...]:
    """Examples of each manner in six languages."""
    lines = Path(__file__).with_name("prototypes.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t", 1) for line in lines)
    return tuple((Manner(manner), text) for manner, text in pairs)
