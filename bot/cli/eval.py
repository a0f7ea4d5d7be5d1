"""`eval …`: retrieval, answers and the truth check measured on labelled questions."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.errors import say_error
from bot.cli.options import ConfigOption, JsonOption, ModelOption, set_up
from config.settings import Secrets, Settings
from engine.errors import EngineError
from engine.serving.status import EngineState

if TYPE_CHECKING:
    from engine.evaluation.answers import AnswersReport
    from engine.evaluation.support import SupportReport
    from engine.retrieval.retriever import Retriever
    from engine.serving.supervisor import EngineSupervisor

#: Seconds until documents that are measured are read again: figures are of one state of them.
NEVER_S = 1e9

DocumentsOption = Annotated[
    str,
    typer.Option("--documents", help="The FAQ: a file, folder or address, in any known format."),
]
NoVectorsOption = Annotated[
    bool, typer.Option("--no-vectors", help="minsearch alone, as without the embedder.")
]
ResumeOption = Annotated[
    Path | None,
    typer.Option("--resume", help="Keep what is done in this file, to go on after a stop."),
]

eval_app = typer.Typer(help="Measure quality on labelled questions.", no_args_is_help=True)


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
    """Hit rate, MRR, latency and the gate on labelled questions, filtered by course.

    Example: `main.py eval retrieval --documents faq/ --questions questions.csv`
    """
    settings, _ = set_up(config, quiet=True)
    chosen = _measured(settings, documents, no_vectors)
    asyncio.run(_retrieval(chosen, questions, offtopic, as_json))


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
    """How often people get the right entry, a wrong one, or none, by kind of question.

    Example: `main.py eval answers --documents faq/ --questions questions.jsonl --no-model`
    """
    if model is not None and no_model:
        raise typer.BadParameter("--model and --no-model exclude each other.")
    settings, secrets = set_up(config, model, quiet=True)
    chosen = _measured(settings, documents, no_vectors)
    asyncio.run(_answers(chosen, None if no_model else secrets, questions, faq, resume, as_json))


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
    settings, secrets = set_up(config, quiet=True)
    asyncio.run(_support(settings, secrets, cases, resume, as_json))


async def _retrieval(
    settings: Settings, questions: Path, offtopic: Path | None, as_json: bool
) -> None:
    from bot.assistant import running_retriever
    from engine.evaluation.display import Progress
    from engine.evaluation.questions import settled_corpus, unknown_ids
    from engine.evaluation.retrieval import evaluate_retrieval, read_labelled, read_offtopic

    labelled = read_labelled(questions)
    others = read_offtopic(offtopic) if offtopic else None
    async with running_retriever(settings) as retriever:
        await retriever.ready()
        if retriever.corpus and retriever.corpus.documents:  # else the next step says what is wrong
            unknown_ids(questions, [one.document for one in labelled], retriever.corpus)
        (source,) = settings.corpus.sources
        await settled_corpus(retriever, source, say_error)
        with Progress(sys.stderr) as progress:
            report = await evaluate_retrieval(retriever, labelled, others, progress.show)
    print(json.dumps(asdict(report), indent=2) if as_json else report.table())


async def _answers(
    settings: Settings,
    secrets: Secrets | None,
    questions: Path,
    faq: str | None,
    resume: Path | None,
    as_json: bool,
) -> None:
    """Without `secrets` no model is started."""
    from bot.assistant import running_retriever
    from engine.evaluation.answers import JudgedAnswer, Subject, evaluate_answers
    from engine.evaluation.questions import AskedQuestion, label_notes, rows_of, settled_corpus
    from engine.evaluation.record import Record, run_key
    from engine.evaluation.rows import read_rows

    rows = rows_of(questions, read_rows(questions, AskedQuestion), faq)
    async with running_retriever(settings) as retriever:
        (source,) = settings.corpus.sources
        corpus = await settled_corpus(retriever, source, say_error)
        for note in label_notes(questions, rows, corpus):
            say_error(note)
        async with _generator(settings, secrets, retriever) as generator:
            subject = Subject(
                retriever=retriever, corpus=corpus, generator=generator, settings=settings
            )
            options = settings.model_dump_json(exclude={"corpus", "data_dir", "logging"})
            model = generator.status().model if generator else None
            key = run_key("answers", rows, corpus.version, model, options)
            path = resume or _record_path(settings, "answers", key)
            with Record(path, key, JudgedAnswer, total=len(rows), say=say_error) as record:
                await _print_report(
                    lambda progress: evaluate_answers(subject, rows, record, progress), as_json
                )


async def _support(
    settings: Settings, secrets: Secrets, file: Path, resume: Path | None, as_json: bool
) -> None:
    from engine.answer.judges import running_support
    from engine.evaluation.record import Record, run_key
    from engine.evaluation.support import Shown, evaluate_support, read_cases

    cases = read_cases(file)
    key = run_key("support", cases, settings.answer.support)
    path = resume or _record_path(settings, "support", key)
    async with running_support(settings.answer, secrets.hub_token) as support:
        with Record(path, key, Shown, total=len(cases), say=say_error) as record:
            await _print_report(
                lambda progress: evaluate_support(cases, record, progress, support), as_json
            )


async def _print_report(
    evaluate: Callable[[Callable[[int, int], None]], Awaitable[AnswersReport | SupportReport]],
    as_json: bool,
) -> None:
    """Measure and print before the record of the outcomes is deleted."""
    from engine.evaluation.display import Progress

    with Progress(sys.stderr) as progress:
        report = await evaluate(progress.show)
    print(json.dumps(asdict(report)) if as_json else report.table(), flush=True)


@asynccontextmanager
async def _generator(
    settings: Settings, secrets: Secrets | None, retriever: Retriever
) -> AsyncIterator[EngineSupervisor | None]:
    """The model, ready to be asked; None without `secrets`."""
    from bot.assistant import answering_from

    if secrets is None:
        yield None
        return
    async with answering_from(retriever, settings, secrets) as assistant:
        say_error("Loading the model …")
        await assistant.engine.settled()
        status = assistant.engine.status()
        if status.state is not EngineState.READY:
            raise EngineError(f"No model can be asked: {status.detail}")
        yield assistant.engine


def _measured(settings: Settings, documents: str, no_vectors: bool) -> Settings:
    """The settings for a measurement on `documents`, which are read once."""
    corpus = {"sources": (documents,), "refresh_s": NEVER_S}
    retrieval = {"embedder": "none"} if no_vectors else {}
    return settings.model_copy(
        update={
            "corpus": settings.corpus.model_copy(update=corpus),
            "retrieval": settings.retrieval.model_copy(update=retrieval),
        }
    )


def _record_path(settings: Settings, what: str, key: str) -> Path:
    return settings.data_dir / "evaluation" / f"{what}-{key}.jsonl"
