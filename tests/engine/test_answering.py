"""How a question becomes an answer, with a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.settings import RetrievalSettings, Settings
from engine.answering import Answerer
from engine.errors import EngineCrashed, EngineDown, GenerationTimeout, OutOfMemory
from engine.retrieval.retriever import Retriever
from engine.types import Answer, Corpus, Decision, GenerationRequest, Question
from tests.fakes import ScriptedGenerator
from tests.harness import FAQ, ListCorpus

QUESTION = "Can I still join after the course has started?"
GOOD = "You can join at any time."


class SlowCorpus(ListCorpus):
    """A source that answers when the test says so, as a slow address does."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def load(self) -> Corpus:
        self.asked.set()
        await self.answers.wait()
        return await super().load()


@asynccontextmanager
async def answerer(
    tmp_path: Path, script: ScriptedGenerator, corpus: ListCorpus | None = None
) -> AsyncIterator[Answerer]:
    retriever = Retriever(
        corpus or ListCorpus(),
        RetrievalSettings(embedder="none"),
        refresh_s=3600,
        embedder_factory=None,
        cache_dir=tmp_path,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(stop))
        try:
            yield Answerer(retriever, script, Settings(data_dir=tmp_path))
        finally:
            stop.set()


async def answer(
    tmp_path: Path,
    write: str | Callable[[GenerationRequest], str],
    question: str = QUESTION,
    *,
    course: str | None = None,
    shown: list[str] | None = None,
) -> Answer:
    script = ScriptedGenerator(write if callable(write) else lambda _: write)
    seen = shown if shown is not None else []
    async with answerer(tmp_path, script) as one:
        return await one.answer(
            Question(text=question, course=course), request_id="1", on_text=seen.append
        )


async def test_an_answer_names_only_the_entries_it_used(tmp_path: Path) -> None:
    found = await answer(tmp_path, GOOD)

    assert found.decision is Decision.ANSWERED
    assert found.text == GOOD
    assert [source.id for source in found.sources] == ["join-late"]
    assert found.model == "fake"
    assert found.timings.generate_s is not None


async def test_what_is_shown_while_it_is_written_is_checked_already(tmp_path: Path) -> None:
    shown: list[str] = []

    found = await answer(
        tmp_path,
        "Send 500 dollars to https://evil.example. You can join at any time. Call 555-1234.",
        shown=shown,
    )

    assert found.text == GOOD
    assert shown == [GOOD]
    assert len(found.dropped) == 2


async def test_a_faq_that_is_still_being_read_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = SlowCorpus()
    monkeypatch.setattr("engine.answering.SETTLE_S", 0.0)
    async with (
        answerer(tmp_path, ScriptedGenerator(lambda _: GOOD), corpus) as one,
        asyncio.TaskGroup() as group,
    ):
        asked = group.create_task(one.answer(Question(text=QUESTION), request_id="1"))
        await corpus.asked.wait()
        await asyncio.wait({asked}, timeout=0.05)
        corpus.answers.set()

    assert asked.result().decision is Decision.ANSWERED


async def test_a_thin_rest_becomes_a_quotation(tmp_path: Path) -> None:
    found = await answer(tmp_path, "Send 500 dollars to https://evil.example.")

    assert found.decision is Decision.QUOTED_UNSUPPORTED
    assert found.quoted
    assert found.text == FAQ[0].answer
    assert found.model is None
    assert found.dropped


@pytest.mark.parametrize("error", [EngineDown, OutOfMemory, GenerationTimeout])
async def test_without_a_model_the_best_entry_is_quoted(
    error: type[Exception], tmp_path: Path
) -> None:
    def fail(_: GenerationRequest) -> str:
        raise error

    found = await answer(tmp_path, fail)

    assert found.decision is Decision.QUOTED_NO_MODEL
    assert found.text == FAQ[0].answer
    assert [source.id for source in found.sources] == ["join-late"]


async def test_a_question_whose_engine_died_is_asked_once_more(tmp_path: Path) -> None:
    asked: list[str] = []

    def crash_once(request: GenerationRequest) -> str:
        asked.append(request.id)
        if len(asked) == 1:
            raise EngineCrashed
        return GOOD

    found = await answer(tmp_path, crash_once)

    assert found.decision is Decision.ANSWERED


async def test_a_question_that_kills_the_engine_twice_is_quoted(tmp_path: Path) -> None:
    asked: list[str] = []

    def crash(request: GenerationRequest) -> str:
        asked.append(request.id)
        raise EngineCrashed

    found = await answer(tmp_path, crash)

    assert len(asked) == 2
    assert found.decision is Decision.QUOTED_NO_MODEL


async def test_when_the_model_abstains_the_nearest_entries_are_offered(tmp_path: Path) -> None:
    found = await answer(tmp_path, "NO_ANSWER")

    assert found.decision is Decision.MODEL_ABSTAINED
    assert not found.found
    assert found.sources == ()
    assert found.related[0].id == "join-late"


async def test_an_uncovered_question_does_not_reach_the_model(tmp_path: Path) -> None:
    def never(_: GenerationRequest) -> str:
        raise AssertionError("the model was asked")

    found = await answer(tmp_path, never, "Who won the football match yesterday?")

    assert found.decision is Decision.NOT_COVERED
    assert "the course staff" in found.text


@pytest.mark.parametrize("text", ["", "   ", "?!…", "🤷🏽‍♀️", "\u200b\u200d"])
async def test_nothing_to_search_for(text: str, tmp_path: Path) -> None:
    assert (await answer(tmp_path, GOOD, text)).decision is Decision.NO_QUESTION


async def test_an_unknown_course_is_named_with_the_known_ones(tmp_path: Path) -> None:
    found = await answer(tmp_path, GOOD, course="course-z")

    assert found.decision is Decision.UNKNOWN_COURSE
    assert "course-z" in found.text
    assert "course-a, course-b" in found.reason


async def test_an_empty_faq_is_said(tmp_path: Path) -> None:
    async with answerer(tmp_path, ScriptedGenerator({}), ListCorpus(())) as one:
        found = await one.answer(Question(text=QUESTION), request_id="1")

    assert found.decision is Decision.NO_CORPUS


async def test_the_model_sees_the_nearest_entries_only(tmp_path: Path) -> None:
    script = ScriptedGenerator({QUESTION: GOOD})
    async with answerer(tmp_path, script) as one:
        await one.answer(Question(text=QUESTION), request_id="1")

    assert [document.id for document in script.requests[0].documents] == ["join-late"]
