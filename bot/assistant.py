"""Puts the parts of the assistant together, and takes them down in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from pydantic import SecretStr

from bot.adapter import ChatAdapter
from bot.delivery.texts import texts
from bot.desk.admins import is_admin
from bot.desk.commands import MODEL_KEY, Commands
from bot.desk.model_library import ModelLibrary
from bot.desk.starters import starters
from bot.faq import corpus_loader
from bot.reception import reception_of
from config.settings import Secrets, Settings
from engine.answer.answering import Answerer
from engine.answer.judges import running_relevance, running_support
from engine.answer.relevance import Relevance
from engine.grounding.support import Support
from engine.models.catalog import AUTO, load_catalog
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
        commands = Commands(
            store,
            assistant.retriever,
            assistant.engine,
            ModelLibrary(settings.engine, settings.models_dir).choices,
            relevance=assistant.relevance,
            support=assistant.support,
            is_admin=partial(is_admin, settings.admins),
        )
        adapters = _adapters(settings, secrets, commands, console=console)
        reception = reception_of(settings, assistant.answerer, commands, adapters, assistant.engine)
        for adapter in adapters.values():
            stack.push_async_callback(adapter.close)
        _stop_on_signals(stop, adapters.values())
        await reception.run(stop, settings.data_dir)


@asynccontextmanager
async def running_assistant(
    settings: Settings, secrets: Secrets, *, preferred: str | None = None
) -> AsyncIterator[Assistant]:
    """Start retrieval and the engine process; end them when the block ends. See `answering_from`
    for `preferred` and what is raised."""
    async with (
        running_retriever(settings) as retriever,
        answering_from(retriever, settings, secrets, preferred=preferred) as assistant,
    ):
        yield assistant


@asynccontextmanager
async def answering_from(
    retriever: Retriever, settings: Settings, secrets: Secrets, *, preferred: str | None = None
) -> AsyncIterator[Assistant]:
    """Start the engine process beside a running `retriever`; end it when the block ends.

    `preferred` is the model that staff chose before, which counts where the settings say `auto`.
    Raises, before a process is started, ConfigError where the file of a language is wrong, and
    ModelError where the catalogue is or has no model of the name in the settings.
    """
    texts()  # fails here rather than in a chat
    catalog = load_catalog(settings.engine.catalog)
    if settings.engine.model != AUTO:
        catalog.get(settings.engine.model)
    engine = EngineSupervisor(
        settings.engine,
        catalog=catalog,
        models_dir=settings.models_dir,
        hf_token=secrets.hub_token,
        preferred=preferred,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as background:
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


@asynccontextmanager
async def running_retriever(settings: Settings) -> AsyncIterator[Retriever]:
    """Read the FAQ that the settings name and keep it searchable until the block ends."""
    loader = corpus_loader(settings)
    vectors = settings.retrieval.embedder == "auto"
    retriever = Retriever(
        loader,
        settings.retrieval,
        refresh_s=settings.corpus.refresh_s,
        embedder_factory=MiniLmEmbedder if vectors else None,
        multilingual_factory=E5Embedder if vectors else None,
        includes=settings.includes,
        cache_dir=settings.data_dir / "cache" / "vectors",
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as background:
        background.create_task(retriever.run(stop))
        try:
            yield retriever
        finally:
            stop.set()


def _adapters(
    settings: Settings, secrets: Secrets, commands: Commands, *, console: bool
) -> dict[str, ChatAdapter]:
    """The platforms that have tokens, or the console. Raises ConfigError."""
    if console:
        from bot.console.adapter import open_console

        return {"console": open_console(BANNER)}
    adapters: dict[str, ChatAdapter] = {}
    if secrets.telegram_bot_token:
        adapters["telegram"] = _telegram(settings, secrets.telegram_bot_token, secrets, commands)
    if secrets.slack_bot_token:
        adapters["slack"] = _slack(settings, secrets.slack_bot_token, secrets, commands)
    return adapters


def _telegram(
    settings: Settings, token: SecretStr, secrets: Secrets, commands: Commands
) -> ChatAdapter:
    from bot.telegram.adapter import TelegramAdapter

    retriever = commands.retriever

    async def search(text: str, course: str | None) -> Sequence[Match]:
        question = Question(text=text, course=course)
        return (await retriever.search(question, NUM_INLINE)).matches

    return TelegramAdapter(
        settings.telegram,
        token,
        commands.store,
        admins=settings.admins.telegram,
        search=search,
        starters=lambda course: starters(retriever.corpus, course),
        webhook_secret=secrets.telegram_webhook_secret,
    )


def _slack(
    settings: Settings, token: SecretStr, secrets: Secrets, commands: Commands
) -> ChatAdapter:
    from bot.slack.adapter import SlackAdapter

    async def status() -> str:
        return (await commands.status()).text

    return SlackAdapter(
        settings.slack,
        token,
        secrets.slack_app_token,
        secrets.slack_signing_secret,
        commands.store,
        is_staff=partial(commands.is_admin, "slack"),
        status=status,
        starters=lambda: [e.question for e in starters(commands.retriever.corpus, None)],
    )


def _stop_on_signals(stop: asyncio.Event, adapters: Collection[ChatAdapter]) -> None:
    """The first SIGTERM or Ctrl-C stops in order; the console uses Ctrl-C to stop an answer."""

    def interrupt() -> None:
        if not any(adapter.interrupt() for adapter in adapters):
            stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
