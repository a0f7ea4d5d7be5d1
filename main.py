"""The command line and the composition root: what is built, in which order, and how it stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from config.logging import redact, set_up_logging
from config.settings import ConfigError, Secrets, Settings, hub_home, load_secrets, load_settings
from engine.errors import EngineError

if TYPE_CHECKING:
    from bot.adapter import ChatAdapter
    from bot.commands import Commands
    from bot.model_shelf import ModelShelf
    from engine.answering import Answerer
    from engine.process import EngineProcess
    from engine.retrieval.retriever import Retriever
    from engine.store.jobs import JobStore
    from engine.types import Match

T = TypeVar("T")

#: The file in the data folder that stays fresh while the assistant is well.
ALIVE = "alive"
#: Entries offered by Telegram's inline search.
NUM_INLINE = 20
#: `gpu --watch`: seconds in all, and between two looks.
WATCH_S, WATCH_EVERY_S = 60.0, 3.0

app = typer.Typer(
    help="FAQ Desk answers course questions from the FAQ: in Slack, Telegram or a terminal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
models_app = typer.Typer(help="The generation models.", no_args_is_help=True)
eval_app = typer.Typer(help="Measure quality on labelled questions.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(eval_app, name="eval")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A YAML file with your own settings.")
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="Alias of the model, instead of the configured one.")
]
CourseOption = Annotated[
    str | None, typer.Option("--course", help="Search in this course only (its machine name).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def run(config: ConfigOption = None, model: ModelOption = None) -> None:
    """Start the assistant: Telegram and Slack where tokens are set, else the console."""
    settings, secrets = _load(config, model)
    platforms = bool(secrets.telegram_bot_token or secrets.slack_bot_token)
    _run(_serve(settings, secrets, console=not platforms))


@app.command()
def chat(config: ConfigOption = None, model: ModelOption = None) -> None:
    """Talk to the assistant here, whatever tokens are set."""
    settings, secrets = _load(config, model)
    _run(_serve(settings, secrets, console=True))


@app.command()
def ask(
    question: str,
    course: CourseOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer one question and exit."""
    settings, secrets = _load(config, model, quiet=True)
    _run(_ask(settings, secrets, question, course, as_json))


@app.command()
def check(config: ConfigOption = None, model: ModelOption = None) -> None:
    """Look at settings, FAQ, model, card and tokens; name every problem; exit 1 if there is one."""
    settings, secrets = _load(config, model, quiet=True)
    _run(_check(settings, secrets))


@app.command()
def gpu(
    config: ConfigOption = None,
    watching: Annotated[
        bool, typer.Option("--watch", help="Look again and again, for a minute.")
    ] = False,
) -> None:
    """The same as /gpu: cards, the running model, its speed, queue and last error."""
    from bot.published import STATUS, read_published
    from bot.reports import device_report
    from bot.terminal import watch

    settings, _ = _load(config, None, quiet=True)
    pauses = iter(range(round(WATCH_S / WATCH_EVERY_S) if watching else 0))

    def pause() -> bool:
        if next(pauses, None) is None:
            return False
        sleep(WATCH_EVERY_S)
        return True

    def look() -> str:
        return device_report(read_published(settings.data_dir / STATUS), settings.data_dir)

    _or_exit(lambda: watch(look, sys.stdout, pause))


@app.command()
def health(config: ConfigOption = None) -> None:
    """Exit 0 while the assistant of this data folder is well, else say why not and exit 1."""
    from bot.heartbeat import find_trouble
    from bot.published import STATUS, StatusHidden, read_published
    from bot.reports import health_report

    settings, _ = _load(config, None, quiet=True)
    trouble = find_trouble(settings.data_dir / ALIVE)
    try:
        published = read_published(settings.data_dir / STATUS)
    except StatusHidden:  # it only says more than the file that tells whether all is well
        published = None
    report = health_report(trouble, published)
    if trouble:
        _say_error(report)
        raise typer.Exit(1)
    print(report)


@app.command()
def gaps(
    days: Annotated[int, typer.Option(help="How far to look back.", min=1)] = 30,
    limit: Annotated[int, typer.Option(help="Most questions to list.", min=1)] = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was asked and not answered, or answered badly: what the FAQ lacks."""
    settings, _ = _load(config, None, quiet=True)
    _run(_gaps(settings, days, limit, as_json))


@models_app.command("list")
def models_list(config: ConfigOption = None) -> None:
    """The catalogue: aliases, sizes, licences, and which are here already."""
    for choice in _or_exit(_shelf(config).choices):
        print(f"{choice.alias:20} {choice.summary}")


@models_app.command("pull")
def models_pull(alias: str, config: ConfigOption = None) -> None:
    """Fetch a model and make it ready, so that it loads without a network."""
    settings, secrets = _load(config, None, quiet=True)
    _run(_pull(settings, secrets, alias))


@models_app.command("save")
def models_save(alias: str, folder: Path, config: ConfigOption = None) -> None:
    """Save a model to a new folder, with sums, for machines without a login or network."""
    from bot.terminal import TransferView
    from engine.saved_model import refuse_existing, save_model

    _or_exit(lambda: refuse_existing(folder))
    models_pull(alias, config)
    entry, found = _or_exit(lambda: _shelf(config).find(alias))
    assert found is not None  # it was pulled just now
    with TransferView(sys.stderr) as view:
        manifest = _or_exit(lambda: save_model(entry, found, folder, on_progress=view.show))
    print(f"{len(manifest.files)} files of {alias} are saved in {folder}.")


@models_app.command("show")
def models_show(alias: str, config: ConfigOption = None) -> None:
    """Where a model's weights lie, where they come from, and whether they are as saved."""
    from engine.saved_model import describe_saved

    entry, found = _or_exit(lambda: _shelf(config).find(alias))
    facts = next(c.summary for c in _or_exit(_shelf(config).choices) if c.alias == alias)
    print(f"{alias}: {entry.hub_id}, {facts}.")
    print(_or_exit(lambda: describe_saved(found)) if found else "Not on this machine.")
    pinning = _or_exit(lambda: _shelf(config).pinning(alias))
    if pinning:
        print(pinning)


@models_app.command("remove")
def models_remove(alias: str, config: ConfigOption = None) -> None:
    """Delete a model's weights from this machine, those in the hub's cache too."""
    freed = _or_exit(lambda: _shelf(config).remove(alias))
    print(f"{freed / 1e9:.2f} GB freed." if freed else f"{alias} is not on this machine.")


@eval_app.command("retrieval")
def eval_retrieval(
    documents: Annotated[Path, typer.Option(help="The FAQ, in any supported format.")],
    questions: Annotated[Path, typer.Option(help="CSV: question, course, document (its id).")],
    offtopic: Annotated[
        Path | None, typer.Option(help="CSV: question, kind. Measures the gate as well.")
    ] = None,
    no_vectors: Annotated[
        bool, typer.Option("--no-vectors", help="minsearch alone, as without the embedder.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hit rate, MRR, latency and the gate on labelled questions, filtered by course."""
    settings, _ = _load(config, None, quiet=True)
    _run(_eval_retrieval(settings, documents, questions, offtopic, no_vectors, as_json))


# Composition


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """What answers questions; its retriever and engine are running."""

    retriever: Retriever
    engine: EngineProcess
    answerer: Answerer


@asynccontextmanager
async def running_assistant(
    settings: Settings, secrets: Secrets, *, preferred: str | None = None
) -> AsyncIterator[Assistant]:
    """Start retrieval and the engine process; end them when the block ends.

    `preferred` is the model that staff chose before, which counts where the settings say `auto`.
    """
    from engine.answering import Answerer
    from engine.catalog import load_catalog
    from engine.process import EngineProcess

    retriever = _retriever(settings)
    engine = EngineProcess(
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
            yield Assistant(
                retriever=retriever,
                engine=engine,
                answerer=Answerer(retriever, engine, settings),
            )
        finally:
            stop.set()


def _retriever(settings: Settings) -> Retriever:
    from engine.corpus.loader import CorpusLoader
    from engine.retrieval.embedder import MiniLmEmbedder
    from engine.retrieval.retriever import Retriever

    loader = CorpusLoader(
        settings.corpus,
        cache_dir=settings.data_dir / "cache" / "corpus",
        course_titles={name: c.title for name, c in settings.courses.items() if c.title},
    )
    return Retriever(
        loader,
        settings.retrieval,
        refresh_s=settings.corpus.refresh_s,
        embedder_factory=MiniLmEmbedder if settings.retrieval.embedder == "auto" else None,
        cache_dir=settings.data_dir / "cache" / "vectors",
    )


async def _serve(settings: Settings, secrets: Secrets, *, console: bool) -> None:
    """The assistant with its platforms, until it is told to stop or a platform is lost.

    Stopping goes outside in: adapters take nothing more in, the running answer ends or goes back
    to the queue, the last messages go out, then engine and store close.
    """
    from bot.commands import MODEL_KEY, Commands
    from bot.delivery import Delivery
    from bot.desk import FaqDesk, is_admin
    from bot.heartbeat import beat
    from bot.model_shelf import ModelShelf
    from bot.published import STATUS, publish
    from engine.dispatcher import Dispatcher
    from engine.store.jobs import STORE, JobStore

    stop, drained = asyncio.Event(), asyncio.Event()
    store = JobStore(settings.data_dir / STORE)
    adapters: dict[str, ChatAdapter] = {}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(store)
        preferred = await store.get_value(MODEL_KEY)
        assistant = await stack.enter_async_context(
            running_assistant(settings, secrets, preferred=preferred)
        )
        delivery = Delivery(
            store,
            assistant.retriever,
            adapters,
            eta_s=lambda place: dispatcher.eta_s(place),
            engine_status=assistant.engine.status,
            contact=settings.contact,
        )
        dispatcher = Dispatcher(
            store, assistant.answerer, delivery, slots=assistant.engine.capacity
        )
        commands = Commands(
            store,
            assistant.retriever,
            assistant.engine,
            ModelShelf(settings).choices,
            is_admin=lambda platform, user: is_admin(settings, platform, user),
        )
        adapters |= _adapters(settings, secrets, store, assistant, commands, console=console)
        desk = FaqDesk(settings, store, dispatcher, delivery, commands, adapters)
        _stop_on_signals(stop, adapters)
        async with asyncio.TaskGroup() as background:
            background.create_task(delivery.run(drained), name="delivery")
            try:
                async with asyncio.TaskGroup() as front:
                    tasks = [front.create_task(dispatcher.run(stop), name="dispatcher")]
                    tasks += [
                        front.create_task(adapter.run(desk, stop), name=name)
                        for name, adapter in adapters.items()
                    ]
                    background.create_task(
                        beat(
                            settings.data_dir / ALIVE,
                            stop,
                            tasks=tasks,
                            engine_status=assistant.engine.status,
                        )
                    )
                    background.create_task(
                        publish(
                            settings.data_dir / STATUS,
                            stop,
                            engine=assistant.engine,
                            queue_length=store.queue_length,
                        )
                    )
            finally:
                drained.set()
        for adapter in adapters.values():
            await adapter.close()


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
        from bot.console import open_console

        return {"console": open_console(_BANNER, assistant.retriever.ready)}
    from bot.desk import is_admin
    from bot.starters import starters
    from engine.types import Question

    async def search(text: str, course: str | None) -> Sequence[Match]:
        question = Question(text=text, course=course)
        return (await assistant.retriever.search(question, NUM_INLINE)).matches

    adapters: dict[str, ChatAdapter] = {}
    if secrets.telegram_bot_token:
        from bot.telegram.adapter import TelegramAdapter

        adapters["telegram"] = TelegramAdapter(
            settings.telegram,
            secrets.telegram_bot_token,
            store,
            admins=settings.admins.telegram,
            search=search,
            starters=lambda course: starters(assistant.retriever.corpus, course),
            webhook_secret=secrets.telegram_webhook_secret,
        )
    if secrets.slack_bot_token:
        from bot.slack.adapter import SlackAdapter

        async def status() -> str:
            return (await commands.status()).text

        adapters["slack"] = SlackAdapter(
            settings.slack,
            secrets.slack_bot_token,
            secrets.slack_app_token,
            secrets.slack_signing_secret,
            store,
            is_staff=lambda user: is_admin(settings, "slack", user),
            status=status,
            starters=lambda: [d.question for d in starters(assistant.retriever.corpus, None)],
        )
    return adapters


_BANNER = (
    "**FAQ Desk** · ask a question about the course · `/help` lists the commands · `/quit` leaves"
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


# What the commands do


async def _ask(
    settings: Settings, secrets: Secrets, text: str, course: str | None, as_json: bool
) -> None:
    from engine.types import Decision, Question

    async with running_assistant(settings, secrets) as assistant:
        question = Question(text=text, course=course or None)
        answer = await assistant.answerer.answer(question, request_id="ask")
    if as_json:
        from bot.reports import answer_object

        print(json.dumps(answer_object(question, answer), ensure_ascii=False, indent=2))
        return
    from bot.render import plain_text
    from bot.replies import final

    if answer.decision is Decision.UNKNOWN_COURSE:
        print(f"{answer.text} {answer.reason}")
        return
    print(plain_text(final(None, answer, language=None, contact=settings.contact(course))))


async def _check(settings: Settings, secrets: Secrets) -> None:
    from bot.checkup import examine

    async with running_assistant(settings, secrets) as assistant:
        findings = await examine(settings, secrets, assistant.retriever, assistant.engine)
    for finding in findings:
        print(f"{'ok     ' if finding.good else 'PROBLEM'}  {finding.subject}: {finding.sentence}")
    problems = sum(not finding.good for finding in findings)
    print(f"\n{problems} problem{'' if problems == 1 else 's'}.")
    if problems:
        raise typer.Exit(1)


async def _pull(settings: Settings, secrets: Secrets, alias: str) -> None:
    from bot.model_shelf import ModelShelf
    from bot.terminal import TransferView

    shelf = ModelShelf(settings)
    with TransferView(sys.stderr) as view:
        folder = await shelf.pull(alias, hf_token=secrets.hub_token, on_progress=view.show)
    _say_error(f"{alias} is ready in {folder}. {shelf.pinning(alias)}".rstrip())


async def _gaps(settings: Settings, days: int, limit: int, as_json: bool) -> None:
    from bot.reports import gap_objects, gap_table
    from engine.store.database import snapshot
    from engine.store.jobs import STORE, JobStore

    since = datetime.now(UTC) - timedelta(days=days)
    with tempfile.TemporaryDirectory() as folder:  # the assistant may be running on the original
        copy = Path(folder) / "questions.sqlite3"
        snapshot(settings.data_dir / STORE, copy)
        async with JobStore(copy) as store:
            jobs = await store.unanswered(since, limit)
    if as_json:
        print(json.dumps(gap_objects(jobs), ensure_ascii=False, indent=2))
        return
    print(gap_table(jobs))
    print(f"{len(jobs)} questions in the last {days} days.")


async def _eval_retrieval(
    settings: Settings,
    documents: Path,
    questions: Path,
    offtopic: Path | None,
    no_vectors: bool,
    as_json: bool,
) -> None:
    from engine.retrieval.evaluation import evaluate_retrieval, read_labelled, read_offtopic

    chosen = settings.model_copy(
        update={
            "corpus": settings.corpus.model_copy(update={"sources": (str(documents),)}),
            "retrieval": settings.retrieval.model_copy(
                update={"embedder": "none" if no_vectors else settings.retrieval.embedder}
            ),
        }
    )
    retriever = _retriever(chosen)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as background:
        background.create_task(retriever.run(stop))
        try:
            _say_error("Reading the documents; new vectors may take a minute …")
            await retriever.settled()
            report = await evaluate_retrieval(
                retriever,
                read_labelled(questions),
                read_offtopic(offtopic) if offtopic else None,
            )
        finally:
            stop.set()
    print(json.dumps(asdict(report), indent=2) if as_json else report.table())


# Running and failing


def _load(
    config: Path | None, model: str | None, *, quiet: bool = False
) -> tuple[Settings, Secrets]:
    _hold_standard_streams()
    overrides = {"engine": {"model": model}} if model is not None else {}
    settings = _or_exit(lambda: load_settings(config, overrides=overrides))
    secrets = _or_exit(load_secrets)
    if model is not None:
        from engine.catalog import AUTO, load_catalog

        if model != AUTO:
            _or_exit(lambda: load_catalog(settings.engine.catalog).get(model))
    on_platforms = bool(secrets.telegram_bot_token or secrets.slack_bot_token)
    logging_settings = settings.logging
    if (quiet or not on_platforms) and "level" not in logging_settings.model_fields_set:
        logging_settings = logging_settings.model_copy(update={"level": "WARNING"})
    set_up_logging(logging_settings)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    home = hub_home()
    if home:
        os.environ["HF_HOME"] = home
    return settings, secrets


def _hold_standard_streams() -> None:
    """Started with one of them closed, the next opened file would take its number: the database
    would be printed into, or handed to the engine."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _shelf(config: Path | None) -> ModelShelf:
    from bot.model_shelf import ModelShelf

    settings, _ = _load(config, None, quiet=True)
    return ModelShelf(settings)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; errors of ours become one sentence and exit code 1."""

    def go() -> None:
        try:
            asyncio.run(work)
        except BaseExceptionGroup as group:
            raise _first(group) from None

    _or_exit(go)


def _first(error: BaseException) -> BaseException:
    """The first real error of a task group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _or_exit(work: Callable[[], T]) -> T:
    from bot.adapter import PlatformLost
    from bot.published import StatusHidden

    try:
        return work()
    except (ConfigError, EngineError, PlatformLost, StatusHidden) as error:
        _say_error(redact(str(error)))
        raise typer.Exit(1) from None
    except BrokenPipeError:  # whoever read our output has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(1) from None
    except OSError as error:
        _say_error(f"{error.strerror or error}.")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _say_error(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    app()
