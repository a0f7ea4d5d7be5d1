"""Classifies the intent of a message by its vector: a question, courtesy, or a complaint that names
nothing.

Word lists find the plain cases in six languages; the closest examples find the others, in any
language.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from engine.retrieval.embedder import Vectors
from engine.retrieval.retrieval import Intent
from engine.retrieval.score_floor import probes
from engine.retrieval.vectors import Key, Vector, key_of

#: How much closer a message must be to the examples of one intent than to all others, as cosines
#: of multilingual-e5. Of 427 questions of tests/data/answers/dev.jsonl that are neither, none is
#: taken for vague, and one in a hundred for courtesy.
MARGINS = {Intent.COURTESY: 0.025, Intent.VAGUE: 0.03}


class IntentClassifier:
    """The examples of each intent, as vectors."""

    def __init__(self, intents: tuple[Intent, ...], vectors: Vectors) -> None:
        self._intents = np.array(intents)
        self._vectors = vectors

    @classmethod
    def of(cls, vectors: Mapping[Key, Vector]) -> IntentClassifier:
        """Those of `examples`, by the vectors of their texts, read as questions."""
        found = examples()
        own = np.stack([vectors[key_of(text)] for _, text in found])
        return cls(tuple(intent for intent, _ in found), own)

    def intent_of(self, vector: Vector) -> Intent:
        closeness = self._vectors @ vector
        for intent, margin in MARGINS.items():
            own = self._intents == intent
            if closeness[own].max() - closeness[~own].max() >= margin:
                return intent
        return Intent.QUESTION


def examples() -> tuple[tuple[Intent, str], ...]:
    """Messages of each intent; the probes are questions like any."""
    return prototypes() + tuple((Intent.QUESTION, probe.text) for probe in probes())


@cache
def prototypes() -> tuple[tuple[Intent, str], ...]:
    """Examples of each intent in six languages."""
    lines = Path(__file__).with_name("prototypes.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t", 1) for line in lines)
    return tuple((Intent(intent), text) for intent, text in pairs)
