"""How likely the entries support a statement: what a Support is, and the one that ships, a
regression over Coverage."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from math import exp
from pathlib import Path
from typing import Protocol

from engine.grounding.coverage import Coverage, coverage, strange_share
from engine.grounding.evidence import Evidence
from engine.grounding.sentence import Sentence

_WEIGHTS = Path(__file__).with_name("weights.json")


#: Share of a statement's words that no entry has, from which on it is about something else, however
#: close the rest comes.
STRANGE = 0.5


class Support(Protocol):
    """Judges how far entries support a statement that contradicts none of them."""

    #: What judges, for people.
    name: str
    #: The probability from which a statement is shown, and from which one of a model is that
    #: cannot be trusted to read: most of what it puts together from the entries is wrong.
    threshold: float
    strict_threshold: float

    def supports(self, evidence: Evidence, said: Sentence) -> float:
        """How likely the entries say what `said` does, from 0 to 1. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Regression:
    """A logistic regression over the fields of Coverage."""

    weights: dict[str, float]
    intercept: float
    threshold: float
    strict_threshold: float

    def probability(self, covered: Coverage) -> float:
        """From 0 to 1."""
        value = self.intercept + sum(
            self.weights.get(field.name, 0.0) * getattr(covered, field.name)
            for field in fields(covered)
        )
        return 1 / (1 + exp(-max(-30.0, min(30.0, value))))


class LexicalSupport:
    """Judges by how much of a statement stands in the entries, and where; no model is read."""

    name = "lexical"

    def __init__(self) -> None:
        self._regression = regression()
        self.threshold = self._regression.threshold
        self.strict_threshold = self._regression.strict_threshold

    def supports(self, evidence: Evidence, said: Sentence) -> float:
        """See Support."""
        if strange_share(said, evidence) >= STRANGE:
            return 0.0
        return self._regression.probability(coverage(said, evidence))


@cache
def regression() -> Regression:
    """The weights that ship: fitted by benchmarks/fit_support.py."""
    kept = json.loads(_WEIGHTS.read_text(encoding="utf-8"))
    return Regression(**{field.name: kept[field.name] for field in fields(Regression)})
