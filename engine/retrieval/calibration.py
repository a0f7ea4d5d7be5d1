"""Calibrates scores: logistic regressions turn Features into the probability of an answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from engine.retrieval.retrieval import Features
from engine.types import RetrievalMode

WEIGHTS = Path(__file__).with_name("weights.json")


class Claim(StrEnum):
    #: One of the three best entries is about the question.
    COVERED = "covered"
    #: The best entry answers it.
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticRegression:
    """A logistic regression: weights of fields of a dataclass, the intercept, and where to cut."""

    weights: Mapping[str, float]
    intercept: float
    #: The probability from which a claim is taken to be true.
    threshold: float

    def probability(self, features: object) -> float:
        logit = self.intercept + sum(
            weight * getattr(features, name) for name, weight in self.weights.items()
        )
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, logit))))


def likelihood(claim: Claim, mode: RetrievalMode, features: Features) -> float:
    """How likely the claim is true, from 0 to 1, as `make fit` has learnt it."""
    return models()[mode, claim].probability(features)


def threshold(claim: Claim, mode: RetrievalMode) -> float:
    """The likelihood from which the claim is taken to be true."""
    return models()[mode, claim].threshold


@cache
def models() -> Mapping[tuple[RetrievalMode, Claim], LogisticRegression]:
    """The shipped weights. `make fit` writes them; they say on what they were fitted."""
    content = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return {
        (RetrievalMode(mode), Claim(claim)): LogisticRegression(
            weights=model["weights"], intercept=model["intercept"], threshold=model["threshold"]
        )
        for mode, claims in content["models"].items()
        for claim, model in claims.items()
    }
