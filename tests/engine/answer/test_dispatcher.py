"""The dispatcher by itself: who gets a place, and what is reported of a question."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.answer.assessment import Assessment, Assessments, Kind
from engine.answer.dispatcher import Dispatcher, WaitEstimate
from engine.serving.admission import AdmissionGate
from engine.store.jobs import Job, JobStatus, JobStore
from engine.types import Answer, Decision, Question, TextPart, Timings
from tests.engine.store.job_cases import added
from tests.waits import until

ANSWER = Answer(decision=Decision.ANSWERED, reason="", timings=Timings(retrieve_s=0.0, total_s=0.0))


@dataclass
class HeldAnswerer:
    """Answers that go on when the test says so: once found, and once written."""

    found: defaultdict[str, asyncio.Event] = field(
        default_factory=lambda: defaultdict(asyncio.Event)
    )
    written: defaultdict[str, asyncio.Event] = field(
        default_factory=lambda: defaultdict(asyncio.Event)
    )
    #: Ids in the order in which they came, and in which the model began with them.
    asked: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)

    async def answer(
        self,
        question: Question,
        *,
        request_id: str,
        place: Callable[[], Awaitable[None]],
        **_: object,
    ) -> Answer:
        self.asked.append(request_id)
        await self.found[request_id].wait()
        await place()
        self.begun.append(request_id)
        await self.written[request_id].wait()
        return ANSWER


@dataclass
class Reports:
    """A JobObserver that keeps what it hears."""

    jobs: list[Job] = field(default_factory=list)

    def admitted(self, job: Job) -> None:
        """Not of interest here."""

    def progressed(self, job: Job, texts: tuple[TextPart, ...]) -> None:
        """Not of interest here."""

    def answered(self, job: Job, answer: Answer) -> None:
        self.jobs.append(job)


async def plain(question: Question) -> Assessment:
    return Assessment(kind=Kind.QUESTION, question=question, retrieval=None)


@asynccontextmanager
async def dispatching(
    store: JobStore, answerer: HeldAnswerer, observer: Reports, places: AdmissionGate
) -> AsyncIterator[None]:
    dispatcher = Dispatcher(
        store,
        answerer,  # type: ignore[arg-type]
        Assessments(plain),
        observer,
        places,
        WaitEstimate(places),
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(dispatcher.run(stop))
        try:
            yield
        finally:
            stop.set()


async def test_a_place_goes_to_a_question_that_is_ready_before_one_that_is_searched_for(
    tmp_path: Path,
) -> None:
    answerer, observer, places = HeldAnswerer(), Reports(), AdmissionGate(1)
    async with (
        JobStore(tmp_path / "questions.sqlite3") as store,
        dispatching(store, answerer, observer, places),
    ):
        first, searched, ready = [
            str((await added(store, user, user)).id) for user in ("ann", "bob", "cleo")
        ]
        answerer.found[first].set()
        await until(lambda: answerer.begun == [first] and len(answerer.asked) == 3)
        answerer.found[ready].set()
        for _ in range(20):
            await asyncio.sleep(0)

        answerer.written[first].set()
        await until(lambda: len(answerer.begun) == 2)
        answerer.found[searched].set()
        for one in (searched, ready):
            answerer.written[one].set()
        await until(lambda: len(observer.jobs) == 3)

    assert answerer.begun == [first, ready, searched]
    assert places.num_inside == 0


async def test_what_is_reported_knows_the_message_that_came_meanwhile(tmp_path: Path) -> None:
    answerer, observer, places = HeldAnswerer(), Reports(), AdmissionGate(0)
    async with (
        JobStore(tmp_path / "questions.sqlite3") as store,
        dispatching(store, answerer, observer, places),
    ):
        job = await added(store, "1")
        answerer.found[str(job.id)].set()
        await until(lambda: len(answerer.asked) == 1)
        await store.set_placeholder(job.id, "message 7")
        places.resize(1)
        answerer.written[str(job.id)].set()
        await until(lambda: len(observer.jobs) == 1)

    assert observer.jobs[0].placeholder == "message 7"


async def test_a_question_without_a_place_waits_in_the_store(tmp_path: Path) -> None:
    answerer, places = HeldAnswerer(), AdmissionGate(0)
    async with (
        JobStore(tmp_path / "questions.sqlite3") as store,
        dispatching(store, answerer, Reports(), places),
    ):
        job = await added(store, "1")
        answerer.found[str(job.id)].set()
        await until(lambda: len(answerer.asked) == 1)
        for _ in range(20):
            await asyncio.sleep(0)
        stored = await store.get(job.id)
        assert stored

    assert stored.status is JobStatus.QUEUED
    assert answerer.begun == []
