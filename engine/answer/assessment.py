"""Assesses a message once, for the waiting message and the answer, so that the two never disagree:
what kind it is, what it asks, and what the FAQ has for each question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import zip_longest
from time import monotonic

from engine.answer.asking import asks, bare
from engine.answer.dates import newest_editions
from engine.answer.gist import gist_of
from engine.answer.parts import Part, joined, parts_of
from engine.answer.query_rewriting import context_of, leans_back
from engine.answer.small_talk import (
    MAX_WORDS_ABOUT_ONE,
    complains,
    is_courtesy,
    is_greeting,
    may_be_courtesy,
    orders_about,
    topics,
)
from engine.retrieval.retrieval import Intent, Retrieval
from engine.retrieval.retriever import Retriever
from engine.types import Match, Question, Turn

log = logging.getLogger(__name__)
#: Seconds a question waits for the vectors; after a start with an empty cache they may take a
#: minute, and the word index answers meanwhile.
SETTLE_S = 15.0
#: Seconds more that it waits for the second kind of vectors.
FOLLOW_S = 2.5


class Kind(StrEnum):
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


class Assessor:
    """Searches once for a message: the waiting message and the answer share what is found."""

    def __init__(self, retriever: Retriever, *, settle_s: float = SETTLE_S) -> None:
        self._retriever = retriever
        self._settle_s = settle_s

    async def assess(self, message: Question) -> Assessment:
        """What kind of message it is, and what the FAQ has for it."""
        gist = gist_of(message.text)
        question = replace(message, text=gist.text)
        if not is_courtesy(gist.text):
            await self._settle()
        whole = await self._look_at(question)
        parts: tuple[Assessment, ...] = ()
        # What is wrong in a log belongs to every question about it.
        if whole.retrieval is not None and whole.retrieval.matches and not gist.num_errors:
            parts = await self._parts(question, whole)
        if gist.num_lines:
            # Keep the parts of a letter, which asks much, only if they find what the whole does.
            best = {match.document.id for part in parts for match in part.matches[:1]}
            known = bool(whole.matches) and whole.matches[0].document.id in best
            parts = tuple(replace(p, num_lines=gist.num_lines) for p in parts) if known else ()
        seconds = sum(part.retrieve_s for part in parts)
        return replace(
            whole,
            kind=Kind.QUESTION if parts else whole.kind,
            num_lines=gist.num_lines,
            parts=parts,
            retrieve_s=whole.retrieve_s + seconds,
        )

    async def _look_at(self, question: Question) -> Assessment:
        text = question.text
        kindness = Kind.GREETING if is_greeting(text) else Kind.THANKS
        if is_courtesy(text):
            return Assessment(kind=kindness, question=question, retrieval=None)
        if orders_about(text):
            return Assessment(kind=Kind.ORDER, question=question, retrieval=None)
        question = replace(question, text=bare(text))
        started = monotonic()
        context = context_of(question, self._retriever.title_of)
        retrieval = await self._retriever.search(question, context=context)
        # One entry in several editions of a course is shown once.
        retrieval = replace(retrieval, matches=newest_editions(retrieval.matches))
        return Assessment(
            kind=self._kind_of(text, question, retrieval, kindness),
            question=question,
            retrieval=retrieval,
            retrieve_s=monotonic() - started,
        )

    def _kind_of(self, said: str, question: Question, retrieval: Retrieval, kindness: Kind) -> Kind:
        """`said` is the question with its greeting and thanks."""
        text = question.text
        kind = may_be_courtesy(said) or (retrieval.intent is Intent.COURTESY and "?" not in text)
        if kind and not retrieval.covered:
            return kindness
        # Ask back about a complaint that the FAQ does not cover, rather than turn it away.
        lost = complains(text) and not retrieval.covered
        # Show entries for what is covered and says more than a few words.
        few = len(text.split()) <= MAX_WORDS_ABOUT_ONE or not retrieval.covered
        seems_vague = retrieval.intent is Intent.VAGUE and few and not question.history
        vague = self._is_vague(question) or ((lost or seems_vague) and self._has_entries(question))
        return Kind.VAGUE if vague else Kind.QUESTION

    def _is_vague(self, question: Question) -> bool:
        """Whether nobody could know what is meant; an earlier question may tell what a noun is
        about, and a noun that the FAQ does not know is no matter of the FAQ."""
        named = topics(question.text)
        if named is None or not self._has_entries(question):
            return False
        if not named:
            # "Why not?" asks about what was said; "it does not work" says nothing of what.
            return not (question.history and asks(question.text))
        return not question.history and self._retriever.knows(named)

    def _has_entries(self, question: Question) -> bool:
        corpus = self._retriever.corpus
        known = corpus is not None and (
            question.course is None or question.course in corpus.courses
        )
        return known and corpus is not None and bool(corpus.documents)

    async def _settle(self) -> None:
        # A listed address may be slow; while nothing was read, "no FAQ" would be untrue.
        await self._retriever.ready()
        try:
            async with asyncio.timeout(self._settle_s):
                await self._retriever.settled()
            # Where all vectors are kept from an earlier run, the second kind follows at once.
            async with asyncio.timeout(FOLLOW_S):
                await self._retriever.complete()
        except TimeoutError:
            log.info("answering without some of the vectors: they are not ready yet")

    async def _parts(self, message: Question, whole: Assessment) -> tuple[Assessment, ...]:
        """The questions of the message where they ask for different things; else none."""
        parts = list(parts_of(message.text))
        if len(parts) < 2:
            return ()
        found: list[Assessment] = []
        place = 0
        while place < len(parts):
            part = parts[place]
            assessment = await self._part(message, part, found)
            other = self._neighbour(part, assessment, found, is_last=place + 1 == len(parts))
            if other is None:
                found.append(assessment)
                place += 1
            elif other < 0:  # it belongs to what follows
                parts[place : place + 2] = [joined(part, parts[place + 1])]
            else:  # it belongs to what came before
                found.pop()
                place -= 1
                parts[place : place + 2] = [joined(parts[place], part)]
        # Keep it one question if only the whole finds something.
        lost = bool(whole.matches) and not any(part.matches for part in found)
        return tuple(found) if len(found) > 1 and not lost else ()

    @staticmethod
    def _neighbour(
        part: Part, assessment: Assessment, before: list[Assessment], *, is_last: bool
    ) -> int | None:
        """Which neighbour the part is one question with: 1 the one before, -1 the one after."""
        retrieval = assessment.retrieval
        close = retrieval is not None and retrieval.covered
        if not part.asks and not close:
            return 1 if before and is_last else None if is_last else -1
        if assessment.kind in (Kind.GREETING, Kind.THANKS, Kind.VAGUE):  # "Can you help me?"
            return 1 if before else None if is_last else -1
        if not before or not (close or leans_back(assessment.question)):
            return None  # what the FAQ lacks is said, whatever entry is nearest
        last = before[-1].retrieval
        if retrieval is None or last is None or not retrieval.matches or not last.matches:
            return None
        same = retrieval.matches[0].document.id == last.matches[0].document.id
        return 1 if same else None

    async def _part(self, whole: Question, part: Part, before: list[Assessment]) -> Assessment:
        """One part, read in the light of those before it."""
        history = (*whole.history, *(_turn(assessment) for assessment in before))
        text = bare(part.text, part=bool(before))
        question = replace(whole, text=text, history=history)
        if before and not leans_back(question):
            question = replace(question, history=whole.history)
        return await self._look_at(question)


def _turn(assessment: Assessment) -> Turn:
    """An earlier part as a later one sees it: what it asks, and which entry is about that; it is
    not answered yet."""
    best = assessment.matches[:1]
    return Turn(
        question=assessment.question.text,
        answer="",
        entry_ids=tuple(match.document.id for match in best),
    )
