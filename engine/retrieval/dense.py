"""Scores entries by how close their vectors are to a question's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.retrieval.vectors import Key, Vector, key_of
from engine.types import Document

#: MiniLM reads 256 tokens. Of an answer with more than WHOLE words, windows of WINDOW words are
#: read as well, each starting STEP words after the one before. Chosen by hand.
WHOLE, WINDOW, STEP = 150, 120, 90
MAX_WINDOWS = 40
#: multilingual-e5 reads 512 tokens; what stands further behind says little about an entry.
MAX_CHARS = 1000


def windows(document: Document) -> list[str]:
    """Its question, the whole entry, and windows of a long one."""
    whole = f"{document.question} {document.answer}"
    words = document.answer.split()
    if len(words) <= WHOLE:
        return [document.question, whole]
    starts = range(0, len(words) - WINDOW + STEP, STEP)[:MAX_WINDOWS]
    parts = [" ".join(words[start : start + WINDOW]) for start in starts]
    return [document.question, whole, *(f"{document.question} {part}" for part in parts)]


def beginning(document: Document) -> list[str]:
    """Its question, and the entry up to MAX_CHARS."""
    return [document.question, f"{document.question} {document.answer}"[:MAX_CHARS]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """How one embedder is used: which texts stand for an entry, and what its cosines mean."""

    #: The texts of an entry, its question first.
    passages: Callable[[Document], list[str]]
    #: What the question alone counts beside the question with its answer.
    question_weight: float
    #: Cosines of unrelated and of equal texts: they become 0 and 1.
    spread: tuple[float, float]
    #: Whether its vectors tell courtesy and complaints from questions.
    tells_intents: bool = False

    def texts_of(self, document: Document) -> tuple[list[str], list[str]]:
        """The questions and the passages that stand for an entry. Each other way to ask it is one
        question more, and begins one passage more."""
        question, *passages = self.passages(document)
        others = [self.passages(replace(document, question=other)) for other in document.phrasings]
        return (
            [question, *(other[0] for other in others)],
            [*passages, *(other[1] for other in others)],
        )


#: Weights chosen on tests/data/answers/dev.jsonl, see docs/quality.md.
ENGLISH = Space(passages=windows, question_weight=0.1, spread=(0.0, 1.0))
MULTILINGUAL = Space(
    passages=beginning, question_weight=0.3, spread=(0.75, 0.95), tells_intents=True
)


class DenseIndex:
    """An immutable index of vectors: brute force, a millisecond for thousands of entries."""

    def __init__(
        self, documents: Sequence[Document], vectors: Mapping[Key, Vector], space: Space
    ) -> None:
        texts = [space.texts_of(document) for document in documents]
        self._space = space
        self._questions, self._question_starts = _stacked([own[0] for own in texts], vectors)
        self._entries, self._starts = _stacked([own[1] for own in texts], vectors)

    def scores(self, query: Vector) -> NDArray[np.float32]:
        """For each document, how close it is to the question; 1 for the same text."""
        closest = np.maximum.reduceat(self._entries @ query, self._starts[:-1])
        question = np.maximum.reduceat(self._questions @ query, self._question_starts[:-1])
        weight = self._space.question_weight
        return self._spread(weight * question + (1 - weight) * closest)

    def title_score(self, query: Vector, place: int) -> float:
        """How close the question is to that of the document at `place`, in any of its wordings."""
        start, end = self._question_starts[place : place + 2]
        return float(self._spread(np.asarray((self._questions[start:end] @ query).max())))

    def likeness(self, places: Sequence[int]) -> NDArray[np.float32]:
        """How alike the first of these documents is to each, as the model reads them: cosines."""
        whole = self._entries[self._starts[list(places)]]
        likeness: NDArray[np.float32] = whole @ whole[0]
        return likeness

    def _spread(self, cosines: NDArray[np.floating]) -> NDArray[np.float32]:
        low, high = self._space.spread
        return np.asarray((cosines - low) / (high - low), dtype=np.float32)


def _stacked(
    texts: Sequence[Sequence[str]], vectors: Mapping[Key, Vector]
) -> tuple[Vector, NDArray[np.intp]]:
    """The vectors of all these texts below each other; where those of each document start, and
    the end."""
    stacked = np.stack([vectors[key_of(text)] for own in texts for text in own])
    return stacked, np.cumsum([0, *map(len, texts)])
