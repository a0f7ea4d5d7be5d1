"""What people get is counted by kind of question, through the product's own Answerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from config.settings import RetrievalSettings, Settings
from engine.corpus.corpus import Corpus
from engine.errors import EngineDown, EngineError, GenerationTimeout
from engine.evaluation.answers import (
    AnswersReport,
    AnswerVerdict,
    JudgedAnswer,
    Subject,
    TimedGenerator,
    evaluate_answers,
    judge,
)
from engine.evaluation.questions import (
    AskedQuestion,
    EarlierTurn,
    label_notes,
    rows_of,
    settled_corpus,
    unknown_ids,
)
from engine.evaluation.record import Record
from engine.protocol import Generation, GenerationRequest
from engine.retrieval.retriever import Retriever
from engine.serving.generator import Generator
from engine.serving.status import EngineState, EngineStatus
from engine.types import OnPiece, Piece, Tier
from tests.fakes import ScriptedGenerator
from tests.harness import FAQ, ListCorpus, asks_model

JOIN = "Can I still join after the course has started?"
CERTIFICATE = "How do I get a certificate?"
FILE = Path("q.jsonl")


@asynccontextmanager
async def subject(tmp_path: Path, generator: Generator | None = None) -> AsyncIterator[Subject]:
    """The small FAQ of the tests, searched by words; with a model where one is given."""
    retriever = Retriever(
        ListCorpus(),
        RetrievalSettings(embedder="none"),
        refresh_s=3600,
        embedder_factory=None,
        cache_dir=tmp_path,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(stop))
        try:
            yield Subject(
                retriever=retriever,
                corpus=await settled_corpus(retriever, "faq", lambda _: None),
                generator=generator,
                settings=asks_model(Settings(data_dir=tmp_path)),
            )
        finally:
            stop.set()


async def corpus() -> Corpus:
    return await ListCorpus().load()


async def report_of(
    tmp_path: Path, *rows: AskedQuestion, generator: Generator | None = None
) -> AnswersReport:
    record = Record(tmp_path / "r.jsonl", "k", JudgedAnswer, total=len(rows), say=print)
    async with subject(tmp_path, generator) as one:
        with record:
            return await evaluate_answers(one, rows, record, lambda *_: None)


@pytest.mark.parametrize(
    ("ids", "tier", "verdict", "all_named"),
    [
        ("a", Tier.ANSWER, AnswerVerdict.ANSWER_RIGHT, True),
        ("ab", Tier.ANSWER, AnswerVerdict.ANSWER_RIGHT, True),
        ("ax", Tier.ANSWER, AnswerVerdict.ANSWER_RIGHT, False),
        ("b", Tier.ANSWER, AnswerVerdict.ANSWER_WRONG, True),
        ("", Tier.ANSWER, AnswerVerdict.ANSWER_WRONG, False),
        ("a", Tier.CLOSEST, AnswerVerdict.CLOSEST_RIGHT, True),
        ("bx", Tier.CLOSEST, AnswerVerdict.CLOSEST_RIGHT, False),
        ("x", Tier.CLOSEST, AnswerVerdict.CLOSEST_OTHER, False),
        ("", Tier.CLOSEST, AnswerVerdict.CLOSEST_OTHER, False),
        ("b", Tier.NONE, AnswerVerdict.NONE, True),
        ("", Tier.NONE, AnswerVerdict.NONE, False),
        ("", Tier.COURTESY, AnswerVerdict.COURTESY, False),
        ("", Tier.CLARIFY, AnswerVerdict.CLARIFY, False),
    ],
)
def test_an_answer_is_judged_by_its_tier_and_the_entries_that_it_names(
    ids: str, tier: Tier, verdict: AnswerVerdict, all_named: bool
) -> None:
    assert judge(tuple(ids), tier, sources=["a"], related=["b"]) == (verdict, all_named)


async def test_every_kind_has_its_shares(tmp_path: Path) -> None:
    report = await report_of(
        tmp_path,
        AskedQuestion(question=JOIN, kind="plain", course="course-a", ids=("join-late",)),
        AskedQuestion(question=JOIN, kind="plain", ids=("certificate",)),
        AskedQuestion(question=JOIN, kind="two_part", ids=("join-late", "cuda-memory")),
        AskedQuestion(question="xyzzy plugh?", kind="off_topic"),
    )

    plain, two_part, off_topic = report.groups
    assert (plain.kind, plain.n, plain.answer_right, plain.answer_wrong) == ("plain", 2, 0.5, 0.5)
    assert (two_part.kind, two_part.answer_right, two_part.all_named) == ("two_part", 1.0, 0.0)
    assert (off_topic.kind, off_topic.none, off_topic.all_named) == ("off_topic", 1.0, 0.0)
    for group in report.groups:
        assert sum(group.shares[:-1]) == pytest.approx(1)


async def test_the_report_is_plain_data_and_a_table(tmp_path: Path) -> None:
    report = await report_of(
        tmp_path,
        AskedQuestion(question=JOIN, kind="plain", ids=("join-late",)),
        AskedQuestion(question="xyzzy plugh?", kind="off_topic"),
    )

    assert list(asdict(report)) == ["groups", "milliseconds"]
    assert list(asdict(report)["groups"][0]) == [
        *("kind", "n", "answer_right", "answer_wrong", "closest_right", "closest_other"),
        *("none", "courtesy", "clarify", "all_named"),
    ]
    assert 0 < report.milliseconds.p50 <= report.milliseconds.p95
    head, plain, off_topic, both, _, times = report.table().splitlines()
    assert head.split()[:4] == ["kind", "n", "answer", "right"]
    assert plain.split() == ["plain", "1", "1.000", *["0.000"] * 6, "1.000"]
    assert off_topic.split()[:2] == ["off_topic", "1"]
    assert both.split() == ["all", "2", "0.500", *["0.000"] * 3, "0.500", *["0.000"] * 2, "0.500"]
    assert "question to judgement, without the model: p50" in times


async def test_a_model_writes_with_the_answers_of_the_earlier_turns(tmp_path: Path) -> None:
    script = ScriptedGenerator(lambda _: "You can join at any time.")
    history = (
        EarlierTurn(question=CERTIFICATE, answer_id="certificate"),
        EarlierTurn(question="And?", answer_id="gone"),
        EarlierTurn(question="Thanks"),
    )

    report = await report_of(
        tmp_path,
        AskedQuestion(question=JOIN, kind="plain", ids=("join-late",), history=history),
        generator=script,
    )

    assert report.groups[0].answer_right == 1.0
    (request,) = script.requests
    assert [turn.answer for turn in request.history] == [FAQ[1].answer, "", ""]


async def test_a_stopped_run_asks_only_what_is_left(tmp_path: Path) -> None:
    rows = [AskedQuestion(question=JOIN, kind="plain", ids=("join-late",))] * 5
    script = ScriptedGenerator(lambda _: "You can join at any time.")
    heard: list[int] = []

    def progress(done: int, _: int) -> None:
        heard.append(done)
        if done == 2:
            first.cancel()

    async def run() -> AnswersReport:
        record = Record(tmp_path / "r.jsonl", "k", JudgedAnswer, total=5, say=lambda _: None)
        async with subject(tmp_path, script) as one:
            with record:
                return await evaluate_answers(one, rows, record, progress)

    first = asyncio.create_task(run())
    with pytest.raises(asyncio.CancelledError):
        await first
    report = await run()

    assert heard == [1, 2, 3, 4, 5]
    assert report.groups[0].n == 5
    assert report.groups[0].answer_right == 1.0


async def test_nothing_can_be_written_without_a_model() -> None:
    nobody = TimedGenerator(None)

    assert nobody.status().state is EngineState.STOPPED
    with pytest.raises(EngineDown):
        await nobody.generate(GenerationRequest(id="1", question="?", documents=()), print)


class Slow:
    """A generator that fails after as many seconds, by the clock that it moves, as it is told."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds

    async def generate(self, request: GenerationRequest, on_piece: OnPiece) -> Generation:
        self._clock.now += self._seconds
        on_piece(Piece("piece"))
        raise GenerationTimeout

    def status(self) -> EngineStatus:
        return EngineStatus(state=EngineState.READY, model="slow")


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_waiting_for_the_model_is_told_from_our_own_work() -> None:
    clock = Clock()
    timed = TimedGenerator(Slow(clock, 60), clock)

    def check(_: str) -> None:
        clock.now += 1

    with pytest.raises(GenerationTimeout):
        await timed.generate(GenerationRequest(id="1", question="?", documents=()), check)

    assert timed.status().model == "slow"
    assert timed.seconds == 60


def test_rows_are_chosen_by_their_faq() -> None:
    rows = [
        AskedQuestion(question="1", kind="k", faq="a"),
        AskedQuestion(question="2", kind="k", faq="b"),
        AskedQuestion(question="3", kind="k"),
    ]

    assert rows_of(FILE, rows, None) == rows
    assert rows_of(FILE, rows, "b") == rows[1:2]
    with pytest.raises(EngineError, match=r"no row for the FAQ “c”; there are rows for a, b\."):
        rows_of(FILE, rows, "c")
    with pytest.raises(EngineError, match="no row names one"):
        rows_of(FILE, rows[2:], "c")


async def test_what_the_documents_lack_is_told() -> None:
    rows = [
        AskedQuestion(
            question="1",
            kind="k",
            course="course-z",
            ids=("join-late", "gone"),
            history=(EarlierTurn(question="0", answer_id="lost"), EarlierTurn(question="0")),
        ),
        AskedQuestion(question="2", kind="k", course="course-a"),
    ]

    assert label_notes(FILE, rows, await corpus()) == [
        "Not in the documents: 1 of the 2 ids that the rows name (“gone”, for one); "
        "no answer can name them.",
        "Not in the documents: 1 of the 1 entries of earlier turns that the rows name (“lost”, "
        "for one); these answers are empty.",
        "Not in the documents: 1 of the 2 courses that the rows name (“course-z”, for one); "
        "nothing is found in them.",
    ]
    assert label_notes(FILE, rows[1:], await corpus()) == []


async def test_labels_for_another_faq_are_an_error() -> None:
    rows = [AskedQuestion(question="1", kind="k", ids=("gone",))]

    with pytest.raises(EngineError, match=r"q.jsonl names none of the 3 entries .*“gone”"):
        label_notes(FILE, rows, await corpus())
    assert unknown_ids(FILE, ["join-late", "gone"], await corpus()) == {"gone"}
