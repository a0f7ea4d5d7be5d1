"""How a question becomes an answer: a scripted model's text is checked, or an entry quoted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.corpus.corpus import Corpus
from engine.errors import EngineCrashed, EngineDown, GenerationTimeout, OutOfMemory
from engine.protocol import GenerationRequest, Purpose
from engine.types import Decision, Question, RetrievalMode, Tier, Verdict
from tests.engine.answer.answering_cases import CERTIFICATE, GOOD, QUESTION, answer, answerer, never
from tests.fakes import ScriptedGenerator
from tests.harness import FAQ, ListCorpus
from tests.waits import within


class SlowCorpus(ListCorpus):
    """A source that answers when the test says so, as a slow address does."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def load(self) -> Corpus:
        self.asked.set()
        await self.answers.wait()
        return await super().load()


async def test_an_answer_names_only_the_entries_it_used(tmp_path: Path) -> None:
    found = await answer(tmp_path, GOOD)

    assert found.decision is Decision.ANSWERED
    assert found.text == GOOD
    assert [source.id for source in found.sources] == ["join-late"]
    assert found.model == "fake"
    assert found.timings.generate_s is not None
    assert (found.tier, found.found, found.quoted) == (Tier.ANSWER, True, False)
    assert found.retrieval is RetrievalMode.LEXICAL
    assert found.judgement is not None
    assert found.judgement.verdict is Verdict.ANSWERS
    assert found.languages is None


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


async def test_a_faq_that_is_still_being_read_is_waited_for(tmp_path: Path) -> None:
    corpus = SlowCorpus()
    async with (
        answerer(tmp_path, ScriptedGenerator(lambda _: GOOD), corpus, settle_s=0.0) as one,
        asyncio.TaskGroup() as group,
    ):
        asked = group.create_task(one.answer(Question(text=QUESTION), request_id="1"))
        await within(corpus.asked.wait())
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
    assert found.tier is Tier.CLOSEST
    assert not found.found
    assert found.sources == ()
    assert found.related[0].id == "join-late"
    assert found.related[0].excerpt == "Yes, you can join at any time."
    assert found.model == "fake"


async def test_the_model_sees_the_nearest_entries_only(tmp_path: Path) -> None:
    script = ScriptedGenerator({QUESTION: GOOD})
    async with answerer(tmp_path, script) as one:
        await one.answer(Question(text=QUESTION), request_id="1")

    assert [document.id for document in script.requests[0].documents] == ["join-late"]


async def test_without_the_model_the_best_entry_is_quoted_as_it_is(tmp_path: Path) -> None:
    async with answerer(tmp_path, ScriptedGenerator(never)) as one:
        found = await one.answer(Question(text=CERTIFICATE), request_id="1", use_model=False)

    assert found.decision is Decision.QUOTED_NO_MODEL
    assert (found.tier, found.found, found.quoted) == (Tier.ANSWER, True, True)
    assert found.text == FAQ[1].answer
    assert found.model is None


@pytest.mark.parametrize(
    ("said", "decision", "purposes"),
    [
        ("yes", Decision.ANSWERED, [Purpose.JUDGE, Purpose.ANSWER]),
        ("no", Decision.NOT_SURE, [Purpose.JUDGE]),
    ],
)
async def test_a_model_that_reads_decides_whether_it_writes(
    tmp_path: Path, said: str, decision: Decision, purposes: list[Purpose]
) -> None:
    written = "Finish the project and review 3 projects of your peers."
    script = ScriptedGenerator(
        lambda request: said if request.purpose is Purpose.JUDGE else written, reads=True
    )
    async with answerer(tmp_path, script) as one:
        found = await one.answer(Question(text=CERTIFICATE), request_id="1")

    assert found.decision is decision
    assert [request.purpose for request in script.requests] == purposes
    assert found.judgement is not None
    assert found.judgement.reader == "model fake"


async def test_what_may_kill_the_model_is_not_given_to_it_to_judge_either(tmp_path: Path) -> None:
    script = ScriptedGenerator({}, reads=True)
    async with answerer(tmp_path, script) as one:
        found = await one.answer(
            Question(text="Can I still join after the course has started?"),
            request_id="1",
            use_model=False,
        )

    assert found.decision is Decision.QUOTED_NO_MODEL
    assert script.requests == []
