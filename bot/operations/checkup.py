"""Looks at everything that must be right before people are let in; `python main.py check`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.settings import Secrets, Settings
from engine.answer.relevance import Relevance
from engine.errors import StoreError
from engine.grounding.support import Support
from engine.models.gpu import Gpu
from engine.models.hardware import Machine
from engine.models.sizes import GB
from engine.retrieval.retriever import Retriever
from engine.serving.supervisor import EngineSupervisor
from engine.store.database import snapshot
from engine.store.jobs import STORE, JobStore
from engine.types import Corpus, EngineState, EngineStatus, RetrievalMode

#: Below this much free space new questions could not be stored safely.
MIN_FREE_BYTES = 250_000_000
#: An FAQ may hold hundreds of placeholders; the first tell what they look like.
MOST_LEFT_OUT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    good: bool
    #: What was found and, if it is a problem, what to do.
    sentence: str


async def examine(
    settings: Settings,
    secrets: Secrets,
    retriever: Retriever,
    engine: EngineSupervisor,
    relevance: Relevance,
    support: Support,
) -> list[Finding]:
    """All findings, in the order an operator would mend them. Loads the model."""
    machine = Machine()
    await retriever.complete()
    await engine.settled()
    return [
        Finding(subject="settings", good=True, sentence="valid."),
        _data_dir(settings.data_dir),
        *await _questions(settings.data_dir / STORE),
        *_corpus(retriever),
        *_included(settings, retriever),
        _retrieval(settings, retriever),
        _model(engine),
        Finding(subject="relevance", good=True, sentence=f"judged by {relevance.name}."),
        Finding(subject="statements", good=True, sentence=f"checked by {support.name}."),
        gpu_finding(
            machine.read_gpus(engine.pids()),
            engine.status(),
            wanted=settings.engine.device,
            problem=machine.read_device_memory(settings.engine.device).gpu_problem,
        ),
        *_platforms(settings, secrets),
    ]


def _data_dir(path: Path) -> Finding:
    try:
        path.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(path).free
    except OSError as error:
        return Finding(
            subject="data folder",
            good=False,
            sentence=f"{path} cannot be used ({error.strerror}); set FAQ_DATA_DIR.",
        )
    if not os.access(path, os.W_OK):
        return Finding(subject="data folder", good=False, sentence=f"{path} cannot be written to.")
    if free < MIN_FREE_BYTES:
        return Finding(
            subject="data folder",
            good=False,
            sentence=f"{path} has only {free / GB:.2f} GB left; free some space.",
        )
    return Finding(subject="data folder", good=True, sentence=f"{path}, {free / GB:.1f} GB free.")


async def _questions(path: Path) -> list[Finding]:
    """Whether the stored questions can be read; looks at a copy, for the assistant may run."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / STORE
        try:
            snapshot(path, copy)
            async with JobStore(copy):
                return []
        except StoreError as error:
            sentence = str(error).replace(str(copy), str(path))
    return [Finding(subject="stored questions", good=False, sentence=sentence)]


def _corpus(retriever: Retriever) -> list[Finding]:
    corpus = retriever.corpus
    if corpus is None:
        return [Finding(subject="FAQ", good=False, sentence=retriever.detail)]
    problems = [
        Finding(subject="FAQ", good=False, sentence=f"{problem.source}: {problem.reason}")
        for problem in corpus.problems
    ]
    told = _left_out(corpus)
    if not corpus.documents:
        return [*problems, *told] or [
            Finding(subject="FAQ", good=False, sentence="no entries; set FAQ_CORPUS__SOURCES.")
        ]
    courses = ", ".join(sorted(corpus.courses))
    count = Finding(
        subject="FAQ",
        good=True,
        sentence=f"{len(corpus.documents)} entries of {len(corpus.courses)} courses ({courses}).",
    )
    return [count, *problems, *told]


def _left_out(corpus: Corpus) -> list[Finding]:
    """What was read and is no entry, and the images that were taken out; nothing to mend."""
    sentences = [f"{each.source}: {each.reason}" for each in corpus.left_out[:MOST_LEFT_OUT]]
    more = len(corpus.left_out) - len(sentences)
    if more > 0:
        are = "entries are placeholders" if more > 1 else "entry is a placeholder"
        sentences.append(f"{more} more {are} like these.")
    sentences += [f"{each.source}: {each.reason}" for each in corpus.images]
    return [Finding(subject="FAQ", good=True, sentence=sentence) for sentence in sentences]


def _included(settings: Settings, retriever: Retriever) -> list[Finding]:
    """Courses that count as part of another one and that the FAQ does not have."""
    known = retriever.corpus.courses if retriever.corpus else {}
    return [
        Finding(
            subject="courses",
            good=False,
            sentence=f"courses.{name}.includes names {other}, which the FAQ does not have. "
            f"Known: {', '.join(sorted(known))}.",
        )
        for name, others in settings.includes.items()
        for other in others
        if known and name in known and other not in known
    ]


def _retrieval(settings: Settings, retriever: Retriever) -> Finding:
    wanted = settings.retrieval.embedder == "auto"
    good = retriever.mode is not RetrievalMode.LEXICAL or not wanted
    return Finding(subject="retrieval", good=good, sentence=retriever.detail)


def _model(engine: EngineSupervisor) -> Finding:
    status = engine.status()
    facts = ", ".join(part for part in (status.device, status.dtype) if part)
    return Finding(
        subject="model",
        good=status.state is EngineState.READY,
        sentence=f"{status.model or 'none'} {f'on {facts}' if facts else ''}. {status.detail}",
    )


def gpu_finding(gpus: Sequence[Gpu], status: EngineStatus, *, wanted: str, problem: str) -> Finding:
    """Which GPUs there are, and whether the model computes on the CPU in spite of them.

    `wanted` is the setting `engine.device`, `problem` why the GPU cannot be used if that is known.
    """
    if not gpus:
        return Finding(
            subject="GPU", good=True, sentence="no NVIDIA GPU; the model runs on the CPU."
        )
    names = ", ".join(f"{gpu.name} with {gpu.memory_total / GB:.1f} GB" for gpu in gpus)
    if wanted == "cpu" or not status.device.startswith("CPU"):
        return Finding(subject="GPU", good=True, sentence=f"{names}.")
    reason = problem or f"PyTorch does not use the GPU, whose driver is {gpus[0].driver}"
    return Finding(
        subject="GPU",
        good=False,
        sentence=f"{names}, but {status.model} computes on the CPU: {reason}. "
        "Where that is as it should be, set engine.device to cpu.",
    )


def _platforms(settings: Settings, secrets: Secrets) -> list[Finding]:
    findings = [
        Finding(
            subject="Telegram",
            good=True,
            sentence="on." if secrets.telegram_bot_token else "off (no TELEGRAM_BOT_TOKEN).",
        )
    ]
    if secrets.slack_bot_token is None:
        stray = secrets.slack_app_token or secrets.slack_signing_secret
        findings.append(
            Finding(
                subject="Slack",
                good=not stray,
                sentence="SLACK_BOT_TOKEN is missing beside the other Slack secret."
                if stray
                else "off (no SLACK_BOT_TOKEN).",
            )
        )
    elif secrets.slack_app_token is None and secrets.slack_signing_secret is None:
        findings.append(
            Finding(
                subject="Slack",
                good=False,
                sentence="needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP).",
            )
        )
    else:
        findings.append(Finding(subject="Slack", good=True, sentence="on."))
    return findings + _staff(settings, secrets)


def _staff(settings: Settings, secrets: Secrets) -> list[Finding]:
    """Platforms that are on and where nobody may switch models."""
    admins = settings.admins
    lacking = [
        (name, variable)
        for name, variable, token, staff in (
            ("Telegram", "FAQ_ADMINS__TELEGRAM", secrets.telegram_bot_token, admins.telegram),
            ("Slack", "FAQ_ADMINS__SLACK", secrets.slack_bot_token, admins.slack),
        )
        if token and not staff
    ]
    return [
        Finding(
            subject="admins",
            good=True,
            sentence=f"no {name} admin is set; nobody there can use /model NAME and /gpu "
            f"until {variable} names somebody.",
        )
        for name, variable in lacking
    ]
