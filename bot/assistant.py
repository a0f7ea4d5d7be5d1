"""Puts the parts of the assistant together, and takes them down in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from bot.adapter import ChatAdapter
from bot.delivery.delivery import Delivery
from bot.desk.commands import MODEL_KEY, Commands
from bot.desk.desk import FaqDesk, is_admin
from bot.desk.model_library import ModelLibrary
from bot.desk.starters import starters
from bot.operations.heartbeat import ALIVE, beat
from bot.operations.published import STATUS, publish
from config.settings import Secrets, Settings
from engine.answer.answering import Answerer
from engine.answer.assessment import Assessments
from engine.answer.dispatcher import Dispatcher
from engine.answer.readers import running_relevance, running_support
from engine.answer.relevance import Relevance
from engine.corpus.loader import CorpusLoader
from engine.grounding.support import Support
from engine.models.catalog import load_catalog
from engine.retrieval.minilm import MiniLmEmbedder
from engine.retrieval.multilingual import E5Embedder
from engine.retrieval.retriever import Retriever
from engine.serving.supervisor import EngineSupervisor
from engine.store.jobs import STORE, JobStore
from engine.types import Match, Question

#: Entries offered by Telegram's inline search.
NUM_INLINE = 20

BANNER = (
    "**FAQ Desk** · ask a question about the course · `/help` lists the commands · `/quit` leaves"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """What answers questions; its retriever and engine are running."""

    retriever: Retriever
    engine: EngineSupervisor
    relevance: Relevance
    support: Support
    answerer: Answerer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reception:
    """What people reach the assistant through."""

    adapters: dict[str, ChatAdapter]
    desk: FaqDesk
    dispatcher: Dispatcher
    delivery: Delivery


async def serve(settings: Settings, secrets: Secrets, *, console: bool) -> None:
    """The assistant with its platforms, until it is told to stop or a platform is lost.

    Stopping goes outside in: adapters take nothing more in, the running answer ends or goes back
    to the queue, the last messages go out, then engine and store close.
    """
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(JobStore(settings.data_dir / STORE))
        preferred = await store.get_value(MODEL_KEY)
        assistant = await stack.enter_async_context(
            running_assistant(settings, secrets, preferred=preferred)
        )
        reception = _reception(settings, secrets, store, assistant, console=console)
        _stop_on_signals(stop, reception.adapters)
        await _receive(reception, settings, store, assistant, stop)
        for adapter in reception.adapters.values():
            await adapter.close()


@asynccontextmanager
async def running_assistant(
    settings: Settings, secrets: Secrets, *, preferred: str | None = None
) -> AsyncIterator[Assistant]:
    """Start retrieval and the engine process; end them when the block ends.

    `preferred` is the model that staff chose before, which counts where the settings say `auto`.
    """
    retriever = retriever_of(settings)
    engine = EngineSupervisor(
        settings.engine,
        catalog=load_catalog(settings.engine.catalog),
        models_dir=settings.data_dir / "models",
        hf_token=secrets.hub_token,
        preferred=preferred,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as background:
        background.create_task(retriever.run(stop))
        background.create_task(engine.run(stop))
        try:
            async with (
                running_relevance(settings.answer, engine, secrets.hub_token) as relevance,
                running_support(settings.answer, secrets.hub_token) as support,
            ):
                yield Assistant(
                    retriever=retriever,
                    engine=engine,
                    relevance=relevance,
                    support=support,
                    answerer=Answerer(retriever, engine, settings, relevance, support),
                )
        finally:
            stop.set()


def retriever_of(settings: Settings) -> Retriever:
    """The retriever over the FAQ that the settings name; reads nothing yet."""
    loader = CorpusLoader(
        settings.corpus,
        cache_dir=settings.data_dir / "cache" / "corpus",
        course_titles={name: c.title for name, c in settings.courses.items() if c.title},
    )
    vectors = settings.retrieval.embedder == "auto"
    return Retriever(
        loader,
        settings.retrieval,
        refresh_s=settings.corpus.refresh_s,
        embedder_factory=MiniLmEmbedder if vectors else None,
        multilingual_factory=E5Embedder if vectors else None,
        includes=settings.includes,
        cache_dir=settings.data_dir / "cache" / "vectors",
    )


def _reception(
    settings: Settings, secrets: Secrets, store: JobStore, assistant: Assistant, *, console: bool
) -> _Reception:
    adapters: dict[str, ChatAdapter] = {}
    assessments = Assessments(assistant.answerer.assess)
    delivery = Delivery(
        store,
        assessments,
        adapters,
        eta_s=lambda place: dispatcher.eta_s(place),
        engine_status=assistant.engine.status,
        contact=settings.contact,
        # Who sits at the console has no buttons.
        explains=lambda job: not console and is_admin(settings, job.platform, job.user_id),
    )
    dispatcher = Dispatcher(store, assistant.answerer, assessments, delivery, assistant.engine)
    commands = Commands(
        store,
        assistant.retriever,
        assistant.engine,
        ModelLibrary(settings).choices,
        relevance=assistant.relevance,
        support=assistant.support,
        is_admin=lambda platform, user: is_admin(settings, platform, user),
    )
    adapters |= _adapters(settings, secrets, store, assistant, commands, console=console)
    desk = FaqDesk(settings, store, dispatcher, delivery, commands, adapters)
    return _Reception(adapters=adapters, desk=desk, dispatcher=dispatcher, delivery=delivery)


async def _receive(
    reception: _Reception,
    settings: Settings,
    store: JobStore,
    assistant: Assistant,
    stop: asyncio.Event,
) -> None:
    """Take in, answer and deliver until `stop`, and deliver what was answered then."""
    drained = asyncio.Event()
    engine, folder = assistant.engine, settings.data_dir
    async with asyncio.TaskGroup() as background:
        background.create_task(reception.delivery.run(drained), name="delivery")
        try:
            async with asyncio.TaskGroup() as front:
                tasks = [front.create_task(reception.dispatcher.run(stop), name="dispatcher")]
                tasks += [
                    front.create_task(adapter.run(reception.desk, stop), name=name)
                    for name, adapter in reception.adapters.items()
                ]
                background.create_task(
                    beat(folder / ALIVE, stop, tasks=tasks, engine_status=engine.status)
                )
                background.create_task(
                    publish(folder / STATUS, stop, engine=engine, queue_length=store.queue_length)
                )
        finally:
            drained.set()


def _adapters(
    settings: Settings,
    secrets: Secrets,
    store: JobStore,
    assistant: Assistant,
    commands: Commands,
    *,
    console: bool,
) -> dict[str, ChatAdapter]:
    """The platforms that have tokens, or the console. Raises ConfigError."""
    if console:
        from bot.console.console import open_console

        return {"console": open_console(BANNER, assistant.retriever.ready)}
    adapters: dict[str, ChatAdapter] = {}
    if secrets.telegram_bot_token:
        token = secrets.telegram_bot_token
        adapters["telegram"] = _telegram(settings, token, secrets, store, assistant.retriever)
    if secrets.slack_bot_token:
        token = secrets.slack_bot_token
        adapters["slack"] = _slack(settings, token, secrets, store, assistant.retriever, commands)
    return adapters


def _telegram(
    settings: Settings,
    token: SecretStr,
    secrets: Secrets,
    store: JobStore,
    retriever: Retriever,
) -> ChatAdapter:
    from bot.telegram.adapter import TelegramAdapter

    async def search(text: str, course: str | None) -> Sequence[Match]:
        question = Question(text=text, course=course)
        return (await retriever.search(question, NUM_INLINE)).matches

    return TelegramAdapter(
        settings.telegram,
        token,
        store,
        admins=settings.admins.telegram,
        search=search,
        starters=lambda course: starters(retriever.corpus, course),
        webhook_secret=secrets.telegram_webhook_secret,
    )


def _slack(
    settings: Settings,
    token: SecretStr,
    secrets: Secrets,
    store: JobStore,
    retriever: Retriever,
    commands: Commands,
) -> ChatAdapter:
    from bot.slack.adapter import SlackAdapter

    async def status() -> str:
        return (await commands.status()).text

    return SlackAdapter(
        settings.slack,
        token,
        secrets.slack_app_token,
        secrets.slack_signing_secret,
        store,
        is_staff=lambda user: is_admin(settings, "slack", user),
        status=status,
        starters=lambda: [entry.question for entry in starters(retriever.corpus, None)],
    )


def _stop_on_signals(stop: asyncio.Event, adapters: dict[str, ChatAdapter]) -> None:
    """The first SIGTERM or Ctrl-C stops in order; the console uses Ctrl-C to stop an answer."""
    loop = asyncio.get_running_loop()
    console = adapters.get("console")

    def interrupt() -> None:
        if not (console is not None and console.interrupt()):  # type: ignore[attr-defined]
            stop.set()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
