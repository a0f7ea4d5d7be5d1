"""Has stored questions answered: fairly, with the model as soon as it has a place for them; and
estimates how long that takes."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Protocol

from engine.answer.answering import Answerer
from engine.answer.assessment import Assessments
from engine.errors import StoreError
from engine.serving.admission import Admission
from engine.stopping import unless
from engine.store.jobs import Job, JobStore
from engine.types import Answer, Decision, TextPart, Timings


class WaitEstimate:
    """Counts the running questions and keeps how long the last answers took."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._num_running = 0
        self._seconds: deque[float] = deque(maxlen=20)

    def started(self) -> None:
        self._num_running += 1

    def ended(self) -> None:
        self._num_running -= 1

    def measured(self, seconds: float) -> None:
        """The model wrote an answer within this time."""
        self._seconds.append(seconds)

    def eta_s(self, position: int) -> float | None:
        """Seconds until the question at `position` (1 = next) is answered; None before the first
        measurement."""
        if not self._seconds:
            return None
        one = sum(self._seconds) / len(self._seconds)
        ahead = position + self._num_running
        return one * -(-ahead // max(1, self._admission.num_places))


log = logging.getLogger(__name__)

#: A question that was being answered when the process died this often is not given to the model
#: again: it may be what kills it. It is answered by quoting.
MAX_ATTEMPTS = 2
#: Seconds a running answer may take to end after a stop was asked for.
STOP_GRACE_S = 5.0
#: Seconds to wait before the store is asked again after an error (disk full, for example).
STORE_RETRY_S = 2.0
#: The answer when answering itself broke.
APOLOGY = Answer(
    decision=Decision.FAILED,
    reason="An internal error; the log has it.",
    timings=Timings(retrieve_s=0.0, total_s=0.0),
)


class JobObserver(Protocol):
    """Who wants to hear how a question fares. Calls must return at once."""

    def admitted(self, job: Job) -> None:
        """The question waits no more: the model has a place for it."""

    def progressed(self, job: Job, texts: tuple[TextPart, ...]) -> None:
        """The checked text so far for each question of the message; it only grows."""

    def answered(self, job: Job, answer: Answer) -> None:
        """The answer is stored and can be delivered."""


@dataclass(eq=False, slots=True)
class _Open:
    """A question that is being looked at, waits for the model, or is being written."""

    #: As it was when it came; as it was claimed once it is.
    job: Job
    #: Set once it is claimed and has a place in the engine.
    admitted: asyncio.Event = field(default_factory=asyncio.Event)
    #: Whether it is ready for the model.
    wants_place: bool = False
    waited_s: float = 0.0
    #: When it had its place and was ready for it (monotonic seconds); None before.
    written_since: float | None = None
    #: Whether its answer is known: it needs no place any more.
    done: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def waits(self) -> bool:
        """Whether it may still need a place."""
        return not (self.admitted.is_set() or self.done)

    async def place(self) -> None:
        """Return once it has its place."""
        began = monotonic()
        self.wants_place = True
        await self.admitted.wait()
        now = monotonic()
        self.waited_s = max(self.waited_s, now - began)
        self.written_since = self.written_since or now


class Dispatcher:
    """The loop between the job store and the answering.

    Starts on every question as it comes, and goes as far as that goes without the model: what needs
    none is answered without waiting. The next question is claimed while the engine has a place, so
    what the store calls queued has none yet, and what it calls running has one.
    """

    def __init__(
        self,
        store: JobStore,
        answerer: Answerer,
        assessments: Assessments,
        observer: JobObserver,
        admission: Admission,
        estimate: WaitEstimate,
    ) -> None:
        self._store = store
        self._answerer = answerer
        self._assessments = assessments
        self._observer = observer
        self._admission = admission
        self._estimate = estimate
        self._open: dict[int, _Open] = {}
        #: Id of the newest question that was begun with.
        self._newest = 0
        self._begun = asyncio.Event()

    def cancel(self, job_id: int) -> None:
        """Stop answering this question; its place is free at once. The caller ends the job."""
        question = self._open.get(job_id)
        if question is not None and question.task is not None:
            question.task.cancel()

    async def run(self, stop: asyncio.Event) -> None:
        """Answer questions until `stop`, then give running ones STOP_GRACE_S to end.

        What does not end in time stays in the store as running and is taken up at the next start.
        """
        async with asyncio.TaskGroup() as group:
            admitting = group.create_task(self._admit_all(stop))
            while not stop.is_set():
                for job in await self._new(stop):
                    self._begin(job, group)
            await admitting
            for question in self._open.values():
                if question.waits and question.task is not None:
                    question.task.cancel()
            tasks = {question.task for question in self._open.values() if question.task}
            if tasks:
                await asyncio.wait(tasks, timeout=STOP_GRACE_S)
            for task in tasks:
                task.cancel()

    async def _new(self, stop: asyncio.Event) -> list[Job]:
        """The questions that came since, as soon as there are any; none when asked to stop."""
        try:
            jobs = await self._store.queued(after=self._newest)
        except StoreError as error:
            log.error("questions cannot be read: %s", error)
            await unless(stop, asyncio.sleep(STORE_RETRY_S))
            return []
        if not jobs:
            await unless(stop, self._store.wait_for_job())
        return jobs

    def _begin(self, job: Job, group: asyncio.TaskGroup) -> None:
        self._newest = job.id
        question = self._open[job.id] = _Open(job)
        question.task = group.create_task(self._work(question))
        question.task.add_done_callback(lambda _: self._end(question))
        self._begun.set()

    def _end(self, question: _Open) -> None:
        del self._open[question.job.id]
        if question.admitted.is_set():
            self._estimate.ended()
            self._admission.release()

    async def _admit_all(self, stop: asyncio.Event) -> None:
        """Take a place whenever there is one, and give it to the question whose turn it is."""
        while not stop.is_set():
            self._begun.clear()
            if not any(question.waits for question in self._open.values()):
                await unless(stop, self._begun.wait())
            elif await unless(stop, self._admission.acquire()) and not await self._admit(stop):
                self._admission.release()

    async def _admit(self, stop: asyncio.Event) -> bool:
        """Claim the next question for a place; False where none needs it."""
        waiting = [question for question in self._open.values() if question.waits]
        # A place given to a question that is still being searched for would lie idle.
        ready = [question for question in waiting if question.wants_place] or waiting
        try:
            job = await self._store.claim(among=[question.job.id for question in ready])
        except StoreError as error:
            log.error("questions cannot be claimed: %s", error)
            await unless(stop, asyncio.sleep(STORE_RETRY_S))
            return False
        if job is None:  # each is answered, stopped or forgotten
            for question in ready:
                if question.waits:
                    self.cancel(question.job.id)
            return False
        claimed = self._open.get(job.id)
        if claimed is None:
            return False
        claimed.job = job  # with what the store has learned since, such as its message
        claimed.admitted.set()
        self._estimate.started()
        self._observer.admitted(job)
        return True

    async def _work(self, question: _Open) -> None:
        job, started = question.job, monotonic()
        try:
            answer = await self._answerer.answer(
                job.question,
                request_id=str(job.id),
                on_text=lambda texts: self._observer.progressed(question.job, texts),
                place=question.place,
                use_model=job.attempts < MAX_ATTEMPTS,
                assessment=await self._assessments.of(job.id, job.question),
            )
        except asyncio.CancelledError:
            log.info("question %d stopped", job.id, extra={"job_id": job.id})
            return
        except Exception:  # one question must never end the loop for the others
            log.exception("question %d failed", job.id, extra={"job_id": job.id})
            answer = APOLOGY
        question.done = True
        # Waiting for the model is no work.
        total_s = max(0.0, round(answer.timings.total_s - question.waited_s, 3))
        answer = replace(answer, timings=replace(answer.timings, total_s=total_s))
        await self._finish(question, answer, monotonic() - started - question.waited_s)

    async def _finish(self, question: _Open, answer: Answer, seconds: float) -> None:
        job = question.job
        while True:
            try:
                stored = await asyncio.shield(self._store.answer(job.id, answer))
                break
            except StoreError as error:
                log.error("the answer to question %d is kept in memory: %s", job.id, error)
                await asyncio.sleep(STORE_RETRY_S)
        if not stored:  # stopped or forgotten while the answer was written
            return
        if answer.timings.generate_s is not None and question.written_since is not None:
            self._estimate.measured(monotonic() - question.written_since)
        log.info(
            "question %d answered: %s in %.1f s",
            job.id,
            answer.decision.value,
            seconds,
            extra={"job_id": job.id, "decision": answer.decision.value, "seconds": seconds},
        )
        self._observer.answered(job, answer)
