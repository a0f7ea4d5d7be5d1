"""What the command line prints of answers and questions, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from engine.store.job import Job
from engine.types import Answer, Question


def answer_object(question: Question, answer: Answer) -> dict[str, object]:
    """What `ask --json` prints; others rely on the keys up to `timings`."""
    return {
        "question": question.text,
        "course": question.course,
        "found": answer.found,
        "answer": answer.text,
        "quoted": answer.quoted,
        "sources": [asdict(source) for source in answer.sources],
        "model": answer.model,
        "timings": asdict(answer.timings),
        "decision": answer.decision.value,
        "reason": answer.reason,
        "related": [asdict(source) for source in answer.related],
        "dropped": list(answer.dropped),
    }


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
