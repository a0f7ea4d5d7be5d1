"""What ships is what `make fit` makes of the evidence that is kept beside it."""

from __future__ import annotations

import json

import pytest

from benchmarks.fit import fit_all, read_cases, write_cases
from engine.retrieval.calibration import WEIGHTS


def rounded(value: object) -> object:
    match value:
        case dict():
            return {name: rounded(own) for name, own in value.items()}
        case float():
            return pytest.approx(value, abs=1e-3)
        case _:
            return value


def test_the_shipped_weights_are_fitted_to_the_shipped_evidence() -> None:
    shipped = json.loads(WEIGHTS.read_text(encoding="utf-8"))

    assert fit_all(read_cases()) == rounded(shipped)


def test_cases_survive_being_written(tmp_path) -> None:  # type: ignore[no-untyped-def]
    cases = read_cases()[:20]

    write_cases(cases, tmp_path / "evidence.csv")

    assert read_cases(tmp_path / "evidence.csv") == cases
