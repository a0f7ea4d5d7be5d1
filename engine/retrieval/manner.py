"""Tells by its vector whether a message is courtesy or a complaint that names nothing.

Word lists tell the plain cases in six languages; a vector tells the others, in any language.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from engine.retrieval.calibration import probes
from engine.retrieval.embedder import Vectors
from engine.retrieval.vectors import Key, Vector, key_of
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
    def of(cls, vectors: Mapping[Key, Vector]) -> Manners:
        """Those of `examples`, by the vectors of their texts, read as questions."""
        found = examples()
        own = np.stack([vectors[key_of(text)] for _, text in found])
        return cls(tuple(manner for manner, _ in found), own)

    def manner_of(self, vector: Vector) -> Manner:
        """The manner of the message with this vector."""
        closeness = self._vectors @ vector
        for manner, margin in MARGINS.items():
            own = self._manners == manner
            if closeness[own].max() - closeness[~own].max() >= margin:
                return manner
        return Manner.QUESTION


def examples() -> tuple[tuple[Manner, str], ...]:
    """Messages of each manner; the probes are questions like any."""
    return prototypes() + tuple((Manner.QUESTION, probe.text) for probe in probes())


@cache
def prototypes() -> tuple[tuple[Manner, str], ...]:
    """Examples of each manner in six languages."""
    lines = Path(__file__).with_name("prototypes.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t", 1) for line in lines)
    return tuple((Manner(manner), text) for manner, text in pairs)
