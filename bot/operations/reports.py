"""What the command line prints of answers and questions, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bot.delivery.replies import answer_text
from bot.desk.devices import describe_devices
from bot.operations.published import Published
from engine.models.hardware import Hardware
from engine.serving.status import EngineState, EngineStatus
from engine.store.job import Job
from engine.types import Answer, AnswerPart, Question, RetrievalMode, Source


def answer_object(
    question: Question, answer: Answer, support: str, contact: str | None
) -> dict[str, object]:
    """What `ask --json` prints; others rely on the keys up to `timings`. Our own sentences are in
    English.

    `support` names who checks statements; it is told where a model wrote some. `contact` is whom
    to ask, None for the course staff.
    """
    judgement = answer.judgement
    written = answer.timings.generate_s is not None
    return {
        "question": question.text,
        "course": question.course,
        **_shown(answer, contact),
        "model": answer.model,
        "timings": asdict(answer.timings),
        "decision": answer.decision.value,
        "reason": answer.reason,
        "related": [_entry_object(source) for source in answer.related],
        "dropped": list(answer.dropped),
        "dropped_because": list(answer.dropped_because),
        "probability": judgement.probability if judgement else None,
        "relevance": judgement.reader if judgement else None,
        "support": support if written else None,
        "retrieval": answer.retrieval.value if answer.retrieval else None,
        "words_only": answer.retrieval is RetrievalMode.LEXICAL,
        "asker_language": question.language,
        "model_asked": written,
        "lines_read": answer.num_lines or None,
        "platform_url": answer.platform_url,
        "candidates": [_source_object(source) for source in answer.candidates],
        "parts": [_part_object(part, contact) for part in answer.parts],
    }


def _part_object(part: AnswerPart, contact: str | None) -> dict[str, object]:
    """One question of several."""
    answer = part.answer
    return {
        "question": part.question,
        **_shown(answer, contact),
        "related": [_entry_object(source) for source in answer.related],
        "decision": answer.decision.value,
        "reason": answer.reason,
        "probability": answer.judgement.probability if answer.judgement else None,
    }


def _shown(answer: Answer, contact: str | None) -> dict[str, object]:
    """What of an answer its reader sees."""
    return {
        "tier": answer.tier.value,
        "found": answer.found,
        "answer": answer_text(answer, None, contact),
        "quoted": answer.quoted,
        "sources": [_source_object(source) for source in answer.sources],
    }


def _source_object(source: Source) -> dict[str, object]:
    """A source without its excerpt, as programs know it: the answer takes its place."""
    return {name: value for name, value in _entry_object(source).items() if name != "excerpt"}


def _entry_object(source: Source) -> dict[str, object]:
    """An entry, with its year where it is about a past edition."""
    found = asdict(source)
    if source.year is None:
        del found["year"]
    return found


def gap_objects(jobs: Sequence[Job]) -> list[dict[str, object]]:
    """What `gaps --json` prints: one object for each question that got no good answer."""
    return [
        {
            "asked": job.created_at.isoformat(timespec="minutes"),
            "course": job.question.course,
            "question": job.question.text,
            "decision": job.answer.decision.value if job.answer else None,
        }
        for job in jobs
    ]


def gap_table(jobs: Sequence[Job]) -> str:
    """The same, one line each."""
    return "\n".join(
        f"{job.created_at:%Y-%m-%d %H:%M}  {job.question.course or '-':24} "
        f"{job.answer.decision.value if job.answer else '-':20} {job.question.text}"
        for job in jobs
    )


def device_report(published: Published | None, data_dir: Path, hardware: Hardware) -> str:
    """What `gpu` prints: the lines of /gpu, about the assistant that runs on `data_dir`."""
    if published is None:
        detail = f"No FAQ Desk is running on the data folder {data_dir.resolve()}."
        stopped = EngineStatus(state=EngineState.STOPPED, model=None, detail=detail)
        return describe_devices(hardware, stopped)
    return describe_devices(
        hardware,
        published.engine,
        our_pids=published.engine_pids,
        num_queued=published.num_queued,
    )


def health_report(trouble: str | None, published: Published | None) -> str:
    """What `health` prints: `trouble`, with what the assistant tells of it, or that all is well."""
    if trouble is None:
        if published is None:
            return "FAQ Desk is well."
        return (
            f"FAQ Desk is well: {published.engine.model or 'no model'}, "
            f"{published.engine.state.value}, {published.num_queued} waiting."
        )
    if published is None or published.engine.state is EngineState.READY:
        return trouble
    return f"{trouble} {published.engine.detail}"
