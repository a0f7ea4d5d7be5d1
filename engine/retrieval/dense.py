"""Scores entries by how close their vectors are to a question's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.retrieval.vectors import Key, Vector, key_of
from engine.types import Document

#: The model reads 256 tokens. Of an answer with more than WHOLE words, windows of WINDOW words are
#: read as well, each starting STEP words after the one before.
WHOLE, WINDOW, STEP = 150, 120, 90
MAX_WINDOWS = 40
#: What the question alone counts beside the question with its answer.
QUESTION_WEIGHT = 0.1


def passages(document: Document) -> list[str]:
    """The texts that stand for a document: its question, the whole entry, windows of a long one."""
    whole = f"{document.question} {document.answer}"
    words = document.answer.split()
    if len(words) <= WHOLE:
        return [document.question, whole]
    starts = range(0, len(words) - WINDOW + STEP, STEP)[:MAX_WINDOWS]
    windows = [" ".join(words[start : start + WINDOW]) for start in starts]
    return [document.question, whole, *(f"{document.question} {window}" for window in windows)]


class DenseIndex:
    """An immutable index of vectors: brute force, a millisecond for thousands of entries."""

    def __init__(self, documents: Sequence[Document], vectors: Mapping[Key, Vector]) -> None:
        keys = [[key_of(text) for text in passages(document)] for document in documents]
        self._questions = np.stack([vectors[own[0]] for own in keys])
        self._entries = np.stack([vectors[key] for own in keys for key in own[1:]])
        self._starts = np.cumsum([0, *(len(own) - 1 for own in keys[:-1])])

    def scores(self, query: Vector) -> NDArray[np.float32]:
        """For each document, how close it is to the question; 1 for the same text."""
        closest = np.maximum.reduceat(self._entries @ query, self._starts)
        scores = QUESTION_WEIGHT * (self._questions @ query) + (1 - QUESTION_WEIGHT) * closest
        return scores.astype(np.float32)
