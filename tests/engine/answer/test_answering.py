"""How a question becomes an answer, with a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.delivery.replies import answer_text
from config.settings import RetrievalSettings, Settings
from engine.answer.answering import Answerer
from engine.answer.assessor import SETTLE_S
from engine.answer.relevance import ModelRelevance
from engine.corpus.corpus import Corpus
from engine.errors import EngineCrashed, EngineDown, GenerationTimeout, OutOfMemory
from engine.generation import GenerationRequest, Purpose
from engine.grounding.support import LexicalSupport
from engine.retrieval.query import QueryContext
from engine.retrieval.retrieval import Retrieval
from engine.retrieval.retriever import Retriever
from engine.types import Answer, Decision, Question, RetrievalMode, Tier, Turn, Verdict
from tests.fakes import ScriptedGenerator
from tests.harness import FAQ, ListCorpus, asks_model

QUESTION = "Can I still join after the course has started?"
GOOD = "You can join at any time."
CERTIFICATE = "How do I get a certificate?"


class SlowCorpus(ListCorpus):
    """A source that answers when the test says so, as a slow address does."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def load(self) -> Corpus:
        self.asked.set()
        await self.answers.wait()
        return await super().load()


class CountingRetriever(Retriever):
    """The retriever; it keeps what it was asked."""

    asked: list[str]

    async def search(
        self,
        question: Question,
        num_results: int | None = None,
        context: QueryContext | None = None,
    ) -> Retrieval:
        self.asked.append(question.text)
        return await super().search(question, num_results, context)


@asynccontextmanager
async def answerer(
    tmp_path: Path,
    script: ScriptedGenerator,
    corpus: ListCorpus | None = None,
    searched: list[str] | None = None,
    settle_s: float = SETTLE_S,
) -> AsyncIterator[Answerer]:
    retriever = CountingRetriever(
        corpus or ListCorpus(),
        RetrievalSettings(embedder="none"),
        refresh_s=3600,
        embedder_factory=None,
        cache_dir=tmp_path,
    )
    retriever.asked = searched if searched is not None else []
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(stop))
        try:
            settings = asks_model(Settings(data_dir=tmp_path))
            relevance = ModelRelevance(script)
            support = LexicalSupport()
            yield Answerer(retriever, script, settings, relevance, support, settle_s=settle_s)
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


def told(answer: Answer) -> str:
    """What the asker reads of it."""
    return answer_text(answer, None, None)


def never(_: GenerationRequest) -> str:
    raise AssertionError("the model was asked")


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
    assert found.tier is Tier.CLOSEST
    assert not found.found
    assert found.sources == ()
    assert found.related[0].id == "join-late"
    assert found.related[0].excerpt == "Yes, you can join at any time."
    assert found.model == "fake"


async def test_an_uncovered_question_does_not_reach_the_model(tmp_path: Path) -> None:
    found = await answer(tmp_path, never, "Who won the football match yesterday?")

    assert found.decision is Decision.NOT_COVERED
    assert (found.tier, found.found, found.quoted) == (Tier.NONE, False, False)
    assert "the course staff" in told(found)
    assert (found.sources, found.related) == ((), ())


@pytest.mark.parametrize("text", ["", "   ", "?!…", "🤷🏽‍♀️", "\u200b\u200d"])
async def test_nothing_to_search_for(text: str, tmp_path: Path) -> None:
    assert (await answer(tmp_path, GOOD, text)).decision is Decision.NO_QUESTION


async def test_an_unknown_course_is_named_with_the_known_ones(tmp_path: Path) -> None:
    found = await answer(tmp_path, GOOD, course="course-z")

    assert found.decision is Decision.UNKNOWN_COURSE
    assert "course-z" in found.reason
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


async def test_a_question_is_searched_for_once(tmp_path: Path) -> None:
    searched: list[str] = []
    script = ScriptedGenerator({QUESTION: GOOD})
    async with answerer(tmp_path, script, searched=searched) as one:
        assessment = await one.assess(Question(text=QUESTION))
        found = await one.answer(Question(text=QUESTION), request_id="1", assessment=assessment)
        await one.answer(Question(text=CERTIFICATE), request_id="2")

    assert found.decision is Decision.ANSWERED
    assert searched == [QUESTION, CERTIFICATE]


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("Thanks!", Decision.THANKED),
        ("Vielen Dank, hat geklappt", Decision.THANKED),
        ("👍", Decision.THANKED),
        ("Hello everyone", Decision.GREETED),
        ("¡Hola!", Decision.GREETED),
    ],
)
async def test_courtesy_is_returned_without_a_search(
    tmp_path: Path, text: str, decision: Decision
) -> None:
    searched: list[str] = []
    async with answerer(tmp_path, ScriptedGenerator(never), searched=searched) as one:
        found = await one.answer(Question(text=text), request_id="1")

    assert searched == []
    assert found.decision is decision
    assert found.tier is Tier.COURTESY
    assert not found.found
    assert (found.sources, found.related, found.judgement, found.retrieval) == ((), (), None, None)
    assert found.timings.retrieve_s == 0


@pytest.mark.parametrize(
    "text", ["it does not work", "help me please", "es geht nicht", "ça ne marche pas", "???"]
)
async def test_who_says_nothing_is_asked_back(tmp_path: Path, text: str) -> None:
    found = await answer(tmp_path, never, text)

    assert found.decision is Decision.VAGUE
    assert found.tier is Tier.CLARIFY
    assert not found.found
    assert told(found).startswith("Which error, tool or step do you mean?")
    assert found.sources == ()


async def test_who_names_one_thing_is_shown_what_there_is_about_it(tmp_path: Path) -> None:
    found = await answer(tmp_path, never, "kernel")

    assert found.decision is Decision.VAGUE
    assert [source.id for source in found.related][:1] == ["cuda-memory"]
    assert told(found).endswith("Perhaps it is one of these:")


async def test_a_thing_that_the_faq_does_not_know_is_not_asked_back_for(tmp_path: Path) -> None:
    assert (await answer(tmp_path, never, "kafka not working")).decision is Decision.NOT_COVERED


async def test_a_noun_after_another_question_is_no_riddle(tmp_path: Path) -> None:
    history = (Turn(question="How do I get a certificate?", answer=FAQ[1].answer),)
    async with answerer(tmp_path, ScriptedGenerator({})) as one:
        found = await one.answer(Question(text="and the model?", history=history), request_id="1")

    assert found.tier is not Tier.CLARIFY


async def test_an_empty_faq_is_said_even_to_a_complaint(tmp_path: Path) -> None:
    async with answerer(tmp_path, ScriptedGenerator({}), ListCorpus(())) as one:
        found = await one.answer(Question(text="it does not work"), request_id="1")

    assert found.decision is Decision.NO_CORPUS


async def test_what_is_only_close_is_shown_with_how_it_begins(tmp_path: Path) -> None:
    # Of the same things as the entry, and another question than its yes is for.
    found = await answer(tmp_path, never, "Can I still register with the form after the deadlines?")

    assert found.decision is Decision.NOT_SURE
    assert (found.tier, found.found, found.quoted) == (Tier.CLOSEST, False, False)
    assert found.sources == ()
    assert found.related[0].id == "join-late"
    assert found.related[0].excerpt == "Yes, you can join at any time."
    assert len(found.related) <= 3
    assert found.judgement is not None
    assert found.judgement.verdict is Verdict.CLOSE
    assert found.reason == found.judgement.reason
    assert found.model is None


async def test_what_another_course_has_is_shown_as_that(tmp_path: Path) -> None:
    found = await answer(tmp_path, never, CERTIFICATE, course="course-b")

    assert found.decision is Decision.OTHER_COURSES
    assert found.tier is Tier.CLOSEST
    assert found.sources == ()
    assert found.related[0].id == "certificate"
    assert found.related[0].course == "course-a"
    assert "In other courses" in told(found)


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


async def test_the_languages_are_told_where_they_differ(tmp_path: Path) -> None:
    found = await answer(tmp_path, never, "Wie bekomme ich das certificate für das project?")

    assert found.languages == ("de", "en")


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


async def test_a_message_of_20_000_marks_is_looked_at_at_once(tmp_path: Path) -> None:
    """Quadratic patterns took a minute for it, on the loop that everybody shares."""
    async with asyncio.timeout(20), answerer(tmp_path, ScriptedGenerator({})) as one:
        for text in ("help" + ". " * 10_000, "\n" * 19_990 + "help", ", " * 9_990 + "error"):
            await one.answer(Question(text=text), request_id="1")
