"""How much the truth check shows of answers is measured by set, group and support."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.evaluation.record import Record
from engine.evaluation.support import (
    Passage,
    Shown,
    SupportCase,
    SupportReport,
    evaluate_support,
    read_cases,
    shown_of,
)
from engine.grounding.support import LexicalSupport

ENTRY = Passage(
    question="Can I still join after the course has started?",
    text="Yes, you can join at any time. Watch the deadlines of the homework.",
)
TRUE = "You can join at any time."
FALSE = "The certificate costs 300 euros."
LEXICAL = LexicalSupport()


def case(answer: str, *, group: str = "g", supported: bool | None = True) -> SupportCase:
    return SupportCase(
        set="s",
        group=group,
        documents=(ENTRY,),
        question=ENTRY.question,
        answer=answer,
        supported=supported,
    )


async def report_of(path: Path, *cases: SupportCase) -> SupportReport:
    with Record(path / "r.jsonl", "k", Shown, total=len(cases), say=print) as record:
        return await evaluate_support(cases, record, lambda *_: None, LEXICAL)


def test_an_answer_is_shown_whole_in_part_or_not_at_all() -> None:
    assert shown_of(case(TRUE), LEXICAL) == Shown(whole=True, nothing=False, characters=1.0)
    assert shown_of(case(FALSE), LEXICAL) == Shown(whole=False, nothing=True, characters=0.0)

    part = shown_of(case(f"{TRUE}\n{FALSE}"), LEXICAL)

    assert not part.whole
    assert not part.nothing
    assert part.characters == pytest.approx(len(TRUE) / len(f"{TRUE} {FALSE}"))


def test_nothing_can_be_shown_without_documents() -> None:
    bare = SupportCase(set="s", group="g", documents=(), question="", answer=TRUE, supported=None)

    assert shown_of(bare, LEXICAL).nothing


async def test_figures_are_kept_apart_by_set_group_and_support(tmp_path: Path) -> None:
    report = await report_of(
        tmp_path,
        case(TRUE),
        case(FALSE),
        case(FALSE, supported=False),
        case(TRUE, supported=None),
        case(TRUE, group="other"),
    )

    assert [(g.group, g.supported, g.n, g.whole, g.nothing) for g in report.groups] == [
        ("g", True, 2, 0.5, 0.5),
        ("g", False, 1, 0.0, 1.0),
        ("g", None, 1, 1.0, 0.0),
        ("other", True, 1, 1.0, 0.0),
    ]
    assert report.groups[0].characters == 0.5
    assert report.table().splitlines()[:4] == [
        "set  group  supported   n  whole  nothing  characters",
        "s    g      yes         2  0.500    0.500       0.500",
        "s    g      no          1  0.000    1.000       0.000",
        "s    g      not judged  1  1.000    0.000       1.000",
    ]


async def test_the_figures_name_who_checked(tmp_path: Path) -> None:
    report = await report_of(tmp_path, case(TRUE))

    assert report.support == "lexical"
    assert report.table().endswith("\n\nstatements checked by: lexical")


def row(**other: object) -> str:
    whole = {
        "set": "s",
        "group": "g",
        "documents": [{"question": ENTRY.question, "text": ENTRY.text}],
        "question": ENTRY.question,
        "answer": TRUE,
        "supported": True,
    }
    return json.dumps(whole | other)


def test_cases_are_read(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(f"{row()}\n{row(supported=None)}\n")

    assert read_cases(file) == [case(TRUE), case(TRUE, supported=None)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (row(supported="yes"), "line 1: “supported” cannot be used"),
        (row(documents=[{"question": "?"}]), "line 1: “documents.0.text” is missing"),
        (f"{row()}\n{row(answer=' ')}", "the answer of row 2 is empty"),
    ],
    ids=range(3),
)
def test_a_case_that_cannot_be_used_is_named(tmp_path: Path, content: str, reason: str) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(content)

    with pytest.raises(EngineError, match=reason):
        read_cases(file)
