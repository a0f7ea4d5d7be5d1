"""Gets what happens to a question back to the person: one message, edited until it is final."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from time import monotonic

from bot import replies
from bot.adapter import ChatAdapter, DeliveryError, DeliveryRefused, MessageGone
from bot.messages import Reply, ReplyState
from engine.errors import StoreError
from engine.retrieval.retriever import Retriever
from engine.store.jobs import Job, JobStore
from engine.types import Answer, EngineState, EngineStatus, Match

log = logging.getLogger(__name__)

#: Seconds between looks at the place in the queue while a question waits.
PLACE_REFRESH_S = 5.0
#: Seconds to wait before a final message is tried again: doubled each time up to the second.
RETRY_S = (1.0, 60.0)
#: Seconds the last messages may take to go out after a stop.
FLUSH_S = 3.0


@dataclass(slots=True)
class _Progress:
    """How far one question is, as the dispatcher reported it."""

    job: Job
    text: str | None = None
    answer: Answer | None = None
    stopped: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Delivery:
    """Follows every open question and keeps its message up to date; a JobObserver."""

    def __init__(
        self,
        store: JobStore,
        retriever: Retriever,
        adapters: Mapping[str, ChatAdapter],
        *,
        eta_s: Callable[[int], float | None],
        engine_status: Callable[[], EngineStatus],
        contact: Callable[[str | None], str],
    ) -> None:
        self._store = store
        self._retriever = retriever
        self._adapters = adapters
        self._eta_s = eta_s
        self._engine_status = engine_status
        self._contact = contact
        self._open: dict[int, _Progress] = {}
        self._resumed = asyncio.Event()
        self._followed = asyncio.Condition()
        self._work: asyncio.Queue[Coroutine[None, None, None]] = asyncio.Queue()

    # What the desk and the dispatcher report

    def accepted(self, job: Job) -> None:
        """A new question is stored: follow it until its answer is delivered."""
        self._progress(job)

    def progressed(self, job: Job, text: str) -> None:
        """See JobObserver."""
        progress = self._progress(job)
        progress.text = text
        progress.changed.set()

    def answered(self, job: Job, answer: Answer) -> None:
        """See JobObserver."""
        progress = self._progress(job)
        progress.answer = answer
        progress.changed.set()

    def stopped(self, job: Job) -> None:
        """The asker stopped the question, and the store knows."""
        progress = self._progress(job)
        progress.stopped = True
        progress.changed.set()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` beside the deliveries, until it ends or the program stops."""
        self._work.put_nowait(work)

    async def all_told(self) -> None:
        """Return when every question known so far has its final message."""
        await self._resumed.wait()
        async with self._followed:
            await self._followed.wait_for(lambda: not self._open)

    # The loop

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`, then finish what can be finished within FLUSH_S.

        Takes up what an earlier process left behind: answers not delivered, questions waiting.
        """
        for job in await self._store.undelivered():
            if job.answer is not None:
                self.answered(job, job.answer)
        for job in await self._store.waiting_jobs():
            self.accepted(job)
        self._resumed.set()
        async with asyncio.TaskGroup() as group:
            running: set[asyncio.Task[None]] = set()
            stopping = group.create_task(_wait(stop))
            while not stop.is_set():
                taking = group.create_task(self._work.get())
                await asyncio.wait({taking, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if taking.done():
                    task = group.create_task(taking.result())
                    running.add(task)
                    task.add_done_callback(running.discard)
                else:
                    taking.cancel()
            finals = {task for task in running if not task.done()}
            if finals and any(p.answer for p in self._open.values()):
                await asyncio.wait(finals, timeout=FLUSH_S)
            for task in finals:
                task.cancel()
        while not self._work.empty():
            self._work.get_nowait().close()

    def _progress(self, job: Job) -> _Progress:
        progress = self._open.get(job.id)
        if progress is None:
            progress = self._open[job.id] = _Progress(job)
            self.spawn(self._follow(progress))
        return progress

    async def _follow(self, progress: _Progress) -> None:
        job = progress.job
        adapter = self._adapters.get(job.platform)
        try:
            if adapter is None:
                log.warning("question %d waits for %s, which is off", job.id, job.platform)
                return
            await _Conversation(self, adapter, progress).follow()
        except StoreError as error:
            log.error("question %d is delivered again after a restart: %s", job.id, error)
        except Exception:  # one message must not end the delivery of the others
            log.exception("the message of question %d could not be kept up to date", job.id)
        finally:
            self._open.pop(job.id, None)
            async with self._followed:
                self._followed.notify_all()

    def final_reply(self, progress: _Progress) -> Reply | None:
        """The last version of the message, once it is known."""
        job = progress.job
        if progress.answer is not None:
            return replies.final(
                job,
                progress.answer,
                language=job.question.language,
                contact=self._contact(job.question.course),
            )
        return replies.stopped(job) if progress.stopped else None

    async def interim_reply(self, progress: _Progress, matches: tuple[Match, ...]) -> Reply:
        """The message while the answer is not known."""
        job = progress.job
        if progress.text is not None:
            return replies.writing(job, progress.text, matches)
        place = await self._store.position(job.id)
        loading = self._engine_status().state is EngineState.LOADING
        if place == 0 and not loading:
            return replies.writing(job, "", matches)
        return replies.waiting(
            job, place=place, eta_s=self._eta_s(place), matches=matches, loading=loading
        )

    async def matches(self, job: Job) -> tuple[Match, ...]:
        """The entries to offer at once; none when the FAQ does not seem to cover the question."""
        await self._retriever.ready()
        retrieval = await self._retriever.search(job.question)
        return retrieval.matches if retrieval.covered else ()

    async def stored(self, job: Job, message_id: str) -> None:
        """Remember which message is ours, so that a restart edits it."""
        await self._store.set_placeholder(job.id, message_id)

    async def done(self, job: Job, *, refused: bool = False) -> None:
        """The final message is out, or will never be taken."""
        if refused:
            await self._store.fail(job.id, "the platform refused the message")
        else:
            await self._store.deliver(job.id)


class _Conversation:
    """One question's message, from the first sign of life to the final edit."""

    def __init__(self, delivery: Delivery, adapter: ChatAdapter, progress: _Progress) -> None:
        self._delivery = delivery
        self._adapter = adapter
        self._progress = progress
        self._job = progress.job
        self._message_id = progress.job.placeholder
        self._shown: Reply | None = None
        self._not_before = 0.0

    async def follow(self) -> None:
        if self._message_id is None:
            await self._adapter.heard(self._job.reply_to)
        if self._delivery.final_reply(self._progress) is None:
            await self._keep_up()
        reply = self._delivery.final_reply(self._progress)
        if reply is not None:
            await self._finish(reply)

    async def _keep_up(self) -> None:
        """Edit the message while the answer comes, no faster than the platform likes."""
        matches = await self._delivery.matches(self._job)
        while self._delivery.final_reply(self._progress) is None:
            self._progress.changed.clear()
            await self._show(await self._delivery.interim_reply(self._progress, matches))
            await self._changed(PLACE_REFRESH_S)
            pause = self._not_before - monotonic()
            while pause > 0 and self._delivery.final_reply(self._progress) is None:
                self._progress.changed.clear()
                await self._changed(pause)
                pause = self._not_before - monotonic()

    async def _changed(self, timeout: float) -> None:
        try:
            await asyncio.wait_for(self._progress.changed.wait(), timeout)
        except TimeoutError:
            return

    async def _show(self, reply: Reply) -> None:
        """Best effort: an interim version that fails is simply not shown."""
        if reply == self._shown:
            return
        try:
            await self._put(reply)
            self._shown = reply
            self._not_before = monotonic() + self._adapter.edit_interval_s
        except DeliveryError as error:
            log.info("question %d: interim message not shown: %s", self._job.id, error)
            self._not_before = monotonic() + (error.retry_after_s or RETRY_S[0])

    async def _finish(self, reply: Reply) -> None:
        """Deliver the final version, however long the platform is away."""
        delay = RETRY_S[0]
        while True:
            try:
                await self._put(reply)
                break
            except DeliveryRefused as error:
                log.warning("question %d cannot be answered any more: %s", self._job.id, error)
                await self._delivery.done(self._job, refused=True)
                return
            except DeliveryError as error:
                wait = max(delay, error.retry_after_s or 0)
                log.warning("question %d: answer not delivered, %s", self._job.id, error)
                await asyncio.sleep(wait)
                delay = min(delay * 2, RETRY_S[1])
        if self._progress.answer is not None:
            await self._delivery.done(self._job)

    async def _put(self, reply: Reply) -> None:
        if self._message_id is not None:
            try:
                moved = await self._adapter.edit(self._job.reply_to, self._message_id, reply)
                if moved is not None:
                    self._message_id = moved
                    await self._delivery.stored(self._job, moved)
                return
            except MessageGone:
                if reply.state is not ReplyState.FINAL:
                    return
        self._message_id = await self._adapter.post(self._job.reply_to, reply)
        await self._delivery.stored(self._job, self._message_id)


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()
