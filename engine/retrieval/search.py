"""Runs one search: in the course of the question, in its conversation, and in other courses."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace

from engine.retrieval.calibration import Claim, likelihood, threshold
from engine.retrieval.dense_encoder import DenseEncoder
from engine.retrieval.index import Query, SearchIndex
from engine.retrieval.language import ENGLISH
from engine.retrieval.retrieval import QueryContext, Retrieval
from engine.retrieval.scoring import Signals

#: What a follow-up's score in the light of the entry shown before counts beside its own, and what
#: of it the entries count that were shown: the answer to a follow-up is mostly another one, and
#: yet sometimes a detail of the same. Chosen on 101 follow-ups (docs/quality.md, "Messages").
CONTEXT_WEIGHT, SHOWN_WEIGHT = 0.5, 0.7
#: A question that its course does not cover is asked in all courses; what is found there must be
#: more likely by so much, as a share of what is left to certainty. Chosen by hand.
ELSEWHERE_STRICTER = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where one search looks, and how much of what it finds it gives."""

    index: SearchIndex
    english: DenseEncoder
    multilingual: DenseEncoder
    #: None for all courses.
    course: str | None
    #: Courses whose entries count as those of this one.
    included: Collection[str]
    limit: int

    async def find(self, text: str, context: QueryContext | None) -> Retrieval:
        """The best entries for `text`; see `Retriever.search`."""
        query = await self._query(text)
        own = self.index.signals(query)
        found = self._retrieval(query, own)
        if context is not None:
            found = await self._continued(query, own, found, context)
        if found.covered or self.course is None:
            return found
        elsewhere = replace(self, course=None)._retrieval(query, own)
        courses = {self.course, *self.included}
        others = tuple(m for m in elsewhere.matches if m.document.course not in courses)
        if others[:1] != elsewhere.matches[:1]:
            return found
        elsewhere = replace(elsewhere, matches=others)
        gate = elsewhere.gate + ELSEWHERE_STRICTER * (1 - elsewhere.gate)
        return replace(elsewhere, elsewhere=True) if elsewhere.confidence >= gate else found

    async def _continued(
        self, query: Query, own: Signals, alone: Retrieval, context: QueryContext
    ) -> Retrieval:
        """What is found for a question in its conversation; `alone` is what its own words find."""
        read = await self._query(context.text)
        shown = self.index.places_of_ids(context.shown_ids)
        signals = own.mixed(self.index.signals(read).damped(shown, SHOWN_WEIGHT), CONTEXT_WEIGHT)
        found = self._retrieval(query, signals)
        if context.needed:
            if not found.covered:
                # Take a follow-up to a question about the FAQ as one about the FAQ.
                found = self._retrieval(read, signals)
            return replace(found, question_language=alone.question_language)
        # Judge a question that can stand alone by its own words, in any conversation.
        return found if alone.covered else replace(found, confidence=alone.confidence)

    async def _query(self, text: str) -> Query:
        """The question with the vectors that suit its language and the FAQ's."""
        index = self.index
        query = index.query(text)
        english = index.english is not None and query.language == ENGLISH
        # Run both at once: each model has a thread of its own and releases the GIL.
        vectors = await asyncio.gather(
            self.english.vector_of(query.repaired) if english else _nothing(),
            # Repair no spelling here: a word of another language only looks misspelt.
            self.multilingual.vector_of(text) if index.multilingual else _nothing(),
        )
        return replace(query, english=vectors[0], multilingual=vectors[1])

    def _retrieval(self, query: Query, signals: Signals) -> Retrieval:
        index, course = self.index, self.course
        features = index.features(query, signals, course)
        matches = index.best(signals.combined(), course, self.limit)
        covered = likelihood(Claim.COVERED, signals.mode, features)
        return Retrieval(
            matches=matches,
            mode=signals.mode,
            gate=threshold(Claim.COVERED, signals.mode),
            confidence=round(covered, 4) if matches else 0.0,
            features=features if matches else None,
            question_language=query.language,
            faq_language=index.language,
            intent=self.multilingual.intent_of(query.multilingual),
        )


async def _nothing() -> None:
    """The vector of a question that an embedder is not asked for."""
