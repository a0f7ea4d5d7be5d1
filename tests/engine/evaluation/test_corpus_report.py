"""What is said of an FAQ as a whole."""

from __future__ import annotations

from datetime import UTC, date, datetime

from engine.corpus.corpus import Corpus, FileRead
from engine.evaluation.corpus_report import CorpusReport, corpus_report
from engine.types import Document

TODAY = date(2026, 11, 30)
LONG = "The recordings are on the page of the lesson, a day after it took place."


def entry(key: str, question: str, answer: str, *, course: str = "ml", url: str = "") -> Document:
    return Document(
        id=key, course=course, section="", question=question, answer=answer, url=url or None
    )


def report_on(*documents: Document) -> CorpusReport:
    corpus = Corpus(
        documents=documents,
        courses={"ml": "Machine Learning", "de": "Data"},
        problems=(),
        version="1",
        loaded_at=datetime.now(UTC),
        files=(FileRead(source="faq.md", entry_ids=tuple(each.id for each in documents)),),
    )
    return corpus_report(corpus, TODAY, num_extremes=1)


def ids(group: object) -> list[str]:
    return [note.id for note in group]  # type: ignore[attr-defined]


def test_entries_are_counted_by_course_and_named_with_their_file() -> None:
    report = report_on(entry("a", "Why?", "So."), entry("b", "When?", "Now.", course="de"))
    assert {course.name: course.num_entries for course in report.courses} == {"ml": 1, "de": 1}
    assert {note.source for note in report.without_link} == {"faq.md"}


def test_the_shortest_and_the_longest_answers_are_named() -> None:
    report = report_on(entry("a", "Why?", "So."), entry("b", "When?", LONG))
    assert ids(report.shortest) == ["a"]
    assert ids(report.longest) == ["b"]


def test_one_title_or_one_long_answer_twice_in_a_course_is_a_duplicate() -> None:
    report = report_on(
        entry("a", "Are there recordings?", "Yes."),
        entry("b", "Are there recordings", "See the page."),
        entry("c", "Where is the video?", LONG),
        entry("d", "Can I watch it later?", LONG),
        entry("e", "Is it free?", "Yes."),
        entry("f", "Are there recordings?", "No.", course="de"),
    )
    assert [ids(group) for group in report.duplicates] == [["a", "b"], ["c", "d"]]


def test_entries_with_an_address_are_not_among_those_without() -> None:
    report = report_on(entry("a", "Why?", "So.", url="https://a.example/#a"))
    assert report.without_link == ()


def test_entries_that_speak_of_a_time_that_is_over_are_named_with_the_year() -> None:
    report = report_on(
        entry("a", "When does it start?", "On 15 January 2024."),
        entry("b", "When is the exam?", "On 15 January 2027."),
    )
    assert [(note.id, note.note) for note in report.past] == [("a", "speaks of 2024")]
