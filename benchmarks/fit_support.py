"""Fits how likely the entries support a statement: `make fit-support ARGS="--cases CASES.jsonl"`.

The cases are rows as `main.py eval support` reads them, labelled by people. Those of `SEALED` take
no part in the fit. Writes engine/grounding/weights.json and prints, for both parts, what a run of
`eval support` would say is shown at some thresholds, by what was labelled.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from hashlib import sha1
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.support import SupportCase, documents_of, read_cases
from engine.grounding.contradictions import contradiction
from engine.grounding.evidence import Evidence
from engine.grounding.facts import foreign_fact
from engine.grounding.filler import is_talk, trim
from engine.grounding.lead_ins import is_lead_in
from engine.grounding.lexicon import ENGLISH
from engine.grounding.sentence import read
from engine.grounding.splitter import split
from engine.grounding.support import Coverage, coverage
from engine.grounding.units import UnitKind

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "engine" / "grounding" / "weights.json"
NAMES = tuple(field.name for field in fields(Coverage))
#: How much each kind of row counts in the fit, both labels alike.
WEAK = "weak"
KINDS = {"course": 3.0, "qags": 1.0, "wice": 1.0, WEAK: 2.0}
#: Statements that the default model wrote from entries, labelled by reading.
WEAK_FIGURES = ROOT / "tests" / "data" / "support" / "weak_model.csv"
#: Whole domains of SummEdits, and a third of the rest by what they are about.
SEALED_DOMAINS = ("samsum", "scitldr")
FOLDS = 5
#: Weight of the squared weights.
PENALTY = 3.0
_SIGNS: dict[str, tuple[float | None, float | None]] = {
    **{name: (None, 0.0) for name in NAMES if name.startswith("missing")},
    **dict.fromkeys(("length", "echo", "question_gap"), (None, None)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence of an answer, as figures."""

    set: str
    supported: bool
    #: Tells what it is about: statements about the same are fitted to or held out together.
    about: int
    sealed: bool
    covered: Coverage


def is_sealed(case: SupportCase) -> bool:
    """Whether a case is kept out of the fit: chosen before anything was tuned."""
    if case.set == "summedits":
        return case.group.split(",")[0] in SEALED_DOMAINS
    if case.set == "qags" and case.group == "xsum":
        return True
    return _about(case) % 3 == 0


def _about(case: SupportCase) -> int:
    text = case.question if case.set in ("course", "weak") else case.documents[0].text
    return int(sha1(text.encode(), usedforsecurity=False).hexdigest()[:12], 16)


def statements(cases: Sequence[SupportCase]) -> Iterator[Statement]:
    """The sentences of labelled answers that say something about the matter, but for those that go
    whatever the regression says: they are against an entry, or have a fact that none has."""
    for case in cases:
        if case.set not in KINDS or case.supported is None:
            continue
        evidence = Evidence(documents_of(case), case.question)
        for unit in split(case.answer):
            text = trim(unit.text)
            if unit.kind is UnitKind.CODE or is_talk(text) or is_lead_in(unit):
                continue
            said = read(text, ENGLISH)
            if said.empty or foreign_fact(said, evidence):
                continue
            if contradiction(said, evidence, frozenset()):
                continue
            yield Statement(
                set=case.set,
                supported=case.supported,
                about=_about(case),
                sealed=is_sealed(case),
                covered=coverage(said, evidence),
            )


def fit(rows: Sequence[Statement]) -> tuple[NDArray[np.float64], float]:
    """Weights of the fields of Coverage, and the intercept: a logistic regression in which what is
    missing never speaks for a statement, and what is found never against it."""
    from scipy.optimize import minimize

    values = _values(rows)
    labels = np.where([row.supported for row in rows], 1.0, -1.0)
    mean, spread = values.mean(0), values.std(0) + 1e-9
    scaled, weights = (values - mean) / spread, _weights(rows)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = labels * (scaled @ point[1:] + point[0])
        slopes = -weights * labels / (1 + np.exp(margins))
        value = float(weights @ np.logaddexp(0, -margins) + PENALTY / 2 * point[1:] @ point[1:])
        return value, np.append(slopes.sum(), scaled.T @ slopes + PENALTY * point[1:])

    start = np.zeros(len(NAMES) + 1)
    bounds = [(None, None), *(_SIGNS.get(name, (0.0, None)) for name in NAMES)]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    fitted: NDArray[np.float64] = found[1:] / spread
    return fitted, float(found[0] - fitted @ mean)


def _values(rows: Sequence[Statement]) -> NDArray[np.float64]:
    return np.array([astuple(row.covered) for row in rows])


def _weights(rows: Sequence[Statement]) -> NDArray[np.float64]:
    """Each kind as it counts in KINDS, however many rows it has; supported and not alike."""
    kinds = [(row.set, row.supported) for row in rows]
    sizes = Counter(kinds)
    labels = np.array([row.supported for row in rows])
    found = np.array([KINDS[kind[0]] / sizes[kind] for kind in kinds])
    for label in (True, False):
        found[labels == label] /= found[labels == label].sum()
    weights: NDArray[np.float64] = found * len(rows) / 2
    return weights


def cross_validated(rows: Sequence[Statement]) -> NDArray[np.float64]:
    """The probability of each row by a fit to rows about other things."""
    folds = np.array([row.about // 3 % FOLDS for row in rows])
    found = np.zeros(len(rows))
    for fold in range(FOLDS):
        inside, outside = folds == fold, folds != fold
        weights, intercept = fit([row for row, out in zip(rows, outside, strict=True) if out])
        held = _values([row for row, held in zip(rows, inside, strict=True) if held])
        found[inside] = _probability(held, weights, intercept)
    return found


def _probability(
    values: NDArray[np.float64], weights: NDArray[np.float64], intercept: float
) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = 1 / (1 + np.exp(-(values @ weights + intercept)))
    return probability


def report(rows: Sequence[Statement], probabilities: NDArray[np.float64]) -> str:
    """How well supported and unsupported rows are told apart, by kind."""
    from sklearn.metrics import roc_auc_score

    lines = []
    for kind in KINDS:
        chosen = np.array([row.set == kind for row in rows])
        labels = np.array([row.supported for row in rows])[chosen]
        if len(set(labels)) < 2:
            continue
        held = probabilities[chosen]
        lines.append(f"{kind:<8} n {len(labels):>5}  AUROC {roc_auc_score(labels, held):.3f}")
        for threshold in (0.4, 0.5, 0.6, 0.7):
            true, false = (held[labels] >= threshold).mean(), (held[~labels] >= threshold).mean()
            lines.append(f"    from {threshold:.1f}: supported {true:.3f}, unsupported {false:.3f}")
    return "\n".join(lines)


def keep_weak(rows: Sequence[Statement]) -> None:
    """Keep the figures of a small model's statements: the texts are made of entries that are not
    part of this repository."""
    with WEAK_FIGURES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["supported", "about", *NAMES])
        for row in rows:
            figures = [round(value, 4) for value in astuple(row.covered)]
            writer.writerow([int(row.supported), row.about, *figures])


def kept_weak() -> list[Statement]:
    """The statements that `keep_weak` kept."""
    with WEAK_FIGURES.open(encoding="utf-8", newline="") as file:
        return [
            Statement(
                set=WEAK,
                supported=row["supported"] == "1",
                about=int(row["about"]),
                sealed=int(row["about"]) % 3 == 0,
                covered=Coverage(**{name: float(row[name]) for name in NAMES}),
            )
            for row in csv.DictReader(file)
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, nargs="+")
    parser.add_argument("--threshold", type=float, default=0.37)
    parser.add_argument("--strict-threshold", type=float, default=0.65)
    parser.add_argument("--sealed", action="store_true", help="show the sealed part, too")
    arguments = parser.parse_args()
    rows = list(statements([case for path in arguments.cases for case in read_cases(path)]))
    if any(row.set == WEAK for row in rows):
        keep_weak([row for row in rows if row.set == WEAK])
    else:
        rows += kept_weak()
    own = [row for row in rows if not row.sealed]
    others = [row for row in rows if row.sealed]
    print("By a fit to the other folds:\n" + report(own, cross_validated(own)))
    weights, intercept = fit(own)
    if arguments.sealed:
        print("Sealed:\n" + report(others, _probability(_values(others), weights, intercept)))
    rounded = {name: round(float(weight), 4) for name, weight in zip(NAMES, weights, strict=True)}
    kept = {
        "fitted_on": f"{len(own)} statements of labelled answers. By `make fit-support`.",
        "weights": rounded,
        "intercept": round(intercept, 4),
        "threshold": arguments.threshold,
        "strict_threshold": arguments.strict_threshold,
    }
    WEIGHTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"Written: {WEIGHTS}")


if __name__ == "__main__":
    main()
