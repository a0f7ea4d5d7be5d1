"""What a platform delivered and nobody has looked at yet, and which messages belong to a job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from engine.store.database import Database
from engine.store.job import Job, job_of

T = TypeVar("T")


class Run(Protocol):
    """JobStore's way to do something in its file."""

    def __call__(self, work: Callable[[Database], T]) -> Awaitable[T]:
        """The result of `work`, once it is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One update exactly as the platform sent it."""

    #: The platform's id of it: taken in once, however often it is delivered.
    id: int
    #: JSON.
    raw: str


class Inbox:
    """Updates between their delivery and their handling; every method raises StoreError."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def take_in(
        self, platform: str, updates: Sequence[Delivered], *, key: str = "", offset: str = ""
    ) -> None:
        """Store updates and, in the same transaction, the setting `key` that says how far the
        platform was read. Acknowledge them to the platform only after that."""

        def take_in(db: Database) -> None:
            for update in updates:
                db.change("take_in", platform=platform, id=update.id, raw=update.raw)
            if key:
                db.change("set_value", key=key, value=offset)

        await self._run(take_in)

    async def open(self, platform: str) -> list[Delivered]:
        """What has not been handled, in the order it came."""
        rows = await self._run(lambda db: db.rows("inbox", platform=platform))
        return [Delivered(id=row["id"], raw=row["raw"]) for row in rows]

    async def done(self, platform: str, update_id: int) -> None:
        """It was handled; it is forgotten."""
        await self._run(lambda db: db.change("inbox_done", platform=platform, id=update_id))

    async def poison(self, platform: str, update_id: int, reason: str) -> None:
        """It cannot be handled: keep it out of the way, with the reason."""
        await self._run(
            lambda db: db.change("inbox_poison", platform=platform, id=update_id, reason=reason)
        )

    async def add_message(self, job_id: int, message: str, part: int) -> None:
        """Remember that `message` (unique on the platform) is part of this job's talk: 0 is the
        question, 1 the first message of the answer, 2 its continuation."""
        await self._run(lambda db: db.change("add_message", id=job_id, message=message, part=part))

    async def messages(self, job_id: int) -> dict[int, str]:
        """Part → message."""
        rows = await self._run(lambda db: db.rows("messages", id=job_id))
        return {int(row["part"]): str(row["message"]) for row in rows}

    async def job_of_message(self, platform: str, message: str) -> Job | None:
        """The job that `message` is part of: a person may reply to any message of one."""
        row = await self._run(
            lambda db: db.row("job_of_message", platform=platform, message=message)
        )
        try:
            return None if row is None else job_of(row)
        except ValueError:
            return None
