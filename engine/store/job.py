"""What a Job is, how it is written to and read from a row of the store, and how it is deleted."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import TypeAdapter

from engine.store.database import Database, Row, Value
from engine.types import Answer, Question

log = logging.getLogger(__name__)

_QUESTION = TypeAdapter(Question)
_ANSWER = TypeAdapter(Answer)


class JobStatus(StrEnum):
    """How far a question is on its way."""

    #: Stored; waits for its turn.
    QUEUED = "queued"
    #: Being answered; waits again when the process dies.
    RUNNING = "running"
    #: The answer is stored, the asker does not have it yet.
    ANSWERED = "answered"
    #: The asker has the answer. Final.
    DELIVERED = "delivered"
    #: The asker was told that there is no answer, stopped it, or can no longer be reached. Final.
    FAILED = "failed"


class Vote(StrEnum):
    """What a person thinks of an answer."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    platform: str
    #: Unique on the platform.
    conversation: str
    #: Unique within the conversation; the same on every redelivery.
    message_id: str
    user_id: str
    #: Where the answer must go; only the adapter that wrote it can read it.
    reply_to: str
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One question on its way."""

    #: Grows; never used again, not even after the job is forgotten.
    id: int
    platform: str
    conversation: str
    message_id: str
    user_id: str
    reply_to: str
    question: Question
    status: JobStatus
    #: How often it was RUNNING.
    attempts: int
    #: The platform's id of the message that becomes the answer, once there is one.
    placeholder: str | None
    answer: Answer | None
    #: Timezone-aware, UTC.
    created_at: datetime
    updated_at: datetime
    #: Why it FAILED.
    failure: str | None = None


def job_of(row: Row) -> Job:
    """The job of a row of `jobs`. Raises ValueError when it cannot be read."""
    return Job(
        id=row["id"],
        platform=row["platform"],
        conversation=row["conversation"],
        message_id=row["message_id"],
        user_id=row["user_id"],
        reply_to=row["reply_to"],
        question=_QUESTION.validate_json(row["question"]),
        status=JobStatus(row["status"]),
        attempts=row["attempts"],
        placeholder=row["placeholder"],
        answer=None if row["answer"] is None else _ANSWER.validate_json(row["answer"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
        failure=row["failure"],
    )


def readable_jobs(db: Database, rows: Iterable[Row]) -> list[Job]:
    """The jobs of `rows`; one that cannot be read (any more) must not stop the others."""
    jobs = []
    for row in rows:
        try:
            jobs.append(job_of(row))
        except ValueError:  # its text would hold the question
            log.error("question %d cannot be read and is given up", row["id"])
            db.change("fail", id=row["id"], reason="unreadable", now=now())
    return jobs


def json_of(value: Question | Answer) -> str:
    """`value` as job_of reads it."""
    text = json.dumps(dataclasses.asdict(value), ensure_ascii=False)
    # A platform may send half of a surrogate pair, which neither UTF-8 nor SQLite can hold.
    return text.encode("utf-8", "replace").decode("utf-8")


def text_of(moment: datetime) -> str:
    """`moment` as job_of reads it; sorts like the time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def now() -> str:
    """The time of a change."""
    return text_of(datetime.now(UTC))


def forget(db: Database, *, platform: str, user_id: str) -> int:
    person: dict[str, Value] = {"platform": platform, "user_id": user_id}
    db.change("forget_turns", **person)
    db.change("forget_votes", **person)
    db.change("forget_turn_taking", **person)
    db.change("forget_poison")
    db.change("forget_settings", suffix=f":{platform}:{user_id}")
    count = db.change("forget_jobs", **person)
    db.change("tidy_conversations")
    db.scrub = True
    return count


def expire(db: Database, *, before: datetime) -> int:
    db.change("expire_turns", before=text_of(before))
    db.change("forget_poison")
    count = db.change("expire_jobs", before=text_of(before))
    db.change("tidy_conversations")
    db.change("tidy_askers")
    db.scrub = count > 0
    return count
