"""The score that ranks, made of what each way of searching says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.retrieval.scoring import WEIGHTS, Signals, mode_of
from engine.types import RetrievalMode


def scores(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def signals(mode: RetrievalMode) -> Signals:
    return Signals(
        lexical=scores(1.0, 0.5, 0.0),
        english=scores(0.2, 0.8, 0.4)
        if mode in (RetrievalMode.HYBRID, RetrievalMode.ENSEMBLE)
        else None,
        multilingual=scores(0.7, 0.9, 0.8)
        if mode in (RetrievalMode.MULTILINGUAL, RetrievalMode.ENSEMBLE)
        else None,
    )


@pytest.mark.parametrize("mode", RetrievalMode)
def test_the_signals_there_are_name_the_mode(mode: RetrievalMode) -> None:
    own = signals(mode)

    assert own.mode is mode
    assert mode_of(english=own.english is not None, multilingual=own.multilingual is not None) is (
        mode
    )


@pytest.mark.parametrize("mode", RetrievalMode)
def test_what_was_damped_keeps_its_share_of_every_signal_and_of_the_score(
    mode: RetrievalMode,
) -> None:
    own = signals(mode)

    damped = own.damped([1], 0.5)

    assert damped.mode is mode
    assert damped.combined() == pytest.approx(own.combined() * scores(1, 0.5, 1))
    assert damped.lexical.dtype == damped.combined().dtype == np.float32


@pytest.mark.parametrize("mode", RetrievalMode)
def test_damping_changes_nothing_in_what_it_was_made_of(mode: RetrievalMode) -> None:
    own = signals(mode)
    before = own.combined()

    own.damped([0, 1, 2], 0.0)

    assert own.combined().tolist() == before.tolist()


@pytest.mark.parametrize("places", [[], [0, 0, 2]], ids=["none", "one twice"])
def test_damping_none_or_one_twice_counts_once(places: list[int]) -> None:
    damped = signals(RetrievalMode.LEXICAL).damped(places, 0.5)

    assert damped.lexical.tolist() == [0.5 if 0 in places else 1.0, 0.5, 0.0]


@pytest.mark.parametrize("mode", RetrievalMode)
def test_a_share_of_other_signals_is_mixed_into_each(mode: RetrievalMode) -> None:
    own = signals(mode)
    other = own.damped([0, 1, 2], 0.0)

    assert own.mixed(other, 0.25).combined() == pytest.approx(0.75 * own.combined())
    assert own.mixed(other, 0.0).combined() == pytest.approx(own.combined())


def test_signals_of_another_kind_are_left_out_of_the_mixture() -> None:
    own, other = signals(RetrievalMode.ENSEMBLE), signals(RetrievalMode.LEXICAL)

    mixed = own.mixed(other, 0.5)

    assert mixed.mode is RetrievalMode.ENSEMBLE
    assert mixed.english is own.english


def test_no_weight_counts_a_signal_that_is_not_there() -> None:
    for mode, (_, english, multilingual) in WEIGHTS.items():
        assert (english > 0) is (mode in (RetrievalMode.HYBRID, RetrievalMode.ENSEMBLE))
        assert (multilingual > 0) is (mode in (RetrievalMode.MULTILINGUAL, RetrievalMode.ENSEMBLE))
