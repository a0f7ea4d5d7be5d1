"""The shipped regressions tell probabilities, for every way of searching."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.retrieval.calibration import (
    WEIGHTS,
    Claim,
    LogisticRegression,
    likelihood,
    models,
    threshold,
)
from engine.retrieval.retrieval import Features
from engine.types import RetrievalMode

EVERY = [(claim, mode) for claim in Claim for mode in RetrievalMode]
NAMES = [field.name for field in fields(Features)]
#: A question of four words that shares half of them with an entry, as far as anything is known.
MIDDLING = Features(**dict.fromkeys(NAMES, 0.5) | {"length": 1.6})
over_all = st.floats(-2, 2)


@pytest.mark.parametrize(("claim", "mode"), EVERY)
def test_every_claim_has_weights_in_every_mode(claim: Claim, mode: RetrievalMode) -> None:
    model = models()[mode, claim]

    assert set(model.weights) <= set(NAMES)
    assert model.weights
    assert 0 < threshold(claim, mode) < 1


def test_nothing_but_the_known_modes_and_claims_is_shipped() -> None:
    content = json.loads(WEIGHTS.read_text(encoding="utf-8"))

    assert set(content["models"]) == {mode.value for mode in RetrievalMode}
    assert {claim for own in content["models"].values() for claim in own} == {
        claim.value for claim in Claim
    }
    assert content["fitted_on"]


@pytest.mark.parametrize("mode", list(RetrievalMode))
def test_weights_of_signals_that_are_not_there_are_not_shipped(mode: RetrievalMode) -> None:
    absent = {
        RetrievalMode.LEXICAL: ("_english", "_multilingual", "title"),
        RetrievalMode.HYBRID: ("_multilingual",),
        RetrievalMode.MULTILINGUAL: ("_english",),
        RetrievalMode.ENSEMBLE: (),
    }[mode]

    names = {name for claim in Claim for name in models()[mode, claim].weights}

    assert [name for name in names if name.endswith(absent) and name not in WORDS] == []


#: These are told by the words alone, whatever else there is.
WORDS = {"in_title", "title_coverage"}


@pytest.mark.parametrize(("claim", "mode"), EVERY)
def test_the_further_above_the_floor_the_likelier(claim: Claim, mode: RetrievalMode) -> None:
    """All signals of a question rise together: each alone may weigh against another."""
    signals = [name for name in NAMES if name.startswith("over")]
    steps = [replace(MIDDLING, **dict.fromkeys(signals, over)) for over in (-0.5, 0, 0.2, 0.5, 1.0)]

    likely = [likelihood(claim, mode, features) for features in steps]

    assert all(0 <= one <= 1 for one in likely)
    if (claim, mode) != (Claim.ANSWERED, RetrievalMode.LEXICAL):
        assert all(one < other for one, other in pairwise(likely))


@pytest.mark.parametrize("mode", list(RetrievalMode))
def test_the_further_ahead_of_the_next_entry_the_likelier_it_answers(mode: RetrievalMode) -> None:
    gaps = [name for name in NAMES if name.startswith("gap")]
    steps = [replace(MIDDLING, **dict.fromkeys(gaps, gap)) for gap in (0, 0.1, 0.3, 1.0)]

    likely = [likelihood(Claim.ANSWERED, mode, features) for features in steps]

    assert all(one < other for one, other in pairwise(likely))


@given(st.fixed_dictionaries({name: st.floats(-1e6, 1e6) for name in NAMES}))
def test_whatever_is_known_the_likelihood_lies_between_0_and_1(known: dict[str, float]) -> None:
    for claim, mode in EVERY:
        assert 0 <= likelihood(claim, mode, Features(**known)) <= 1


def test_a_regression_is_logistic() -> None:
    model = LogisticRegression(weights={"over": 2.0, "gap": -1.0}, intercept=0.5, threshold=0.5)
    features = replace(MIDDLING, over=1.0, gap=2.5)

    assert model.probability(features) == pytest.approx(0.5)
    assert model.probability(replace(features, over=2.0)) == pytest.approx(0.880797, abs=1e-6)
