"""A Telegram adapter on a twin for tests: a real store, no waiting, and a desk that notes down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from bot.messages import Message, Press, Reply
from bot.telegram.adapter import TelegramAdapter
from bot.telegram.pace import TelegramPace
from bot.telegram.reactions import TYPING_S
from bot.telegram.times import Times
from config.settings import TelegramSettings
from engine.errors import StoreError
from engine.store.jobs import Job, JobStore, NewJob
from engine.types import Document, Match, Question
from tests.telegram_server import TOKEN
from tests.telegram_twin import TelegramTwin, telegram_twin
from tests.waits import within

ADMIN = 99
FAQ = tuple(
    Document(id=id, course=course, section="General", question=question, answer=answer)
    for id, course, question, answer in (
        ("late", "course-a", "Can I still join?", "Yes, at any time."),
        ("certificate", "course-a", "How do I get a certificate?", "Also review 3 projects."),
        ("cuda", "course-b", "CUDA out of memory when loading the model", "Load it in 4 bits."),
    )
)
#: Tries again at once, and takes no slow machine for a dead Telegram.
QUICK = Times(poll_s=1, silence_s=120, retry_s=(0.01, 0.05), grace_s=0.5, call_s=60, heard_s=60)


def at_once() -> TelegramPace:
    """No waiting for turns."""
    return TelegramPace(per_second=10_000, per_chat_s=0.0, per_group_minute=10_000)


@dataclass
class NotingDesk:
    """A Desk that writes down what it is told."""

    messages: list[Message] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    #: What the next presses are answered with.
    replies: list[Reply | None] = field(default_factory=list)
    #: How often the disk refuses from now on.
    refusals: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, message: Message) -> None:
        async with self.changed:
            if self.refusals:
                self.refusals -= 1
                raise StoreError("The disk is full.")
            if message.text == "burst":
                raise RuntimeError("a bug")
            self.messages.append(message)
            self.changed.notify_all()

    async def ready(self) -> None:
        """The FAQ is always there."""

    async def press(self, press: Press) -> Reply | None:
        async with self.changed:
            self.presses.append(press)
            self.changed.notify_all()
        return self.replies.pop(0) if self.replies else None

    async def told(self, count: int = 1) -> list[Message]:
        """The messages, once there are `count` of them."""
        async with asyncio.timeout(120), self.changed:
            await self.changed.wait_for(lambda: len(self.messages) >= count)
        return self.messages

    async def pressed(self, count: int = 1) -> list[Press]:
        async with asyncio.timeout(120), self.changed:
            await self.changed.wait_for(lambda: len(self.presses) >= count)
        return self.presses


@dataclass
class Bench:
    """An adapter that runs on a twin."""

    twin: TelegramTwin
    store: JobStore
    adapter: TelegramAdapter
    desk: NotingDesk
    running: asyncio.Task[None]
    stop: asyncio.Event

    async def ask(self, text: str = "How?", *, chat: int = 7, message: int = 0) -> Job:
        """A stored question, as the desk would have stored it."""
        job = await self.store.add(
            NewJob(
                platform="telegram",
                conversation=str(chat),
                message_id=text,
                user_id="7",
                reply_to=f"{chat}//{message or ''}",
                question=Question(text=text),
            )
        )
        assert job is not None
        return job


async def search(text: str, course: str | None) -> Sequence[Match]:
    words = text.lower().split()
    return [
        Match(document=entry, score=1.0)
        for entry in starters(course)
        if any(word in entry.question.lower() for word in words)
    ]


def starters(course: str | None) -> Sequence[Document]:
    return [entry for entry in FAQ if course in (None, entry.course)]


def adapter_on(
    twin: TelegramTwin,
    store: JobStore,
    *,
    pace: TelegramPace | None = None,
    times: Times = QUICK,
    token: str = TOKEN,
    secret: str = "",
    typing_s: float = TYPING_S,
    **settings: object,
) -> TelegramAdapter:
    return TelegramAdapter(
        TelegramSettings(base_url=twin.base_url, **settings),  # type: ignore[arg-type]
        SecretStr(token),
        store,
        admins=[ADMIN],
        search=search,
        starters=starters,
        webhook_secret=SecretStr(secret) if secret else None,
        pace=pace or at_once(),
        times=times,
        edit_interval_s=0.0,
        typing_s=typing_s,
    )


@asynccontextmanager
async def bench(
    folder: Path,
    *,
    twin: TelegramTwin | None = None,
    without: frozenset[str] = frozenset(),
    **changes: object,
) -> AsyncIterator[Bench]:
    """An adapter that listens, on a new twin unless one is given."""
    async with AsyncExitStack() as stack:
        twin = twin or await stack.enter_async_context(telegram_twin(without=without))
        store = await stack.enter_async_context(JobStore(folder / "questions.sqlite3"))
        adapter = adapter_on(twin, store, **changes)  # type: ignore[arg-type]
        desk, stop = NotingDesk(), asyncio.Event()
        running = asyncio.ensure_future(adapter.run(desk, stop))
        try:
            yield Bench(
                twin=twin, store=store, adapter=adapter, desk=desk, running=running, stop=stop
            )
        finally:
            stop.set()
            await within(asyncio.wait({running}))
            await adapter.close()
