"""The durable queue: every question from the moment it is accepted until it is delivered."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from engine.errors import StoreError
from engine.store.database import Database, Row, Value, read_queries
from engine.store.inbox import Inbox
from engine.store.job import (
    Job,
    JobStatus,
    NewJob,
    Vote,
    expire,
    forget,
    job_of,
    json_of,
    now,
    readable_jobs,
    text_of,
)
from engine.store.sqlite_thread import SqliteThread
from engine.types import Answer, Turn

__all__ = ["Job", "JobStatus", "JobStore", "NewJob", "Vote"]

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Of the tables; counts up with every change to them.
SCHEMA_VERSION = 1
#: Its name in the data folder.
STORE = "questions.sqlite3"
QUERIES = Path(__file__).with_name("jobs.sql")


class JobStore:
    """All questions in one SQLite file. What a method did is on the disk when it returns.

    Every method raises StoreError when the store is closed or the disk refuses; the store goes on
    working as soon as the disk does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread: SqliteThread | None = None
        self._added = asyncio.Event()
        self.inbox = Inbox(self._run)

    async def open(self) -> None:
        """Take the file for this process; questions a dead process left RUNNING wait again.

        Raises StoreError when another process has it, or it is damaged or of a newer version.
        """
        if self._thread is not None:
            raise StoreError(f"{self._path} is open already.")
        thread = SqliteThread(self._path, read_queries(QUERIES.read_text(encoding="utf-8")))
        await thread.open(self._prepare)
        self._thread = thread

    async def close(self) -> None:
        """Finish what was asked for so far and let go of the file."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await thread.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def add(self, job: NewJob) -> Job | None:
        """Store a question; None when (platform, conversation, message_id) is known already."""

        def add(db: Database) -> Job | None:
            row = db.row(
                "add",
                platform=job.platform,
                conversation=job.conversation,
                message_id=job.message_id,
                user_id=job.user_id,
                reply_to=job.reply_to,
                question=json_of(job.question),
                now=now(),
            )
            return None if row is None else job_of(row)

        try:
            return await self._run(add)
        finally:
            # Also when the caller gave up waiting: the question may be stored all the same.
            self._added.set()

    async def knows(self, platform: str, conversation: str, message_id: str) -> bool:
        """Whether `add` would return None."""
        values = {"platform": platform, "conversation": conversation, "message_id": message_id}
        return await self._row("knows", **values) is not None

    async def claim(self, *, among: Iterable[int] | None = None) -> Job | None:
        """The next question, now RUNNING: people take turns, each has their oldest answered first.

        `among` has the ids of those that may be claimed, if not all may. None when nothing waits.
        """
        ids = None if among is None else json.dumps(list(among))
        claimed: list[Job] = []

        def claim(db: Database) -> Job | None:
            claimed.clear()
            while row := db.row("claim", among=ids, now=now()):
                db.change("had_turn", platform=row["platform"], user_id=row["user_id"])
                claimed.extend(readable_jobs(db, [row]))
                if claimed:
                    return claimed[0]
            return None

        try:
            return await self._run(claim)
        except asyncio.CancelledError:
            # Work is done in order: by the time this is, it is known whether one was claimed.
            if self._thread is not None:
                self._thread.submit(
                    lambda db: [db.change("unclaim", id=job.id, now=now()) for job in claimed]
                )
                self._added.set()
            raise

    async def wait_for_job(self) -> None:
        """Return once a question was added since the last call, or a claim came to nothing."""
        await self._added.wait()
        self._added.clear()

    async def answer(self, job_id: int, answer: Answer) -> bool:
        """QUEUED or RUNNING → ANSWERED; False when it was neither: stopped, forgotten, answered."""
        # Courtesy and a question back are no gap of the FAQ.
        changed = await self._change(
            "answer",
            id=job_id,
            answer=json_of(answer),
            found=int(not answer.leaves_open),
            now=now(),
        )
        return changed > 0

    async def deliver(self, job_id: int) -> None:
        """ANSWERED → DELIVERED."""
        await self._change("deliver", id=job_id, now=now())

    async def fail(self, job_id: int, reason: str) -> None:
        """Anything not final → FAILED."""
        await self._change("fail", id=job_id, reason=reason, now=now())

    async def cancel(self, job_id: int) -> bool:
        """QUEUED or RUNNING → FAILED; False when it was neither."""
        return await self._change("cancel", id=job_id, now=now()) > 0

    async def set_placeholder(self, job_id: int, message_id: str) -> None:
        """Remember which message becomes the answer."""
        await self._change("set_placeholder", id=job_id, message_id=message_id, now=now())

    async def get(self, job_id: int) -> Job | None:
        return await self._first("get", id=job_id)

    async def undelivered(self) -> list[Job]:
        """ANSWERED, oldest first."""
        return await self._jobs("undelivered")

    async def queued(self, *, after: int = 0) -> list[Job]:
        """QUEUED, of a higher id than that, oldest first."""
        return await self._jobs("queued", after=after)

    async def waiting_jobs(self) -> list[Job]:
        """QUEUED or RUNNING, oldest first."""
        return await self._jobs("waiting_jobs")

    async def waiting(self, platform: str, user_id: str) -> int:
        """How many questions of this person are QUEUED or RUNNING."""
        return await self._number("waiting", platform=platform, user_id=user_id)

    async def queue_length(self) -> int:
        """How many questions are QUEUED."""
        return await self._number("queue_length")

    async def position(self, job_id: int) -> int:
        """The place in the order `claim` takes, 1 = next; 0 when it is not QUEUED."""
        return await self._number("position", id=job_id)

    async def latest_open(self, platform: str, user_id: str) -> Job | None:
        """The newest question of this person that is QUEUED or RUNNING."""
        return await self._first("latest_open", platform=platform, user_id=user_id)

    async def askers(self, platform: str, conversation: str) -> frozenset[str]:
        """Who asked in a conversation; empty when we never took part in it."""
        values = {"platform": platform, "conversation": conversation}
        rows = await self._run(lambda db: db.rows("askers", **values))
        return frozenset(str(row["user_id"]) for row in rows)

    async def by_placeholder(self, platform: str, message_id: str) -> Job | None:
        """The job whose answer stands (or will stand) in that message of ours."""
        return await self._first("by_placeholder", platform=platform, message_id=message_id)

    async def history(self, platform: str, conversation: str, limit: int) -> list[Turn]:
        """The last `limit` answered questions of a conversation, oldest first; what we said
        instead of an answer is left out."""
        jobs = await self._jobs(
            "history", platform=platform, conversation=conversation, limit=max(0, limit)
        )
        return [
            Turn(
                question=job.question.text,
                # Not what was said where there was no answer.
                answer="\n\n".join(one.text for one in job.answer.each if one.found),
                entry_ids=tuple(source.id for source in job.answer.sources),
            )
            for job in reversed(jobs)
            if job.answer is not None
        ]

    async def latest_answered(self, platform: str, conversation: str) -> Job | None:
        """The newest question of a conversation that has an answer."""
        return await self._first("history", platform=platform, conversation=conversation, limit=1)

    async def start_afresh(self, platform: str, conversation: str) -> None:
        """Let `history` begin after what was asked so far."""
        await self._change("start_afresh", platform=platform, conversation=conversation)

    async def vote(self, job_id: int, user_id: str, value: Vote, reason: str | None) -> None:
        """One vote a person, which they may change; nothing when the job is forgotten."""
        values = {"user_id": user_id, "value": value.value, "reason": reason}
        await self._change("vote", id=job_id, now=now(), **values)

    async def votes(self, job_id: int) -> dict[Vote, int]:
        """How many people voted which way; both ways are in it."""
        rows = await self._run(lambda db: db.rows("votes", id=job_id))
        return dict.fromkeys(Vote, 0) | {Vote(value): count for value, count in rows}

    async def unanswered(self, since: datetime, limit: int) -> list[Job]:
        """Questions since then whose answer was not found or voted down, newest first."""
        return await self._jobs("unanswered", since=text_of(since), limit=max(0, limit))

    async def forget(self, platform: str, user_id: str) -> int:
        """Delete everything of a person, for good; returns how many questions that were."""
        return await self._run(partial(forget, platform=platform, user_id=user_id))

    async def expire(self, before: datetime) -> int:
        """Delete questions asked before then; returns how many."""
        return await self._run(partial(expire, before=before))

    async def set_value(self, key: str, value: str) -> None:
        """Keep a setting; the key of a person's own ends on `:platform:user_id`, for `forget`."""
        await self._change("set_value", key=key, value=value)

    async def get_value(self, key: str) -> str | None:
        """The setting, or None when it was never set."""
        row = await self._row("get_value", key=key)
        return None if row is None else str(row["value"])

    def _prepare(self, db: Database) -> None:
        row = db.row("version")
        version = 0 if row is None else row[0]
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self._path} was written by a newer FAQ Desk (version {version} of the store, "
                f"this one knows {SCHEMA_VERSION}); use the newer FAQ Desk, or another folder."
            )
        if version == 0:
            db.script("schema")
        if count := db.change("recover", now=now()):
            log.info("%d questions were being answered when the last process ended", count)

    async def _run(self, work: Callable[[Database], T]) -> T:
        if self._thread is None:
            raise StoreError(f"{self._path} is not open.")
        return await self._thread.run(work)

    async def _change(self, query: str, **values: Value) -> int:
        return await self._run(lambda db: db.change(query, **values))

    async def _row(self, query: str, **values: Value) -> Row | None:
        return await self._run(lambda db: db.row(query, **values))

    async def _first(self, query: str, **values: Value) -> Job | None:
        return next(iter(await self._jobs(query, **values)), None)

    async def _jobs(self, query: str, **values: Value) -> list[Job]:
        return await self._run(lambda db: readable_jobs(db, db.rows(query, **values)))

    async def _number(self, query: str, **values: Value) -> int:
        row = await self._row(query, **values)
        return 0 if row is None else int(row[0])
