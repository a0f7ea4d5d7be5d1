"""Files as people write them, in many styles, give the questions they hold and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from engine.corpus.entry import Entry
from engine.corpus.files import Reading, read_source
from engine.corpus.formats.parsers import PARSERS
from engine.corpus.formats.topics import without_topics
from engine.corpus.listing import list_files
from engine.errors import CorpusError, NotAnFaq

FOLDER = Path(__file__).parents[3] / "data" / "faq_formats" / "prose"
TRUTH: dict[str, list[str]] = {
    name: questions
    for listed in ("truth.yaml", "truth-after.yaml")
    for name, questions in yaml.safe_load((FOLDER / listed).read_text(encoding="utf-8")).items()
}


def entries(path: Path) -> tuple[Entry, ...]:
    parsed = PARSERS[path.suffix](path.read_bytes(), 1_000_000)
    return without_topics(parsed, path).entries


def answer(name: str, question: str) -> str:
    return next(each.answer for each in entries(FOLDER / name) if each.question == question)


def test_every_file_is_counted() -> None:
    files = {path.name for path in FOLDER.iterdir() if not path.name.startswith("truth")}

    assert files == set(TRUTH)


@pytest.mark.parametrize("name", [name for name, questions in TRUTH.items() if questions])
def test_all_questions_are_read_and_nothing_else(name: str) -> None:
    assert [entry.question for entry in entries(FOLDER / name)] == TRUTH[name]


@pytest.mark.parametrize("name", [name for name, questions in TRUTH.items() if not questions])
def test_a_text_that_is_no_faq_is_told_what_to_do(name: str) -> None:
    with pytest.raises(NotAnFaq, match="end it with “\\?”"):
        entries(FOLDER / name)


def test_all_files_together_make_no_problem() -> None:
    reading = read_source(FOLDER, list_files(FOLDER), Reading(), 1_000_000)

    shown = [p for p in reading.problems if "truth" not in p.source]
    assert shown == []


@pytest.mark.parametrize(
    ("name", "question", "expected"),
    [
        (
            "evening-school.md",
            "Can I join late?",
            "Yes. Lessons are recorded, so you can catch up:\n\n"
            "1. Watch the first two recordings.\n2. Hand in the first task.\n\n"
            "```bash\n# not a heading\n"
            "git clone https://example.org/school.git\n```",
        ),
        ("evening-school.md", "Is it free?", "Yes, for members."),
        (
            "evening-school.md",
            "What happens if I miss a deadline?",
            "You lose the points of that week.\n\n#### Illness\n\n"
            "Send us a note and you get another week.",
        ),
        (
            "cluster.md",
            "Why is my job pending?",
            "Ask the queue:\n\n    squeue --me\n\n**Short jobs**\n\nUse the partition `short`.",
        ),
        (
            "boat-club.txt",
            "Can I bring guests?",
            "Yes, two at a time.\n\nPlease enter them in the book.",
        ),
        ("swimming.md", "What should I bring?", "A towel.\nA padlock for the locker."),
        ("parking.md", "Are there chargers?", "Two, next to the gate | code 17."),
        ("labelled.md", "Is there a lift?", "No, but we can change rooms."),
        ("prices.mdx", "Can I pay monthly?", "Yes, from the second month."),
        (
            "telescope.rst",
            "How do I balance the tube?",
            "Loosen the clamps, then move it until it stays:\n\n```\nunlock\nslide\nlock\n```\n\n"
            "See also [the manual](https://example.org/manual) and `balance.py`.",
        ),
        (
            "solver.rst",
            "Why is it slow?",
            "Large models need a warm start.\n\n```python\n# once\nsolver.warm_start()\n```",
        ),
        (
            "many-tops.md",
            "How do I leave?",
            "Use the door. **Is it locked?** Then use the window.\n\n**Show the plan**\n\n"
            "    door -> hall -> street\n\nMind the step.",
        ),
    ],
)
def test_an_answer_is_all_that_was_written_for_it(name: str, question: str, expected: str) -> None:
    assert answer(name, question) == expected


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("evening-school.md", ["Joining"] * 2 + ["Homework"] * 3),
        ("library-faq.md", ["Borrowing"] * 2 + ["Fines"] * 2),
        ("tool-readme.md", ["Tidy"] * 2),
        ("bakery.md", ["Bakery course"] * 2),
        ("refund.md", ["Payments"]),
        ("observatory.markdown", [""] * 3),
    ],
)
def test_the_headings_above_are_the_section(name: str, sections: list[str]) -> None:
    assert [entry.section for entry in entries(FOLDER / name)] == sections


def notebook(*cells: tuple[str, str]) -> bytes:
    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": kind,
                    "metadata": {},
                    "source": source.splitlines(keepends=True),
                    **({"outputs": [{"text": ["printed?\n"]}]} if kind == "code" else {}),
                }
                for kind, source in cells
            ],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    ).encode()


def test_a_notebook_keeps_its_code_and_drops_what_it_printed(tmp_path: Path) -> None:
    path = tmp_path / "lab.ipynb"
    path.write_bytes(
        notebook(
            ("markdown", "# Lab\n\nAsk before you guess."),
            ("markdown", "## Why is my kernel dead?\n\nIt ran out of memory. Look:"),
            ("code", "# how much\nimport psutil"),
            ("raw", "ignored"),
            ("markdown", "## How do I plot in colour?\nUse a colour map."),
        )
    )

    assert [(each.question, each.answer) for each in entries(path)] == [
        (
            "Why is my kernel dead?",
            "It ran out of memory. Look:\n\n```python\n# how much\nimport psutil\n```",
        ),
        ("How do I plot in colour?", "Use a colour map."),
    ]


def test_a_notebook_of_a_lesson_is_no_faq(tmp_path: Path) -> None:
    path = tmp_path / "lesson-3.ipynb"
    path.write_bytes(
        notebook(("markdown", "# Lesson 3\n\n## Data\n\nWe load it."), ("code", "load()"))
    )

    with pytest.raises(NotAnFaq):
        entries(path)


@pytest.mark.parametrize(
    "data",
    [b"{", b"[]", b'{"worksheets": []}', b'{"cells": 3}', b"[" * 100_000],
    ids=["cut", "list", "old", "number", "deep"],
)
def test_what_is_no_notebook_is_refused(data: bytes) -> None:
    with pytest.raises(CorpusError, match="save it again in Jupyter"):
        PARSERS[".ipynb"](data, 1_000_000)
