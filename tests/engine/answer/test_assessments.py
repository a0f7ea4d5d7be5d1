"""What a message is and what fits it is found out once, whoever asks first."""

from __future__ import annotations

import asyncio

import pytest

from engine.answer.assessment import Assessment, Assessments, Kind
from engine.retrieval.retrieval import Retrieval
from engine.types import Document, Match, Question, RetrievalMode
from tests.waits import within

QUESTION = Question(text="Can I join late?")
ENTRY = Match(
    document=Document(id="late", course="a", section="", question="Join late?", answer="Yes."),
    score=1.0,
)


def found(confidence: float) -> Retrieval:
    return Retrieval(matches=(ENTRY,), mode=RetrievalMode.LEXICAL, gate=0.5, confidence=confidence)


class Assessor:
    """Assesses when the test says so, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.called, self.may_answer = asyncio.Event(), asyncio.Event()
        self.fails = False

    async def __call__(self, question: Question) -> Assessment:
        self.asked.append(question.text)
        self.called.set()
        await self.may_answer.wait()
        if self.fails:
            raise RuntimeError("broken")
        return Assessment(kind=Kind.QUESTION, question=question, retrieval=found(0.9))


async def test_two_callers_share_one_search() -> None:
    assessor = Assessor()
    assessments = Assessments(assessor)
    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(assessments.of(1, QUESTION)) for _ in range(2)]
        await within(assessor.called.wait())
        assessor.may_answer.set()
    later = await assessments.of(1, QUESTION)

    assert assessor.asked == [QUESTION.text]
    assert callers[0].result() is callers[1].result() is later


async def test_each_job_has_its_own() -> None:
    assessor = Assessor()
    assessor.may_answer.set()
    assessments = Assessments(assessor)

    one = await assessments.of(1, QUESTION)
    other = await assessments.of(2, QUESTION)

    assert len(assessor.asked) == 2
    assert one is not other


async def test_a_job_does_not_wait_for_another() -> None:
    assessor = Assessor()
    assessments = Assessments(assessor)
    async with asyncio.TaskGroup() as group:
        group.create_task(assessments.of(1, QUESTION))
        await within(assessor.called.wait())
        assessor.called.clear()
        group.create_task(assessments.of(2, QUESTION))
        await within(assessor.called.wait())
        assessor.may_answer.set()

    assert len(assessor.asked) == 2


async def test_when_the_first_caller_is_cancelled_the_second_starts_anew() -> None:
    assessor = Assessor()
    assessments = Assessments(assessor)
    first = asyncio.create_task(assessments.of(1, QUESTION))
    await within(assessor.called.wait())
    assessor.called.clear()
    second = asyncio.create_task(assessments.of(1, QUESTION))
    first.cancel()
    await within(assessor.called.wait())
    assessor.may_answer.set()

    assessment = await second

    assert first.cancelled()
    assert assessment.kind is Kind.QUESTION
    assert len(assessor.asked) == 2


async def test_when_the_second_caller_is_cancelled_the_first_goes_on() -> None:
    assessor = Assessor()
    assessments = Assessments(assessor)
    first = asyncio.create_task(assessments.of(1, QUESTION))
    await within(assessor.called.wait())
    second = asyncio.create_task(assessments.of(1, QUESTION))
    await asyncio.sleep(0)  # it waits for the first
    second.cancel()
    await asyncio.wait({second})
    assessor.may_answer.set()

    await first

    assert second.cancelled()
    assert len(assessor.asked) == 1


async def test_a_failure_is_not_kept() -> None:
    assessor = Assessor()
    assessor.may_answer.set()
    assessments = Assessments(assessor)
    assessor.fails = True
    with pytest.raises(RuntimeError, match="broken"):
        await assessments.of(1, QUESTION)
    assessor.fails = False

    assert (await assessments.of(1, QUESTION)).kind is Kind.QUESTION


async def test_what_was_forgotten_is_asked_anew() -> None:
    assessor = Assessor()
    assessor.may_answer.set()
    assessments = Assessments(assessor)
    await assessments.of(1, QUESTION)
    await assessments.of(2, QUESTION)

    assessments.forget(1)
    assessments.forget(1)
    assessments.forget(3)
    await assessments.of(1, QUESTION)
    await assessments.of(2, QUESTION)

    assert len(assessor.asked) == 3


def test_only_entries_that_are_close_are_worth_showing() -> None:
    close, far = found(0.5), found(0.49)

    assert Assessment(kind=Kind.QUESTION, question=QUESTION, retrieval=close).matches == (ENTRY,)
    assert Assessment(kind=Kind.QUESTION, question=QUESTION, retrieval=far).matches == ()
    assert Assessment(kind=Kind.THANKS, question=QUESTION, retrieval=None).matches == ()
