"""The desk: a Message in, a stored Job, a command's answer or a polite refusal out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field

from bot.adapter import ChatAdapter, DeliveryError
from bot.delivery.asker_language import asker_language
from bot.delivery.delivery import RETRY_S, Delivery
from bot.delivery.replies import private_reply
from bot.delivery.texts import contact_in, duration, say
from bot.desk.commands import WHISPERING, Commands, command_of
from bot.desk.explain import explain
from bot.desk.limits import RateLimit
from bot.desk.switching import announce_switch
from bot.messages import Asker, Message, Press, Reply
from config.settings import CourseSettings, LimitsSettings
from engine.answer.dispatcher import Dispatcher
from engine.answer.gist import shortened
from engine.limits import STORED_CHARS
from engine.store.jobs import Job, JobStore, NewJob, Vote
from engine.types import Question

log = logging.getLogger(__name__)

#: Turns of a conversation that a new question can lean on.
NUM_TURNS = 3
#: `/gpu watch`: seconds between two looks, and in all.
WATCH_S = (5.0, 60.0)


@dataclass(eq=False, slots=True)
class FaqDesk:
    """Decides what happens to everything people write; see `bot.adapter.Desk`."""

    store: JobStore
    dispatcher: Dispatcher
    delivery: Delivery
    commands: Commands
    adapters: Mapping[str, ChatAdapter]
    _: KW_ONLY
    limits: LimitsSettings
    courses: Mapping[str, CourseSettings]
    contact: Callable[[str | None], str | None]
    eta_s: Callable[[int], float | None]
    retry_s: tuple[float, float] = RETRY_S
    watch_s: tuple[float, float] = WATCH_S
    _rate: RateLimit = field(init=False)

    def __post_init__(self) -> None:
        self._rate = RateLimit(self.limits.questions_per_minute)

    async def receive(self, message: Message) -> None:
        command = command_of(message.text)
        if command is None or command[0] == "ask":
            await self._ask(message, message.text if command is None else command[1])
            return
        reply = await self._command(message, *command)
        if reply is not None:
            await self._say(message.platform, message.reply_to, reply)

    async def press(self, press: Press) -> Reply | None:
        kind, _, rest = press.value.partition(":")
        if kind == "course":
            return await self.commands.course(press, rest)
        if kind == "gpu":
            return await self.commands.gpu(press)
        if kind == "model":
            return await self._switch(press, rest)
        if kind == "stop":
            return await self._press_stop(press, rest)
        if kind == "vote":
            return await self._vote(press, rest)
        if kind == "staff":
            return await self._name_staff(press, rest)
        if kind == "explain":
            return await self._explain_press(press, await self._job_of(press, rest))
        log.warning("a button of an unknown kind was pressed on %s", press.platform)
        return None

    async def ready(self) -> None:
        await self.commands.retriever.ready()

    async def all_told(self) -> None:
        await self.delivery.all_told()

    # Questions

    async def _ask(self, message: Message, text: str) -> None:
        # A redelivery must not count against the limits.
        known = await self.store.knows(message.platform, message.conversation, message.message_id)
        language = await self._language(message, text)
        refusal = None if known else await self._refusal(message, language)
        if refusal is not None:
            await self._say(message.platform, message.reply_to, refusal)
            return
        question = Question(
            text=shortened(text.strip(), STORED_CHARS),
            course=await self._course(message),
            history=tuple(
                await self.store.history(message.platform, message.conversation, NUM_TURNS)
            ),
            language=language,
        )
        job = await self.store.add(
            NewJob(
                platform=message.platform,
                conversation=message.conversation,
                message_id=message.message_id,
                user_id=message.user_id,
                reply_to=message.reply_to,
                question=question,
            )
        )
        if job is not None:
            self.delivery.accepted(job)

    async def _language(self, message: Message, text: str) -> str:
        # In a thread: detecting the first language loads a model, which takes a second.
        return await asyncio.to_thread(
            asker_language, text, message.language, self.commands.retriever.language
        )

    async def _refusal(self, message: Message, language: str) -> Reply | None:
        """Why this person must wait; staff never must."""
        if self.commands.is_staff(message):
            return None
        limits = self.limits
        queue = await self.store.queue_length()
        if queue >= limits.max_queue:
            eta = self.eta_s(queue + 1) or 60.0
            wait = duration(eta, language)
            return private_reply("refused.queue", language, count=queue, eta=wait)
        waiting = await self.store.waiting(message.platform, message.user_id)
        if waiting >= limits.max_waiting_per_user:
            return private_reply("refused.waiting", language, count=waiting)
        wait_s = self._rate.wait_s(message.platform, message.user_id)
        if wait_s > 0:
            return private_reply("refused.rate", language, seconds=max(1, round(wait_s)))
        return None

    async def _course(self, message: Message) -> str | None:
        """The course of the channel, else the one the person chose, else all."""
        chat = message.channel.partition("/")[0]
        for place in filter(None, (message.channel, chat)):  # a topic goes before its chat
            for name, course in self.courses.items():
                if place in course.slack_channels + course.telegram_chats:
                    return name
        return await self.commands.chosen_course(message)

    # Commands

    async def _command(self, message: Message, name: str, rest: str) -> Reply | None:
        match name:
            case "help" | "start":
                return self.commands.help(message)
            case "course":
                return await self.commands.course(message, rest)
            case "model":
                if rest:
                    return await self._switch(message, rest)
                return await self.commands.models(message)
            case "gpu" if rest.lower() == "watch" and self.commands.is_staff(message):
                self.delivery.spawn(self._watch_gpu(message))
                return None
            case "gpu":
                return await self.commands.gpu(message)
            case "status":
                return await self.commands.status(staff=self.commands.is_staff(message))
            case "new":
                await self.store.start_afresh(message.platform, message.conversation)
                return private_reply("new", message.language)
            case "cancel":
                return await self._cancel_latest(message)
            case "explain":
                latest = await self.store.latest_answered(message.platform, message.conversation)
                return self._explain(message, latest)
        return private_reply("command.unknown", message.language, name=f"/{name}")

    async def _switch(self, asker: Asker, alias: str) -> Reply | None:
        refusal = await self.commands.refuse_switch(asker, alias)
        if refusal is not None:
            return refusal
        adapter = self.adapters[asker.platform]
        self.delivery.spawn(
            announce_switch(adapter, self.commands, asker, alias, retry_s=self.retry_s)
        )
        return None

    async def _watch_gpu(self, asker: Asker) -> None:
        """Post the state of the GPU and keep it up to date for a while."""
        adapter = self.adapters[asker.platform]
        every, during = self.watch_s
        try:
            posted = await adapter.post(asker.reply_to, await self.commands.gpu(asker))
            for _ in range(round(during / every)):
                await asyncio.sleep(every)
                shown = await self.commands.gpu(asker)
                posted = await adapter.edit(asker.reply_to, posted, shown) or posted
        except DeliveryError as error:
            log.info("the GPU is no longer watched on %s: %s", asker.platform, error)

    # Stopping and voting

    async def _cancel_latest(self, message: Message) -> Reply | None:
        job = await self.store.latest_open(message.platform, message.user_id)
        if job is None or not await self._stop(job):
            return private_reply("nothing_to_stop", message.language)
        return None

    async def _press_stop(self, press: Press, job_id: str) -> Reply | None:
        job = await self._job_of(press, job_id)
        if job is None or job.user_id != press.user_id or not await self._stop(job):
            return private_reply("nothing_to_stop", _language_of(job, press))
        return None

    async def _stop(self, job: Job) -> bool:
        """End an open question; its place in the engine is free at once."""
        if not await self.store.cancel(job.id):
            return False
        self.dispatcher.cancel(job.id)
        self.delivery.stopped(job)
        return True

    async def _vote(self, press: Press, rest: str) -> Reply | None:
        job_id, _, value = rest.partition(":")
        job = await self._job_of(press, job_id)
        if job is None or value not in ("up", "down"):
            return private_reply("vote.gone", press.language)
        vote = Vote.UP if value == "up" else Vote.DOWN
        await self.store.vote(job.id, press.user_id, vote, press.text or None)
        asks_why = vote is Vote.DOWN and not press.text
        key, language = "vote.reason" if asks_why else "vote.thanks", _language_of(job, press)
        return Reply(text=say(key, language), job_id=job.id, language=language, ephemeral=True)

    def _explain(self, asker: Asker, job: Job | None) -> Reply:
        """Why the answer to a question is as it is, for staff."""
        if not self.commands.is_staff(asker):
            return private_reply("admins_only", asker.language)
        if job is None or job.answer is None:
            return private_reply("vote.gone", asker.language)
        public = not asker.private and asker.platform not in WHISPERING
        return Reply(text=explain(job.answer, public=public), ephemeral=True)

    async def _explain_press(self, press: Press, job: Job | None) -> Reply | None:
        reply = self._explain(press, job)
        if press.platform in WHISPERING or not self.commands.is_staff(press):
            return reply
        # Other platforms answer a press with one line; this is a page, so post it.
        await self._say(press.platform, press.reply_to, reply)
        return None

    async def _name_staff(self, press: Press, job_id: str) -> Reply:
        job = await self._job_of(press, job_id)
        if job is None:
            return private_reply("vote.gone", press.language)
        language = _language_of(job, press)
        contact = contact_in(language, self.contact(job.question.course))
        return private_reply("staff.contact", language, contact=contact)

    async def _job_of(self, press: Press, job_id: str) -> Job | None:
        """The question whose button was pressed; None where its platform has no such question."""
        job = await self.store.get(int(job_id)) if job_id.isdecimal() else None
        return job if job is not None and job.platform == press.platform else None

    async def _say(self, platform: str, reply_to: str, reply: Reply) -> None:
        try:
            await self.adapters[platform].post(reply_to, reply)
        except DeliveryError as error:
            log.warning("a reply on %s was not delivered: %s", platform, error)


def _language_of(job: Job | None, press: Press) -> str | None:
    """The language of the answer whose button was pressed, else that of the person's client."""
    return (job.question.language if job else None) or press.language
