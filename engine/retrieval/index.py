"""Everything one search needs, from one moment: the entries with their indexes and floors."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.corpus.corpus import Corpus
from engine.retrieval.dense import ENGLISH, MULTILINGUAL, DenseIndex
from engine.retrieval.language import ENGLISH as ENGLISH_LANGUAGE
from engine.retrieval.language import language_of, sure_language
from engine.retrieval.lexical import LexicalIndex, Scores
from engine.retrieval.retrieval import Features
from engine.retrieval.score_floor import Floors, Places, Probe, Setting, floors_of, probes
from engine.retrieval.scoring import Levels, Signals
from engine.retrieval.spelling import spelt_out
from engine.retrieval.vectors import Key, Vector
from engine.types import Document, Match

#: Entries as alike as this say the same in other words, as over several editions of a course:
#: the one does not make the other a worse answer. Cosines of MiniLM and of multilingual-e5.
#: Chosen by hand.
SAME_ENGLISH, SAME_MULTILINGUAL = 0.95, 0.965
#: A question in plain letters of whose words the FAQ knows this share is in the FAQ's language.
#: Chosen by hand.
MOSTLY_KNOWN = 0.7
#: What the best entry is ahead by, at most, where there is no other to compare it with.
#: Chosen by hand.
NO_RIVAL = 0.15
#: Entries read to tell their language.
NUM_READ = 200
#: Entries looked at for one that is not the same as the best.
NUM_RIVALS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """The vectors of one embedder: of the entries' texts, and of the probes in their order."""

    texts: Mapping[Key, Vector]
    probes: Sequence[Vector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question as the index takes it; a vector is None where that embedder was not asked."""

    #: As it was written, and with its typing errors mended.
    text: str
    repaired: str
    #: ISO 639-1.
    language: str
    english: Vector | None = None
    multilingual: Vector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchIndex:
    """An immutable index of a corpus; it is replaced as a whole, never changed."""

    corpus: Corpus
    #: The language most of the entries are in (ISO 639-1).
    language: str
    lexical: LexicalIndex
    #: None while there are no vectors.
    english: DenseIndex | None
    multilingual: DenseIndex | None
    #: Where in the corpus the documents of each course stand, with those of the courses that it
    #: includes; all of them under None.
    places: Places
    floors: Floors

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        english: Vectors | None = None,
        multilingual: Vectors | None = None,
        includes: Mapping[str, Sequence[str]] | None = None,
        lexical: LexicalIndex | None = None,
    ) -> SearchIndex:
        """Build the index; about 0.3 s for a thousand entries, so not on the event loop.

        `lexical` is the word index of these very documents, where there is one already.
        """
        documents = corpus.documents
        language = language_of_entries(documents)
        lexical = lexical or LexicalIndex(documents, language)
        by_english = DenseIndex(documents, english.texts, ENGLISH) if english else None
        by_multilingual = (
            DenseIndex(documents, multilingual.texts, MULTILINGUAL) if multilingual else None
        )
        places = _places(corpus, includes or {})
        asked: list[tuple[Probe, Signals]] = []
        for number, probe in enumerate(probes() if documents else ()):
            words = Signals(lexical=lexical.scores(lexical.repaired(probe.text)))
            one = _scores(by_english, english.probes[number] if english else None)
            other = _scores(by_multilingual, multilingual.probes[number] if multilingual else None)
            known = [words, replace(words, multilingual=other)]
            if probe.language == ENGLISH_LANGUAGE:  # others are never asked with English vectors
                known += [
                    replace(words, english=one),
                    replace(words, english=one, multilingual=other),
                ]
            asked += [(probe, signals) for signals in {s.mode: s for s in known}.values()]
        return cls(
            corpus=corpus,
            language=language,
            lexical=lexical,
            english=by_english,
            multilingual=by_multilingual,
            places=places,
            floors=floors_of(asked, places, language),
        )

    def places_of(self, course: str | None) -> NDArray[np.intp]:
        """Where the documents of `course` stand; all of them for None."""
        return self.places.get(course, np.arange(0))

    def places_of_ids(self, ids: Collection[str]) -> list[int]:
        """Where the documents of these ids stand; those that are gone are left out."""
        wanted = set(ids)
        return [n for n, d in enumerate(self.corpus.documents) if d.id in wanted] if wanted else []

    def title_of(self, id_: str) -> str | None:
        places = self.places_of_ids((id_,))
        return self.corpus.documents[places[0]].question if places else None

    def query(self, text: str) -> Query:
        language = sure_language(text) or language_of(text, default=self.language)
        if text.isascii() and self.lexical.known_share(text) >= MOSTLY_KNOWN:
            language = self.language  # a few technical terms look like any language
        return Query(
            text=text,
            repaired=self.lexical.repaired(spelt_out(text)),
            language=language,
        )

    def signals(self, query: Query) -> Signals:
        return Signals(
            lexical=self.lexical.scores(query.repaired),
            english=_scores(self.english, query.english),
            multilingual=_scores(self.multilingual, query.multilingual),
        )

    def best(self, scores: Scores, course: str | None, num_results: int) -> tuple[Match, ...]:
        """The documents of `course` with the highest scores above zero, best first."""
        return tuple(
            Match(document=self.corpus.documents[place], score=float(scores[place]))
            for place in self._ordered(scores, course)[:num_results]
            if scores[place] > 0
        )

    def features(self, query: Query, signals: Signals, course: str | None) -> Features:
        """What is known of the question and its best document; the course has at least one."""
        places, scores = self.places_of(course), signals.combined()
        order = self._ordered(scores, course)[: NUM_RIVALS + 1]
        best = int(order[0])
        top = Levels.of(signals, lambda own: own[places].max())
        floor = self.floors[Setting(signals.mode, course, query.language == self.language)]
        rival = self._rival(order)
        lead = Levels.of(
            signals, lambda own: own[best] - own[rival] if rival >= 0 else min(NO_RIVAL, own[best])
        )
        overlap = self.lexical.overlap(query.repaired, best)
        return Features(
            over=top.combined - floor.combined,
            over_lexical=top.lexical - floor.lexical,
            over_english=top.english - floor.english,
            over_multilingual=top.multilingual - floor.multilingual,
            gap=lead.combined,
            gap_english=lead.english,
            gap_multilingual=lead.multilingual,
            coverage=overlap.coverage,
            in_title=overlap.in_title,
            title_coverage=overlap.title_coverage,
            known=overlap.known,
            title=self._title(query, best),
            length=math.log1p(overlap.num_words),
        )

    def _ordered(self, scores: Scores, course: str | None) -> NDArray[np.intp]:
        places = self.places_of(course)
        ordered: NDArray[np.intp] = places[np.argsort(-scores[places], kind="stable")]
        return ordered

    def _rival(self, order: NDArray[np.intp]) -> int:
        """The best document that does not say the same as the first; -1 when there is none."""
        index, same = (
            (self.multilingual, SAME_MULTILINGUAL)
            if self.multilingual
            else (self.english, SAME_ENGLISH)
        )
        titles = [self.corpus.documents[place].question.casefold() for place in order]
        alike = index.likeness(order.tolist()) if index else np.zeros(len(order))
        for number in range(1, len(order)):
            if alike[number] < same and titles[number] != titles[0]:
                return int(order[number])
        return -1

    def _title(self, query: Query, place: int) -> float:
        for index, vector in (
            (self.english, query.english),
            (self.multilingual, query.multilingual),
        ):
            if index is not None and vector is not None:
                return index.title_score(vector, place)
        return self.lexical.overlap(query.repaired, place).in_title


def language_of_entries(documents: Sequence[Document]) -> str:
    """The language most of the entries are in (ISO 639-1), by the first of them."""
    return language_of(" ".join(f"{d.question} {d.answer}" for d in documents[:NUM_READ]))


def _scores(index: DenseIndex | None, vector: Vector | None) -> Scores | None:
    return index.scores(vector) if index is not None and vector is not None else None


def _places(corpus: Corpus, includes: Mapping[str, Sequence[str]]) -> Places:
    courses = np.array([document.course for document in corpus.documents], dtype=object)
    known = set(courses.tolist())
    return {
        None: np.arange(len(courses)),
        **{
            course: np.flatnonzero(np.isin(courses, [course, *includes.get(course, ())]))
            for course in known | set(includes)
        },
    }
