"""The sample FAQ is well formed, and the question sets made for it fit it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FAQ = ROOT / "config" / "faq"
DATA = ROOT / "tests" / "data"
COURSES = {"open-llm-course": 40, "course-organisation": 28}
KINDS = {"general", "other_tech", "small_talk", "injection", "near_miss"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    path: Path
    course: str
    front_matter: dict[str, object]
    answer: str


def read_entry(path: Path) -> Entry:
    opening, front_matter, answer = path.read_text(encoding="utf-8").split("---\n", 2)
    assert opening == ""
    return Entry(
        path=path,
        course=path.relative_to(FAQ).parts[0],
        front_matter=yaml.safe_load(front_matter),
        answer=answer.strip(),
    )


def read_rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ENTRIES = [read_entry(path) for path in sorted(FAQ.rglob("*.md"))]


def entry_ids() -> list[str]:
    return [str(entry.path.relative_to(FAQ)) for entry in ENTRIES]


def test_each_course_has_enough_entries() -> None:
    counts = Counter(entry.course for entry in ENTRIES)

    assert set(counts) == set(COURSES)
    assert all(counts[course] >= least for course, least in COURSES.items())


@pytest.mark.parametrize("course", COURSES)
def test_the_course_file_names_the_course_and_exactly_its_sections(course: str) -> None:
    content = yaml.safe_load((FAQ / course / "_metadata.yaml").read_text(encoding="utf-8"))
    folders = sorted(path.name for path in (FAQ / course).iterdir() if path.is_dir())

    assert content["course"] == course
    assert content["title"]
    assert [section["id"] for section in content["sections"]] == folders
    assert all(section["name"] for section in content["sections"])


@pytest.mark.parametrize("entry", ENTRIES, ids=entry_ids())
def test_front_matter_has_the_agreed_keys_and_types(entry: Entry) -> None:
    front_matter = entry.front_matter

    assert {"id", "question", "sort_order"} <= set(front_matter)
    assert set(front_matter) <= {"id", "question", "sort_order", "url"}
    assert re.fullmatch(r"[0-9a-f]{10}", str(front_matter["id"]))
    assert isinstance(front_matter["id"], str)
    assert isinstance(front_matter["question"], str)
    assert entry.path.name.startswith(f"{front_matter['sort_order']:03d}-")
    assert str(front_matter.get("url", "https://")).startswith("https://")


@pytest.mark.parametrize("entry", ENTRIES, ids=entry_ids())
def test_an_answer_is_there_and_closes_its_code_blocks(entry: Entry) -> None:
    fences = re.findall(r"^```", entry.answer, flags=re.MULTILINE)

    assert len(entry.answer) > 60
    assert len(fences) % 2 == 0


def test_ids_and_questions_are_unique() -> None:
    ids = Counter(str(entry.front_matter["id"]) for entry in ENTRIES)
    questions = Counter(str(entry.front_matter["question"]).casefold() for entry in ENTRIES)

    assert [id for id, count in ids.items() if count > 1] == []
    assert [question for question, count in questions.items() if count > 1] == []


def test_every_labelled_question_names_an_entry_of_its_course() -> None:
    course_of = {entry.front_matter["id"]: entry.course for entry in ENTRIES}

    rows = read_rows("sample_questions.csv")

    assert [row for row in rows if course_of.get(row["document"]) != row["course"]] == []


def test_labelled_questions_are_many_distinct_and_cover_every_entry() -> None:
    rows = read_rows("sample_questions.csv")

    assert list(rows[0]) == ["question", "course", "document"]
    assert len(rows) >= 150
    assert len({row["question"].casefold() for row in rows}) == len(rows)
    assert {row["document"] for row in rows} == {entry.front_matter["id"] for entry in ENTRIES}


def test_no_labelled_question_is_an_entry_title_word_for_word() -> None:
    titles = {str(entry.front_matter["question"]).casefold().rstrip("?") for entry in ENTRIES}

    copied = [
        row["question"]
        for row in read_rows("sample_questions.csv")
        if row["question"].casefold().rstrip("?") in titles
    ]

    assert copied == []


def test_offtopic_questions_are_of_five_kinds_with_thirty_each() -> None:
    rows = read_rows("offtopic.csv")
    counts = Counter(row["kind"] for row in rows)

    assert list(rows[0]) == ["question", "kind"]
    assert set(counts) == KINDS
    assert min(counts.values()) >= 30
    assert len(rows) >= 150


def test_offtopic_questions_are_distinct_and_none_is_labelled() -> None:
    offtopic = [row["question"].casefold() for row in read_rows("offtopic.csv")]
    labelled = {row["question"].casefold() for row in read_rows("sample_questions.csv")}

    assert len(set(offtopic)) == len(offtopic)
    assert labelled.isdisjoint(offtopic)
