"""Claims stored questions fairly, has them answered, and stores the answers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from engine.answer.answering import Answerer, apology
from engine.answer.assessment import Assessments
from engine.errors import StoreError
from engine.stopping import unless
from engine.store.jobs import Job, JobStore
from engine.types import Answer, AnswerText

log = logging.getLogger(__name__)

#: A question that was being answered when the process died this often is not given to the model
#: again: it may be what kills it. It is answered by quoting.
MAX_ATTEMPTS = 2
#: Seconds a running answer may take to end after a stop was asked for.
STOP_GRACE_S = 5.0
#: Seconds to wait before the store is asked again after an error (disk full, for example).
STORE_RETRY_S = 2.0


class JobObserver(Protocol):
    """Who wants to hear how a question fares. Calls must return at once."""

    def progressed(self, job: Job, text: AnswerText) -> None:
        """The checked text of the answer so far; it only grows."""
        ...

    def answered(self, job: Job, answer: Answer) -> None:
        """The answer is stored and can be delivered."""
        ...


class Dispatcher:
    """The loop between the job store and the answering; runs up to `slots` questions at once."""

    def __init__(
        self,
        store: JobStore,
        answerer: Answerer,
        assessments: Assessments,
        observer: JobObserver,
        *,
        slots: int = 1,
    ) -> None:
        self._store = store
        self._answerer = answerer
        self._assessments = assessments
        self._observer = observer
        self._slots = asyncio.Semaphore(slots)
        self._num_slots = slots
        self._running: dict[int, asyncio.Task[None]] = {}
        self._seconds: deque[float] = deque(maxlen=20)

    def eta_s(self, position: int) -> float | None:
        """Seconds until the question at `position` (1 = next) is answered, from measured speed."""
        if not self._seconds:
            return None
        one = sum(self._seconds) / len(self._seconds)
        ahead = position + len(self._running)
        return one * -(-ahead // self._num_slots)

    def cancel(self, job_id: int) -> None:
        """Stop answering this question; its place is free at once. The caller ends the job."""
        task = self._running.get(job_id)
        if task is not None:
            task.cancel()

    async def run(self, stop: asyncio.Event) -> None:
        """Answer questions until `stop`, then give running ones STOP_GRACE_S to end.

        What does not end in time stays in the store as running and is taken up at the next start.
        """
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                job = await self._next(stop)
                if job is not None:
                    task = group.create_task(self._work(job))
                    self._running[job.id] = task
                    task.add_done_callback(self._release(job.id))
            if self._running:
                await asyncio.wait(self._running.values(), timeout=STOP_GRACE_S)
            for task in self._running.values():
                task.cancel()

    def _release(self, job_id: int) -> Callable[[object], None]:
        def release(_: object) -> None:
            self._running.pop(job_id, None)
            self._slots.release()

        return release

    async def _next(self, stop: asyncio.Event) -> Job | None:
        """The next question with a free slot, or None when asked to stop or nothing came."""
        if not await unless(stop, self._slots.acquire()):
            return None
        try:
            job = await self._store.claim()
        except StoreError as error:
            log.error("questions cannot be read: %s", error)
            await unless(stop, asyncio.sleep(STORE_RETRY_S))
            job = None
        else:
            if job is None:
                await unless(stop, self._store.wait_for_job())
        if job is None:
            self._slots.release()
        return job

    async def _work(self, job: Job) -> None:
        started = monotonic()
        try:
            answer = await self._answerer.answer(
                job.question,
                request_id=str(job.id),
                on_text=lambda text: self._observer.progressed(job, text),
                use_model=job.attempts <= MAX_ATTEMPTS,
                assessment=await self._assessments.of(job.id, job.question),
            )
        except asyncio.CancelledError:
            log.info("question %d stopped", job.id, extra={"job_id": job.id})
            return
        except Exception:  # one question must never end the loop for the others
            log.exception("question %d failed", job.id, extra={"job_id": job.id})
            answer = apology("An internal error; the log has it.")
        await self._finish(job, answer, monotonic() - started)

    async def _finish(self, job: Job, answer: Answer, seconds: float) -> None:
        while True:
            try:
                stored = await asyncio.shield(self._store.answer(job.id, answer))
                break
            except StoreError as error:
                log.error("the answer to question %d is kept in memory: %s", job.id, error)
                await asyncio.sleep(STORE_RETRY_S)
        if not stored:  # stopped or forgotten while the answer was written
            return
        if answer.timings.generate_s is not None:
            self._seconds.append(seconds)
        log.info(
            "question %d answered: %s in %.1f s",
            job.id,
            answer.decision.value,
            seconds,
            extra={"job_id": job.id, "decision": answer.decision.value, "seconds": seconds},
        )
        self._observer.answered(job, answer)
