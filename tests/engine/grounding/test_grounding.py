"""What a model says is shown as far as the entries say it, whole or while it is written."""

from __future__ import annotations

import pytest

from tests.engine.grounding.faq_cases import CASES, check
from tests.engine.grounding.grounding_cases import Case, shown

#: Of the faithful cases; what falls short is listed by benchmarks/grounding.py.
LEAST_KEPT = 0.9
#: Invented, and shown all the same: they put words of two sentences together, or cut what is untrue
#: from what is true. Nothing else may be, and none of these need be.
KNOWN_TO_LEAK = (
    "You can submit a project to get a certificate, but you must also submit the homework.",
    "To remove the stopped containers, run:",
    "Each review takes three weeks.",
    "Yes, you must attend the office hours every Wednesday.",
    "Commit the `.env` file.",
    "The GPU server is free of charge.",
    "Yes, the lectures and the homework are free of charge.",
    "The default password is postgres.",
    "Restart Grafana every 5 minutes.",
)


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if not c.faithful and not c.says.startswith(KNOWN_TO_LEAK)],
    ids=lambda case: case.name,
)
def test_nothing_invented_is_shown(case: Case) -> None:
    grounded = shown(case)

    assert grounded.text == "", case.why
    assert grounded.document_ids == ()


def test_most_of_what_is_faithful_is_shown() -> None:
    faithful = [case for case in CASES if case.faithful]

    kept = [case for case in faithful if shown(case).text == case.becomes]

    assert len(kept) >= LEAST_KEPT * len(faithful)


def test_the_entry_of_what_is_shown_is_named() -> None:
    grounded = check("A T4 has 16 GiB of memory. Use Python 3.11.", "python", "gpu", "late")

    assert grounded.text == "A T4 has 16 GiB of memory. Use Python 3.11."
    assert set(grounded.document_ids) == {"gpu", "python"}


def test_the_entry_used_most_comes_first() -> None:
    grounded = check(
        "Use Python 3.11. Reviews are anonymous. You have seven days.", "python", "review"
    )

    assert grounded.document_ids == ("review", "python")


def test_the_invented_is_cut_out_of_the_middle() -> None:
    grounded = check(
        "Restart the kernel afterwards. This costs 5 euros. However, do not delete the folder "
        "while a model is loading.",
        "hfhome",
    )

    assert grounded.text == (
        "Restart the kernel afterwards. Do not delete the folder while a model is loading."
    )
    assert grounded.dropped == ("This costs 5 euros.",)
    assert len(grounded.reasons) == 1
