"""Gets what happens to a question back to the person: one message, edited until it is final."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import KW_ONLY, dataclass, field
from time import monotonic

from bot.adapter import ChatAdapter, DeliveryError, DeliveryRefused, MessageGone
from bot.backoff import Backoff
from bot.delivery import replies
from bot.delivery.headlines import in_parts_so_far
from bot.messages import Reply, ReplyState
from engine.answer.assessment import Assessments, Kind
from engine.errors import StoreError
from engine.serving.status import EngineState, EngineStatus
from engine.stopping import unless
from engine.store.jobs import Job, JobStore
from engine.types import Answer, Match, TextPart

log = logging.getLogger(__name__)

#: Seconds between looks at the place in the queue while a question waits.
PLACE_REFRESH_S = 5.0
#: Seconds to wait before a final message is tried again: doubled each time up to the second.
RETRY_S = (1.0, 60.0)
#: Seconds the first message waits for the entries it shows; a search takes some hundredths.
FIRST_LOOK_S = 0.5
#: Seconds the last messages may take to go out after a stop.
FLUSH_S = 3.0


@dataclass(slots=True)
class _Shown:
    """One open question: how far it is, as reported, and what its message shows of that."""

    job: Job
    texts: tuple[TextPart, ...] = ()
    answer: Answer | None = None
    stopped: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    #: Set once there is more to show than that it waits: its entries, a text, or its end.
    has_content: asyncio.Event = field(default_factory=asyncio.Event)
    #: The entries to offer at once; empty until they are found, or when none is close.
    matches: tuple[Match, ...] = ()
    #: False once it is known to be no question: thanks, a greeting, a complaint about nothing.
    asks: bool = True
    #: Which message of ours shows it, and its last version that the platform took.
    message_id: str | None = None
    shown: Reply | None = None
    #: No interim version before this moment.
    not_before: float = 0.0

    def note_content(self) -> None:
        self.changed.set()
        self.has_content.set()


@dataclass(eq=False, slots=True)
class Delivery:
    """Follows every open question and keeps its message up to date; a JobObserver."""

    store: JobStore
    assessments: Assessments
    adapters: Mapping[str, ChatAdapter]
    _: KW_ONLY
    eta_s: Callable[[int], float | None]
    engine_status: Callable[[], EngineStatus]
    contact: Callable[[str | None], str | None]
    #: Whose answers offer to say why they are so: those of staff.
    explains: Callable[[Job], bool]
    retry_s: tuple[float, float] = RETRY_S
    first_look_s: float = FIRST_LOOK_S
    _open: dict[int, _Shown] = field(init=False, default_factory=dict)
    _resumed: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _told: asyncio.Condition = field(init=False, default_factory=asyncio.Condition)
    _work: asyncio.Queue[Coroutine[None, None, None]] = field(
        init=False, default_factory=asyncio.Queue
    )

    # What the desk and the dispatcher report

    def accepted(self, job: Job) -> None:
        """A new question is stored: follow it until its answer is delivered."""
        self._followed(job)

    def admitted(self, job: Job) -> None:
        question = self._open.get(job.id)
        if question is not None:
            question.changed.set()

    def progressed(self, job: Job, texts: tuple[TextPart, ...]) -> None:
        question = self._followed(job)
        question.texts = texts
        question.note_content()

    def answered(self, job: Job, answer: Answer) -> None:
        question = self._followed(job)
        question.answer = answer
        question.note_content()

    def stopped(self, job: Job) -> None:
        """The asker stopped the question, and the store knows."""
        question = self._followed(job)
        question.stopped = True
        question.note_content()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` beside the deliveries, until it ends or the program stops.

        What it raises is logged: one message or command must not end the others.
        """
        self._work.put_nowait(work)

    async def all_told(self) -> None:
        """Return when every question known so far has its final message."""
        await self._resumed.wait()
        async with self._told:
            await self._told.wait_for(lambda: not self._open)

    # The loop

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`, then finish what can be finished within FLUSH_S.

        Takes up what an earlier process left behind: answers not delivered, questions waiting.
        """
        for job in await self.store.undelivered():
            if job.answer is not None:
                self.answered(job, job.answer)
        for job in await self.store.waiting_jobs():
            self.accepted(job)
        self._resumed.set()
        async with asyncio.TaskGroup() as group:
            running: set[asyncio.Task[None]] = set()
            while not stop.is_set():
                work = await unless(stop, self._work.get())
                if work is not None:
                    task = group.create_task(_contained(work))
                    running.add(task)
                    task.add_done_callback(running.discard)
            finals = {task for task in running if not task.done()}
            if finals and any(question.answer for question in self._open.values()):
                await asyncio.wait(finals, timeout=FLUSH_S)
            for task in finals:
                task.cancel()
        while not self._work.empty():
            self._work.get_nowait().close()

    def _followed(self, job: Job) -> _Shown:
        question = self._open.get(job.id)
        if question is None:
            question = self._open[job.id] = _Shown(job, message_id=job.placeholder)
            self.spawn(self._follow(question))
        return question

    # The message of one question

    async def _follow(self, question: _Shown) -> None:
        """Keep the message up to date, from the first sign of life to the final version."""
        job = question.job
        adapter = self.adapters.get(job.platform)
        try:
            if adapter is None:
                log.warning("question %d waits for %s, which is off", job.id, job.platform)
                return
            if question.answer is not None and question.message_id is None:
                # Told of its end only: it may have a message that this process lost track of.
                stored = await self.store.get(job.id)
                question.message_id = stored.placeholder if stored else None
            if question.message_id is None:
                await adapter.heard(job.reply_to)
            if self._final(question) is None:
                await self._keep_up(adapter, question)
            final = self._final(question)
            if final is not None:
                await self._finish(adapter, question, final)
        except StoreError as error:
            log.error("question %d is delivered again after a restart: %s", job.id, error)
        finally:
            self._open.pop(job.id, None)
            self.assessments.forget(job.id)
            async with self._told:
                self._told.notify_all()

    def _final(self, question: _Shown) -> Reply | None:
        job = question.job
        if question.answer is not None:
            return replies.final(
                job,
                question.answer,
                language=job.question.language,
                contact=self.contact(job.question.course),
                explains=self.explains(job),
            )
        return replies.stopped(job) if question.stopped else None

    async def _interim(self, question: _Shown) -> Reply:
        job, matches = question.job, question.matches
        if question.texts:
            return replies.writing(job, in_parts_so_far(question.texts), matches)
        place = await self.store.position(job.id)
        loading = self.engine_status().state is EngineState.LOADING
        if place == 0 and not loading:
            return replies.writing(job, "", matches)
        return replies.waiting(
            job, place=place, eta_s=self.eta_s(place), matches=matches, loading=loading
        )

    async def _look(self, question: _Shown) -> None:
        """Find the entries to offer at once: those that the answer will be made of."""
        job = question.job
        assessment = await self.assessments.of(job.id, job.question)
        question.matches = assessment.matches
        question.asks = assessment.kind is Kind.QUESTION
        question.note_content()
        if job.id not in self._open:
            self.assessments.forget(job.id)

    async def _keep_up(self, adapter: ChatAdapter, question: _Shown) -> None:
        """Edit the message while the answer comes, no faster than the platform likes."""
        self.spawn(self._look(question))
        # After a start the vectors take seconds; who asks then learns at once that it was heard.
        await unless(question.has_content, asyncio.sleep(self.first_look_s))
        if not question.asks and self._final(question) is None:
            # Thanks and greetings are answered at once: show no notice that the answer is written.
            question.has_content.clear()
            await unless(question.has_content, asyncio.sleep(self.first_look_s))
        while self._final(question) is None:
            question.changed.clear()
            await self._show(adapter, question, await self._interim(question))
            await unless(question.changed, asyncio.sleep(PLACE_REFRESH_S))
            pause = question.not_before - monotonic()
            while pause > 0 and self._final(question) is None:
                question.changed.clear()
                await unless(question.changed, asyncio.sleep(pause))
                pause = question.not_before - monotonic()

    async def _show(self, adapter: ChatAdapter, question: _Shown, reply: Reply) -> None:
        """Best effort: an interim version that fails is simply not shown."""
        if reply == question.shown:
            return
        try:
            await self._put(adapter, question, reply)
            question.shown = reply
            question.not_before = monotonic() + adapter.edit_interval_s
        except DeliveryError as error:
            log.info("question %d: interim message not shown: %s", question.job.id, error)
            question.not_before = monotonic() + (error.retry_after_s or self.retry_s[0])

    async def _finish(self, adapter: ChatAdapter, question: _Shown, reply: Reply) -> None:
        """Deliver the final version, however long the platform is away."""
        job, backoff = question.job, Backoff(self.retry_s)
        while True:
            try:
                await self._put(adapter, question, reply)
                break
            except DeliveryRefused as error:
                log.warning("question %d cannot be answered any more: %s", job.id, error)
                await self.store.fail(job.id, "the platform refused the message")
                return
            except DeliveryError as error:
                log.warning("question %d: answer not delivered, %s", job.id, error)
                await asyncio.sleep(backoff.failed(error))
        if question.answer is not None:
            await self.store.deliver(job.id)

    async def _put(self, adapter: ChatAdapter, question: _Shown, reply: Reply) -> None:
        """Edit the message or post it; the store knows which one, so that a restart edits it."""
        job = question.job
        if question.message_id is not None:
            try:
                moved = await adapter.edit(job.reply_to, question.message_id, reply)
                if moved is not None:
                    question.message_id = moved
                    await self.store.set_placeholder(job.id, moved)
                return
            except MessageGone:
                if reply.state is not ReplyState.FINAL:
                    return
        question.message_id = await adapter.post(job.reply_to, reply)
        await self.store.set_placeholder(job.id, question.message_id)


async def _contained(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("work for a chat failed before its end")
