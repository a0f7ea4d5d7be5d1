"""Looks at everything that must be right before people are let in; `python main.py check`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.delivery.texts import texts
from bot.findings import Finding
from bot.operations.ids import id_problems
from bot.operations.platforms import is_running, platform_problems
from bot.operations.stored_questions import opened_copy
from config.loading import foreign_variables
from config.settings import (
    AdminsSettings,
    CourseSettings,
    RetrievalSettings,
    Secrets,
    Settings,
)
from engine.answer.relevance import Relevance
from engine.corpus.corpus import Corpus
from engine.corpus.web.hosts import proxy_for_any
from engine.errors import StoreError
from engine.grounding.support import Support
from engine.models.gpu import Gpu
from engine.models.hardware import Machine
from engine.models.memory import GB
from engine.retrieval.retriever import Retriever
from engine.serving.status import EngineState, EngineStatus
from engine.serving.supervisor import EngineSupervisor
from engine.store.jobs import STORE
from engine.types import RetrievalMode

#: Below this much free space new questions could not be stored safely.
MIN_FREE_BYTES = 250_000_000
#: An FAQ may hold hundreds of placeholders; the first tell what they look like.
MOST_LEFT_OUT = 20


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
        *await examine_settings(settings, secrets),
        _fine("languages", f"{', '.join(texts().languages)}."),
        *_corpus(retriever),
        *_surroundings(settings),
        *_included(settings.includes, retriever),
        *_routed(settings.courses, retriever),
        _retrieval(settings.retrieval, retriever),
        _model(engine.status()),
        _fine("relevance", f"judged by {relevance.name}."),
        _fine("statements", f"checked by {support.name}."),
        gpu_finding(
            machine.read_gpus(engine.pids()),
            engine.status(),
            wanted=settings.engine.device,
            problem=machine.read_device_memory(settings.engine.device).gpu_problem,
        ),
    ]


async def examine_settings(settings: Settings, secrets: Secrets) -> list[Finding]:
    """The findings for which neither FAQ nor model is needed."""
    return [
        _fine("settings", "valid."),
        _data_dir(settings.data_dir),
        *await _questions(settings.data_dir / STORE),
        *_running(settings),
        *_platforms(settings, secrets),
        *id_problems(settings),
        *_staff(settings.admins, secrets),
    ]


def _fine(subject: str, sentence: str) -> Finding:
    return Finding(subject=subject, good=True, sentence=sentence)


def _problem(subject: str, sentence: str) -> Finding:
    return Finding(subject=subject, good=False, sentence=sentence)


def _data_dir(path: Path) -> Finding:
    try:
        path.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(path).free
    except OSError as error:
        sentence = f"{path} cannot be used ({error.strerror}); set FAQ_DATA_DIR."
        return _problem("data folder", sentence)
    if not os.access(path, os.W_OK):
        return _problem("data folder", f"{path} cannot be written to.")
    if free < MIN_FREE_BYTES:
        sentence = f"{path} has only {free / GB:.2f} GB left; free some space."
        return _problem("data folder", sentence)
    return _fine("data folder", f"{path}, {free / GB:.1f} GB free.")


async def _questions(path: Path) -> list[Finding]:
    """Whether the stored questions can be read."""
    try:
        async with opened_copy(path):
            return []
    except StoreError as error:
        return [_problem("stored questions", str(error))]


def _corpus(retriever: Retriever) -> list[Finding]:
    corpus = retriever.corpus
    if corpus is None:
        return [_problem("FAQ", retriever.detail)]
    problems = [_problem("FAQ", f"{each.source}: {each.reason}") for each in corpus.problems]
    told = _left_out(corpus)
    if not corpus.documents:
        nothing = _problem("FAQ", "no entries; set FAQ_CORPUS__SOURCES.")
        return [*problems, *told] or [nothing]
    courses = ", ".join(sorted(corpus.courses))
    count = f"{len(corpus.documents)} entries of {len(corpus.courses)} courses ({courses})."
    return [_fine("FAQ", count), *problems, *told]


def _left_out(corpus: Corpus) -> list[Finding]:
    """What is no entry, the images that were taken out, the files not read; nothing to mend."""
    sentences = [f"{each.source}: {each.reason}" for each in corpus.left_out[:MOST_LEFT_OUT]]
    more = len(corpus.left_out) - len(sentences)
    if more > 0:
        are = "entries are placeholders" if more > 1 else "entry is a placeholder"
        sentences.append(f"{more} more {are} like these.")
    told = (*corpus.taken_out, *corpus.passed_over[:MOST_LEFT_OUT])
    sentences += [f"{each.source}: {each.reason}" for each in told]
    return [_fine("FAQ", sentence) for sentence in sentences]


def _surroundings(settings: Settings) -> list[Finding]:
    """What the environment holds beside the settings; nothing to mend."""
    found = [
        _fine("environment", f"{name} is no setting and is left to whatever program it is for.")
        for name in foreign_variables()
    ]
    if proxy := proxy_for_any(settings.corpus.sources):
        found.append(
            _fine(
                "FAQ",
                f"addresses are fetched through the proxy {proxy} (HTTPS_PROXY, HTTP_PROXY), "
                "which resolves their names.",
            )
        )
    return found


def _included(includes: Mapping[str, Sequence[str]], retriever: Retriever) -> list[Finding]:
    """Courses that count as part of another one and that the FAQ does not have."""
    known = retriever.corpus.courses if retriever.corpus else {}
    return [
        _problem(
            "courses",
            f"courses.{name}.includes names {other}, which the FAQ does not have. "
            f"Known: {', '.join(sorted(known))}.",
        )
        for name, others in includes.items()
        for other in others
        if known and name in known and other not in known
    ]


def _routed(courses: Mapping[str, CourseSettings], retriever: Retriever) -> list[Finding]:
    """Courses that channels or chats belong to and that the FAQ does not have."""
    known = retriever.corpus.courses if retriever.corpus else {}
    return [
        _problem(
            "courses",
            f"courses.{name} has channels or chats of its own, but the FAQ has no such course: "
            f"nothing is found for what is asked there. Known: {', '.join(sorted(known))}.",
        )
        for name, course in courses.items()
        if known and name not in known and (course.slack_channels or course.telegram_chats)
    ]


def _retrieval(settings: RetrievalSettings, retriever: Retriever) -> Finding:
    good = retriever.mode is not RetrievalMode.LEXICAL or settings.embedder != "auto"
    return Finding(subject="retrieval", good=good, sentence=retriever.detail)


def _model(status: EngineStatus) -> Finding:
    facts = ", ".join(part for part in (status.device, status.dtype) if part)
    return Finding(
        subject="model",
        good=status.state is EngineState.READY,
        sentence=f"{status.model or 'none'}{f' on {facts}' if facts else ''}. {status.detail}",
    )


def gpu_finding(gpus: Sequence[Gpu], status: EngineStatus, *, wanted: str, problem: str) -> Finding:
    """Which GPUs there are, and whether the model computes on the CPU in spite of them.

    `wanted` is the setting `engine.device`, `problem` why the GPU cannot be used if that is known.
    """
    if not gpus:
        return _fine("GPU", "no NVIDIA GPU; the model runs on the CPU.")
    names = ", ".join(f"{gpu.name} with {gpu.memory_total / GB:.1f} GB" for gpu in gpus)
    if wanted == "cpu" or not status.device.startswith("CPU"):
        return _fine("GPU", f"{names}.")
    reason = problem or f"PyTorch does not use the GPU, whose driver is {gpus[0].driver}"
    return _problem(
        "GPU",
        f"{names}, but {status.model} computes on the CPU: {reason}. "
        "Where that is as it should be, set engine.device to cpu.",
    )


def _running(settings: Settings) -> list[Finding]:
    if not is_running(settings):
        return []
    return [_fine("assistant", "it runs from this data folder; a second one would be refused.")]


def _platforms(settings: Settings, secrets: Secrets) -> list[Finding]:
    problems = platform_problems(settings, secrets)
    wrong = {problem.subject for problem in problems}
    tokens = (
        ("Telegram", "TELEGRAM_BOT_TOKEN", secrets.telegram_bot_token),
        ("Slack", "SLACK_BOT_TOKEN", secrets.slack_bot_token),
    )
    states = [
        _fine(name, "on." if token else f"off (no {variable}).")
        for name, variable, token in tokens
        if name not in wrong
    ]
    return [*states, *problems]


def _staff(admins: AdminsSettings, secrets: Secrets) -> list[Finding]:
    """Platforms that are on and where nobody may switch models."""
    return [
        _fine(
            "admins",
            f"no {name} admin is set; nobody there can use /model NAME and /gpu "
            f"until {variable} names somebody.",
        )
        for name, variable, token, staff in (
            ("Telegram", "FAQ_ADMINS__TELEGRAM", secrets.telegram_bot_token, admins.telegram),
            ("Slack", "FAQ_ADMINS__SLACK", secrets.slack_bot_token, admins.slack),
        )
        if token and not staff
    ]
