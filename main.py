"""The command line: reads the settings, runs what was asked for, turns errors into exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.assistant import retriever_of, running_assistant, serve
from config.logging import redact, set_up_logging
from config.settings import ConfigError, Secrets, Settings, hub_home, load_secrets, load_settings
from engine.errors import EngineError

if TYPE_CHECKING:
    from bot.desk.model_library import ModelLibrary
    from engine.evaluation.answers import Subject
    from engine.retrieval.retriever import Retriever

T = TypeVar("T")

#: `gpu --watch`: seconds in all, and between two looks.
WATCH_S, WATCH_EVERY_S = 60.0, 3.0
#: Seconds until documents that are measured are read again: figures are of one state of them.
NEVER_S = 1e9

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
DocumentsOption = Annotated[
    Path, typer.Option("--documents", help="The FAQ, in any supported format.")
]
NoVectorsOption = Annotated[
    bool, typer.Option("--no-vectors", help="minsearch alone, as without the embedder.")
]
ResumeOption = Annotated[
    Path | None,
    typer.Option("--resume", help="Keep what is done in this file, to go on after a stop."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def run(config: ConfigOption = None, model: ModelOption = None) -> None:
    """Start the assistant: Telegram and Slack where tokens are set, else the console."""
    settings, secrets = _load(config, model)
    platforms = bool(secrets.telegram_bot_token or secrets.slack_bot_token)
    _run(serve(settings, secrets, console=not platforms))


@app.command()
def chat(config: ConfigOption = None, model: ModelOption = None) -> None:
    """Talk to the assistant here, whatever tokens are set."""
    settings, secrets = _load(config, model)
    _run(serve(settings, secrets, console=True))


@app.command()
def ask(
    question: str,
    course: CourseOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
    show_prompt: Annotated[
        bool,
        typer.Option("--show-prompt", help="Print what the model would read; it is not asked."),
    ] = False,
    explained: Annotated[
        bool, typer.Option("--explain", help="Say as well why the answer is as it is.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer one question and exit."""
    settings, secrets = _load(config, model, quiet=True)
    if show_prompt:
        _run(_show_prompt(settings, secrets, question, course, as_json))
        return
    _run(_ask(settings, secrets, question, course, as_json, explained))


@app.command()
def check(config: ConfigOption = None, model: ModelOption = None) -> None:
    """Look at settings, FAQ, model, GPU and tokens; name every problem; exit 1 if there is one."""
    settings, secrets = _load(config, model, quiet=True)
    _run(_check(settings, secrets))


@app.command()
def gpu(
    config: ConfigOption = None,
    watching: Annotated[
        bool, typer.Option("--watch", help="Look again and again, for a minute.")
    ] = False,
) -> None:
    """The same as /gpu: GPUs, the running model, its speed, queue and last error."""
    from bot.cli.terminal import watch
    from bot.operations.published import STATUS, read_published
    from bot.operations.reports import device_report

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
    from bot.operations.heartbeat import ALIVE, find_trouble
    from bot.operations.published import STATUS, StatusHidden, read_published
    from bot.operations.reports import health_report

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
    from bot.cli.terminal import TransferView
    from engine.models.saved import refuse_existing, save_model

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
    from engine.models.saved import describe_saved

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
    from engine.models.sizes import GB

    freed = _or_exit(lambda: _shelf(config).remove(alias))
    print(f"{freed / GB:.2f} GB freed." if freed else f"{alias} is not on this machine.")


@eval_app.command("retrieval")
def eval_retrieval(
    documents: DocumentsOption,
    questions: Annotated[Path, typer.Option(help="CSV: question, course, document (its id).")],
    offtopic: Annotated[
        Path | None,
        typer.Option(help="CSV: question, kind, perhaps course. Measures the gate as well."),
    ] = None,
    no_vectors: NoVectorsOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hit rate, MRR, latency and the gate on labelled questions, filtered by course."""
    settings, _ = _load(config, None, quiet=True)
    chosen = _measured(settings, documents, no_vectors)
    _run(_eval_retrieval(chosen, questions, offtopic, as_json))


@eval_app.command("answers")
def eval_answers(
    documents: DocumentsOption,
    questions: Annotated[
        Path,
        typer.Option(help="JSONL: question, kind; perhaps course, ids, history, faq."),
    ],
    faq: Annotated[
        str | None, typer.Option("--faq", help="Only the rows that were written for this FAQ.")
    ] = None,
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Without a model: the best entry is quoted.")
    ] = False,
    no_vectors: NoVectorsOption = False,
    resume: ResumeOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """How often people get the right entry, a wrong one, or none, by kind of question."""
    if model is not None and no_model:
        raise typer.BadParameter("--model and --no-model exclude each other.")
    settings, secrets = _load(config, model, quiet=True)
    chosen = _measured(settings, documents, no_vectors)
    _run(_eval_answers(chosen, None if no_model else secrets, questions, faq, resume, as_json))


@eval_app.command("support")
def eval_support(
    cases: Annotated[
        Path,
        typer.Option(help="JSONL: set, group, documents, question, answer, supported."),
    ],
    resume: ResumeOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """How much the truth check shows of answers that the entries support, and of others."""
    settings, secrets = _load(config, None, quiet=True)
    _run(_eval_support(settings, secrets, cases, resume, as_json))


# What the commands do


async def _ask(
    settings: Settings,
    secrets: Secrets,
    text: str,
    course: str | None,
    as_json: bool,
    explained: bool,
) -> None:
    from bot.delivery.asker_language import asker_language
    from bot.desk.explain import explain
    from engine.types import Decision, Question

    async with running_assistant(settings, secrets) as assistant:
        question = Question(text=text, course=course or None)
        answer = await assistant.answerer.answer(question, request_id="ask")
        # By now the FAQ was read.
        language = asker_language(text, None, assistant.retriever.language)
        question = replace(question, language=language)
        corpus, support = assistant.retriever.corpus, assistant.support.name
    if as_json:
        from bot.operations.reports import answer_object

        content = answer_object(question, answer, support)
        if explained:
            content["explanation"] = explain(answer)
        print(json.dumps(content, ensure_ascii=False, indent=2))
        return
    from bot.delivery.render import plain_text
    from bot.delivery.replies import final
    from bot.delivery.texts import say

    if answer.decision is Decision.UNKNOWN_COURSE:
        courses = ", ".join(sorted(corpus.courses)) if corpus else ""
        print(say("course.unknown", language, name=course, courses=courses))
        return
    print(plain_text(final(None, answer, language=language, contact=settings.contact(course))))
    if explained:
        print(f"\nWhy:\n\n{explain(answer)}")


async def _show_prompt(
    settings: Settings, secrets: Secrets, text: str, course: str | None, as_json: bool
) -> None:
    from bot.cli.prompt_preview import preview_object, preview_prompt, preview_text
    from engine.types import Question

    preview = await preview_prompt(settings, secrets, Question(text=text, course=course or None))
    if as_json:
        print(json.dumps(preview_object(preview), ensure_ascii=False, indent=2))
    else:
        print(preview_text(preview))


async def _check(settings: Settings, secrets: Secrets) -> None:
    from bot.operations.checkup import examine

    async with running_assistant(settings, secrets) as assistant:
        findings = await examine(
            settings,
            secrets,
            assistant.retriever,
            assistant.engine,
            assistant.relevance,
            assistant.support,
        )
    for finding in findings:
        print(f"{'ok     ' if finding.good else 'PROBLEM'}  {finding.subject}: {finding.sentence}")
    problems = sum(not finding.good for finding in findings)
    print(f"\n{problems} problem{'' if problems == 1 else 's'}.")
    if problems:
        raise typer.Exit(1)


async def _pull(settings: Settings, secrets: Secrets, alias: str) -> None:
    from bot.cli.terminal import TransferView
    from bot.desk.model_library import ModelLibrary

    shelf = ModelLibrary(settings)
    with TransferView(sys.stderr) as view:
        folder = await shelf.pull(alias, hf_token=secrets.hub_token, on_progress=view.show)
    _say_error(f"{alias} is ready in {folder}. {shelf.pinning(alias)}".rstrip())


async def _gaps(settings: Settings, days: int, limit: int, as_json: bool) -> None:
    from bot.operations.reports import gap_objects, gap_table
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
    settings: Settings, questions: Path, offtopic: Path | None, as_json: bool
) -> None:
    from engine.evaluation.documents import settled_corpus, unknown_ids
    from engine.evaluation.progress import Progress
    from engine.evaluation.retrieval import evaluate_retrieval, read_labelled, read_offtopic

    labelled = read_labelled(questions)
    others = read_offtopic(offtopic) if offtopic else None
    async with _running(retriever_of(settings)) as retriever:
        (source,) = settings.corpus.sources
        corpus = await settled_corpus(retriever, source, _say_error)
        unknown_ids(questions, [one.document for one in labelled], corpus)
        with Progress(sys.stderr) as progress:
            report = await evaluate_retrieval(retriever, labelled, others, progress.show)
    print(json.dumps(asdict(report), indent=2) if as_json else report.table())


async def _eval_answers(
    settings: Settings,
    secrets: Secrets | None,
    questions: Path,
    faq: str | None,
    resume: Path | None,
    as_json: bool,
) -> None:
    """Without `secrets` no model is started."""
    from engine.evaluation.answers import (
        AskedQuestion,
        Judgement,
        evaluate_answers,
        label_notes,
        rows_of,
    )
    from engine.evaluation.progress import Progress
    from engine.evaluation.record import Record, run_key
    from engine.evaluation.rows import read_rows

    rows = rows_of(questions, read_rows(questions, AskedQuestion), faq)
    async with _subject(settings, secrets) as subject:
        for note in label_notes(questions, rows, subject.corpus):
            _say_error(note)
        options = settings.model_dump_json(exclude={"corpus", "data_dir", "logging"})
        model = subject.generator.status().model if subject.generator else None
        key = run_key("answers", rows, subject.corpus.version, model, options)
        path = resume or _record_path(settings, "answers", key)
        with Record(path, key, Judgement, total=len(rows), say=_say_error) as record:
            with Progress(sys.stderr) as progress:
                report = await evaluate_answers(subject, rows, record, progress.show)
            print(json.dumps(asdict(report)) if as_json else report.table(), flush=True)


async def _eval_support(
    settings: Settings, secrets: Secrets, file: Path, resume: Path | None, as_json: bool
) -> None:
    from engine.answer.judges import running_support
    from engine.evaluation.progress import Progress
    from engine.evaluation.record import Record, run_key
    from engine.evaluation.support import Shown, evaluate_support, read_cases

    cases = read_cases(file)
    key = run_key("support", cases, settings.answer.support)
    path = resume or _record_path(settings, "support", key)
    async with running_support(settings.answer, secrets.hub_token) as support:
        with Record(path, key, Shown, total=len(cases), say=_say_error) as record:
            with Progress(sys.stderr) as progress:
                report = await evaluate_support(cases, record, progress.show, support)
            print(json.dumps(asdict(report)) if as_json else report.table(), flush=True)


@asynccontextmanager
async def _subject(settings: Settings, secrets: Secrets | None) -> AsyncIterator[Subject]:
    """What answers over these documents, ready to be asked; without `secrets` without a model."""
    from engine.evaluation.answers import Subject
    from engine.evaluation.documents import settled_corpus
    from engine.serving.status import EngineState

    (source,) = settings.corpus.sources
    if secrets is None:
        async with _running(retriever_of(settings)) as retriever:
            corpus = await settled_corpus(retriever, source, _say_error)
            yield Subject(retriever=retriever, corpus=corpus, generator=None, settings=settings)
        return
    async with running_assistant(settings, secrets) as assistant:
        retriever, engine = assistant.retriever, assistant.engine
        corpus = await settled_corpus(retriever, source, _say_error)
        _say_error("Loading the model …")
        await engine.settled()
        if engine.status().state is not EngineState.READY:
            raise EngineError(f"No model can be asked: {engine.status().detail}")
        yield Subject(retriever=retriever, corpus=corpus, generator=engine, settings=settings)


@asynccontextmanager
async def _running(retriever: Retriever) -> AsyncIterator[Retriever]:
    """`retriever` while it reads and is searched."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as background:
        background.create_task(retriever.run(stop))
        try:
            yield retriever
        finally:
            stop.set()


def _measured(settings: Settings, documents: Path, no_vectors: bool) -> Settings:
    """The settings for a measurement on `documents`, which are read once."""
    corpus = {"sources": (str(documents),), "refresh_s": NEVER_S}
    retrieval = {"embedder": "none"} if no_vectors else {}
    return settings.model_copy(
        update={
            "corpus": settings.corpus.model_copy(update=corpus),
            "retrieval": settings.retrieval.model_copy(update=retrieval),
        }
    )


def _record_path(settings: Settings, what: str, key: str) -> Path:
    return settings.data_dir / "evaluation" / f"{what}-{key}.jsonl"


# Running and failing


def _load(
    config: Path | None, model: str | None, *, quiet: bool = False
) -> tuple[Settings, Secrets]:
    _hold_standard_streams()
    overrides = {"engine": {"model": model}} if model is not None else {}
    settings = _or_exit(lambda: load_settings(config, overrides=overrides))
    secrets = _or_exit(load_secrets)
    if model is not None:
        from engine.models.catalog import AUTO, load_catalog

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


def _shelf(config: Path | None) -> ModelLibrary:
    from bot.desk.model_library import ModelLibrary

    settings, _ = _load(config, None, quiet=True)
    return ModelLibrary(settings)


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
    from bot.operations.published import StatusHidden

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
