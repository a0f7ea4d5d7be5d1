"""The figures of an evaluation are those of what was found."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.corpus.corpus import Corpus
from engine.errors import EngineError
from engine.evaluation.retrieval import (
    LabelledQuestion,
    OfftopicQuestion,
    evaluate_retrieval,
    read_labelled,
    read_offtopic,
)
from engine.retrieval.retrieval import Retrieval
from engine.types import Document, Match, Question, RetrievalMode

DOCUMENTS = {id: Document(id=id, course="c", section="", question=id, answer=id) for id in "abcdef"}


class Scripted:
    """Finds what the text names: "ba 0.7" finds b, then a, with a confidence of 0.7."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    @property
    def corpus(self) -> Corpus:
        return Corpus(
            documents=tuple(DOCUMENTS.values()),
            courses={"c": "C", "d": "D"},
            problems=(),
            version="1",
            loaded_at=datetime.now(UTC),
        )

    async def search(self, question: Question, num_results: int | None = None) -> Retrieval:
        self.asked.append(question)
        found, confidence = question.text.split()
        return Retrieval(
            matches=tuple(Match(document=DOCUMENTS[id], score=1) for id in found)[:num_results],
            mode=RetrievalMode.HYBRID,
            gate=0.5,
            confidence=float(confidence),
        )


def labelled(text: str, document: str, course: str | None = "c") -> LabelledQuestion:
    return LabelledQuestion(question=text, course=course, document=document)


async def test_hits_and_reciprocal_ranks_are_counted_to_five() -> None:
    questions = [
        labelled("abcde 0.9", "a"),
        labelled("abcde 0.9", "b"),
        labelled("abcde 0.9", "e"),
        labelled("abcdef 0.9", "f"),
    ]

    report = await evaluate_retrieval(Scripted(), questions)

    assert report.n == 4
    assert (report.hit_at_1, report.hit_at_3, report.hit_at_5) == (0.25, 0.5, 0.75)
    assert report.mrr_at_5 == pytest.approx((1 + 1 / 2 + 1 / 5) / 4)
    assert report.mode == "hybrid"
    assert report.gate is None
    assert 0 <= report.latency_p50_ms <= report.latency_p95_ms


async def test_the_gate_is_measured_by_kind() -> None:
    questions = [labelled("a 0.9", "a"), labelled("a 0.4", "a")]
    offtopic = [
        OfftopicQuestion(question="a 0.1", kind="general"),
        OfftopicQuestion(question="a 0.6", kind="near_miss"),
        OfftopicQuestion(question="a 0.2", kind="near_miss"),
    ]

    report = await evaluate_retrieval(Scripted(), questions, offtopic)

    assert report.gate is not None
    assert report.gate.kept == 0.5
    assert report.gate.rejected == pytest.approx(2 / 3, abs=1e-4)
    assert report.gate.rejected_by_kind == {"general": 1.0, "near_miss": 0.5}
    assert report.gate.auroc_by_kind == {"general": 1.0, "near_miss": 0.75}


async def test_off_topic_questions_are_asked_in_every_course_that_is_labelled() -> None:
    searcher = Scripted()

    report = await evaluate_retrieval(
        searcher,
        [labelled("a 1", "a"), labelled("b 1", "b", course="d"), labelled("c 1", "c", course=None)],
        [
            OfftopicQuestion(question="e 0", kind="general"),
            OfftopicQuestion(question="f 0.6", kind="near_miss", course="d"),
        ],
    )

    assert {(q.text, q.course) for q in searcher.asked[4:]} == {
        ("e 0", "c"),
        ("e 0", "d"),
        ("f 0.6", "d"),
    }
    assert report.gate is not None
    assert report.gate.n == 3
    assert report.gate.rejected_by_kind == {"general": 1.0, "near_miss": 0.0}


async def test_off_topic_questions_have_no_course_where_the_labelled_ones_have_none() -> None:
    searcher = Scripted()

    await evaluate_retrieval(
        searcher,
        [labelled("a 1", "a", course=None)],
        [OfftopicQuestion(question="b 1", kind="general")],
    )

    assert [(q.text, q.course) for q in searcher.asked[2:]] == [("b 1", None)]


@pytest.mark.parametrize(
    ("labelled_course", "own"), [("c", "zz"), ("zz", None)], ids=["its own", "all labelled ones"]
)
async def test_a_course_in_which_nothing_could_be_found_is_an_error(
    labelled_course: str, own: str | None
) -> None:
    with pytest.raises(EngineError, match=r"no course zz.*it has c, d"):
        await evaluate_retrieval(
            Scripted(),
            [labelled("a 1", "a", course=labelled_course)],
            [OfftopicQuestion(question="b 1", kind="general", course=own)],
        )


async def test_labels_that_the_faq_does_not_hold_are_told() -> None:
    report = await evaluate_retrieval(Scripted(), [labelled("a 1", "a"), labelled("a 1", "zz")])

    assert report.unknown_documents == 1
    assert "not in the FAQ" in report.table()


async def test_progress_hears_every_question() -> None:
    heard: list[tuple[int, int]] = []

    await evaluate_retrieval(
        Scripted(), [labelled("a 1", "a")] * 2, progress=lambda *done: heard.append(done)
    )

    assert heard == [(1, 2), (2, 2)]


async def test_a_report_is_a_table_and_plain_data() -> None:
    report = await evaluate_retrieval(
        Scripted(), [labelled("a 1", "a")], [OfftopicQuestion(question="a 0", kind="general")]
    )

    assert "hit@1 / @3 / @5     1.000 / 1.000 / 1.000" in report.table()
    assert asdict(report)["gate"]["rejected"] == 1.0


async def test_no_question_is_an_error() -> None:
    with pytest.raises(EngineError, match="no question"):
        await evaluate_retrieval(Scripted(), [])


def test_question_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text('\ufeffquestion,course,document,kind\n"a, b?",c,1,general\nd,,2,\n', "utf-8")

    assert read_labelled(file) == [
        LabelledQuestion(question="a, b?", course="c", document="1"),
        LabelledQuestion(question="d", course=None, document="2"),
    ]
    assert read_offtopic(file) == [
        OfftopicQuestion(question="a, b?", kind="general", course="c"),
        OfftopicQuestion(question="d", kind="", course=None),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        (b"", "needs the columns"),
        (b"question,kind\na,b\n", "there is no course and no document"),
        (b"\xff\xfe\x00", "not a CSV file in UTF-8"),
        (b"question,course,document\na\n", None),
    ],
    ids=["missing", "empty", "other columns", "binary", "short row"],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, reason: str | None
) -> None:
    file = tmp_path / "q.csv"
    if content is not None:
        file.write_bytes(content)

    if reason is None:
        assert read_labelled(file) == [LabelledQuestion(question="a", course=None, document="")]
    else:
        with pytest.raises(EngineError, match=reason):
            read_labelled(file)
