"""What a search knows of each entry, and the one score made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.retrieval.lexical import Scores
from engine.types import RetrievalMode

#: What each signal counts, by the signals there are. Chosen on tests/data/answers/dev.jsonl and
#: the 193 questions over the sample FAQ, and held against 2,316 questions that a model wrote:
#: docs/quality.md, "A better first choice".
WEIGHTS = {
    RetrievalMode.LEXICAL: (1.0, 0.0, 0.0),
    RetrievalMode.HYBRID: (0.4, 1.0, 0.0),
    RetrievalMode.MULTILINGUAL: (0.25, 0.0, 1.0),
    RetrievalMode.ENSEMBLE: (0.4, 0.6, 0.7),
}


def mode_of(*, english: bool, multilingual: bool) -> RetrievalMode:
    """The name of words with these vectors beside them."""
    if english:
        return RetrievalMode.ENSEMBLE if multilingual else RetrievalMode.HYBRID
    return RetrievalMode.MULTILINGUAL if multilingual else RetrievalMode.LEXICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """One score for each document, in their order, from each way of searching."""

    lexical: Scores
    #: None where it was not asked: float32, as many as there are documents.
    english: Scores | None = None
    multilingual: Scores | None = None

    @property
    def mode(self) -> RetrievalMode:
        return mode_of(english=self.english is not None, multilingual=self.multilingual is not None)

    def combined(self) -> Scores:
        """The score that ranks."""
        weights = WEIGHTS[self.mode]
        total: Scores = weights[0] * self.lexical
        for weight, scores in zip(weights[1:], (self.english, self.multilingual), strict=True):
            if scores is not None:
                total = total + weight * scores
        return total.astype(np.float32)

    def damped(self, places: Sequence[int], share: float) -> Signals:
        """These, of which the documents at `places` keep `share`."""

        def damp(own: Scores, _: Scores) -> Scores:
            kept = own.copy()
            kept[list(places)] *= share
            return kept

        return self._each(self, damp)

    def mixed(self, other: Signals, share: float) -> Signals:
        """These with `share` of `other` mixed in; both from the same ways of searching."""
        return self._each(
            other,
            lambda ours, theirs: ((1 - share) * ours + share * theirs).astype(np.float32),
        )

    def _each(self, other: Signals, change: Callable[[Scores, Scores], Scores]) -> Signals:
        def changed(ours: Scores | None, theirs: Scores | None) -> Scores | None:
            return ours if ours is None or theirs is None else change(ours, theirs)

        return Signals(
            lexical=change(self.lexical, other.lexical),
            english=changed(self.english, other.english),
            multilingual=changed(self.multilingual, other.multilingual),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """One figure for each signal and for the score made of them; 0 where there is no signal."""

    combined: float = 0.0
    lexical: float = 0.0
    english: float = 0.0
    multilingual: float = 0.0

    @classmethod
    def of(cls, signals: Signals, level: Callable[[NDArray[np.float32]], float]) -> Levels:
        """`level` of the scores of each signal that is there."""
        scores = {"combined": signals.combined(), "lexical": signals.lexical}
        for name in ("english", "multilingual"):
            own = getattr(signals, name)
            if own is not None:
                scores[name] = own
        return cls(**{name: float(level(own)) for name, own in scores.items()})

    def damped(self, border: Levels, share: float) -> Levels:
        """What of each figure is above its border counts by `share` only."""
        values = {}
        for field in fields(self):
            own, limit = getattr(self, field.name), getattr(border, field.name)
            values[field.name] = min(own, limit + share * max(0.0, own - limit))
        return Levels(**values)

    @classmethod
    def mean(cls, levels: list[Levels]) -> Levels:
        return cls(
            **{
                field.name: float(np.mean([getattr(one, field.name) for one in levels]))
                for field in fields(cls)
            }
        )
