"""What a message is and what fits it, found out once and shared by the waiting message and the
answer, so that the two never disagree."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from engine.retrieval.retrieval import Retrieval
from engine.types import Match, Question


class Kind(StrEnum):
    """What kind of message it is."""

    QUESTION = "question"
    #: It greets, thanks or takes leave, and asks nothing.
    GREETING = "greeting"
    THANKS = "thanks"
    #: Something is wrong or wanted, and nothing tells what.
    VAGUE = "vague"
    #: It gives the assistant orders about itself.
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A message, looked at."""

    kind: Kind
    #: As it is read: of a long message its gist; of a part, with the parts before it as history.
    question: Question
    #: None where nothing was searched for.
    retrieval: Retrieval | None
    #: Seconds the searches took.
    retrieve_s: float = 0.0
    #: Lines that were read of a long message; 0 where it was read whole.
    num_lines: int = 0
    #: The questions that it asks, where there are several.
    parts: tuple[Assessment, ...] = ()

    @property
    def matches(self) -> tuple[Match, ...]:
        """The entries worth showing, best first; none when nothing in the FAQ is close."""
        if self.parts:
            rounds = zip_longest(*(part.matches for part in self.parts))
            found = [match for one in rounds for match in one if match is not None]
            return tuple({match.document.id: match for match in reversed(found)}.values())[::-1]
        if self.retrieval is None or not self.retrieval.covered:
            return ()
        return self.retrieval.matches


class Assessments:
    """The assessment of every open question, made when it is first asked for."""

    def __init__(self, assess: Callable[[Question], Awaitable[Assessment]]) -> None:
        self._assess = assess
        self._locks: dict[int, asyncio.Lock] = {}
        self._made: dict[int, Assessment] = {}

    async def of(self, job_id: int, question: Question) -> Assessment:
        """The assessment of this job's question; whoever comes second waits for the first."""
        # A caller that is cancelled leaves the lock to the next one, who then starts anew.
        async with self._locks.setdefault(job_id, asyncio.Lock()):
            if job_id not in self._made:
                self._made[job_id] = await self._assess(question)
            return self._made[job_id]

    def forget(self, job_id: int) -> None:
        """The job has its final message."""
        self._locks.pop(job_id, None)
        self._made.pop(job_id, None)
