"""Scores entries by the words they share with a question: minsearch, with BM25 beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.retrieval.language import ENGLISH
from engine.retrieval.spelling import WORD, Spelling
from engine.types import Document

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Scores: TypeAlias = NDArray[np.float32]

#: minsearch's boosts. The answer counts most: the titles of a real FAQ are often error messages.
#: Chosen by hand.
BOOSTS = {"question": 0.5, "section": 0.1, "answer": 1.0}
#: Weight of BM25, which ranks well but grows with the length of a question, and the value (in
#: units of the rarest word's weight) at which it has half its effect. Chosen by hand.
BM25_WEIGHT, BM25_HALF = 2.0, 4.0
#: BM25's own two: how fast repeated words stop counting, how much long entries are held back.
#: Chosen by hand.
K1, B = 1.5, 0.75
NO_STEMS = 50_000
#: Language → Snowball's name of it.
_SNOWBALL = {
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "pt": "portuguese",
    "ru": "russian",
    "it": "italian",
    "nl": "dutch",
    "tr": "turkish",
    "ro": "romanian",
    "ar": "arabic",
    "hi": "hindi",
    "id": "indonesian",
    "el": "greek",
    "pl": "polish",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What a question and an entry share, each word counted by how rare it is. 0 to 1."""

    #: Share of the question that stands in the entry.
    coverage: float
    #: Share of the question that stands in the entry's own question, and the other way round.
    in_title: float
    title_coverage: float
    #: Share of the question that stands in any entry.
    known: float
    #: Different words of the question.
    num_words: int


class LexicalIndex:
    """An immutable word index over some documents; build a new one to change it."""

    def __init__(self, documents: Sequence[Document], language: str = ENGLISH) -> None:
        from minsearch import Index

        stem = lru_cache(NO_STEMS)(stemmer(language))

        def analyze(text: str) -> list[str]:
            return [stem(word) for word in WORD.findall(text.lower())]

        self._analyze = analyze
        self._size = len(documents)
        self._titles = tuple((d.question, *d.phrasings) for d in documents)
        asked = [" ".join(titles) for titles in self._titles]
        texts = [
            f"{title} {d.section} {d.answer}" for title, d in zip(asked, documents, strict=True)
        ]
        self._spelling = Spelling(texts, stem)
        self._bm25 = _Bm25([analyze(text) for text in texts])
        self._index = Index(
            text_fields=list(BOOSTS),
            vectorizer_params={"analyzer": analyze, "sublinear_tf": True},
        ).fit(
            [
                {"question": title, "section": d.section, "answer": d.answer}
                for title, d in zip(asked, documents, strict=True)
            ]
        )
        #: Where entries with other phrasings stand, and the words of each phrasing by itself: one
        #: that is asked word for word must not count less for the others beside it.
        several = [place for place, titles in enumerate(self._titles) if len(titles) > 1]
        self._phrased = np.array(
            [place for place in several for _ in self._titles[place]], dtype=np.intp
        )
        phrasings = [title for place in several for title in self._titles[place]]
        self._phrasings = (
            self._index.vectorizers["question"].transform(phrasings) if phrasings else None
        )

    def repaired(self, text: str) -> str:
        return self._spelling.repaired(text)

    def scores(self, text: str) -> Scores:
        """One score for each document, in their order; 0 where no word is shared.

        A question whose rare words stand in no entry scores low everywhere, so that the score
        tells as well whether the documents are about the question at all.
        """
        words = set(self._analyze(text))
        if not self._size or not words:
            return np.zeros(self._size, dtype=np.float32)
        cosine, (bm25, known) = self._cosine(text), self._bm25.scores(words)
        scores: Scores = known * (cosine + BM25_WEIGHT * bm25 / (bm25 + BM25_HALF))
        return scores

    def knows(self, word: str) -> bool:
        """Whether any document holds the word, in any form."""
        stems = self._analyze(word)
        return bool(stems) and set(stems) <= self._bm25.words

    def known_share(self, text: str) -> float:
        """Which share of the words of `text` any document holds, each counted once. 0 to 1."""
        words = set(self._analyze(text))
        return len(words & self._bm25.words) / len(words) if words else 0.0

    def overlap(self, text: str, place: int) -> Overlap:
        """What `text` shares with the document at `place`."""
        words = set(self._analyze(text))
        weight, held = self._bm25.weight, self._bm25.words_of(place)
        titles = [set(self._analyze(title)) for title in self._titles[place]]
        title = max(titles, key=lambda title: _share(weight(words & title), weight(words | title)))
        return Overlap(
            coverage=_share(weight(words & held), weight(words)),
            in_title=_share(weight(words & title), weight(words)),
            title_coverage=_share(weight(words & title), weight(title)),
            known=_share(weight(words & self._bm25.words), weight(words)),
            num_words=len(words),
        )

    def _cosine(self, text: str) -> Scores:
        """What `Index.search` ranks by and does not return."""
        total = np.zeros(self._size, dtype=np.float32)
        for field, boost in BOOSTS.items():
            entries = self._index.text_matrices[field]
            # A field that is empty everywhere is fitted on one made-up entry.
            if entries.shape[0] == self._size:
                query = self._index.vectorizers[field].transform([text])
                cosine = (entries @ query.T).toarray().ravel().astype(np.float32)
                if field == "question" and self._phrasings is not None:
                    each = (self._phrasings @ query.T).toarray().ravel().astype(np.float32)
                    np.maximum.at(cosine, self._phrased, each)
                total += boost * cosine
        return total


class _Bm25:
    """BM25 in units of the rarest possible word, so that it means the same in any corpus."""

    def __init__(self, entries: Sequence[Sequence[str]]) -> None:
        from collections import Counter

        from scipy.sparse import csr_matrix

        counts = [Counter(words) for words in entries]
        in_entries = Counter(word for count in counts for word in count)
        self._columns = {word: column for column, word in enumerate(in_entries)}
        self._names = tuple(in_entries)
        self._rarest = float(np.log(2 * len(entries) + 2))
        self._idf = np.array(
            [np.log((len(entries) + 1) / (n + 0.5)) / self._rarest for n in in_entries.values()],
            dtype=np.float32,
        )
        mean_length = max(1.0, sum(map(len, entries)) / max(1, len(entries)))
        rows, columns, values = [], [], []
        for row, (count, words) in enumerate(zip(counts, entries, strict=True)):
            damping = K1 * (1 - B + B * len(words) / mean_length)
            for word, n in count.items():
                column = self._columns[word]
                rows.append(row)
                columns.append(column)
                values.append(self._idf[column] * n * (K1 + 1) / (n + damping))
        self._weights: csr_matrix = csr_matrix(
            (values, (rows, columns)), shape=(len(entries), len(in_entries)), dtype=np.float32
        )

    def scores(self, words: set[str]) -> tuple[Scores, float]:
        """A score for each entry, and which share of the question's weight any entry knows."""
        columns = [self._columns[word] for word in words if word in self._columns]
        query = np.zeros(len(self._columns), dtype=np.float32)
        query[columns] = 1
        scores: Scores = self._weights @ query
        weight = float(self._idf[columns].sum())
        # A word that no entry has weighs as much as the rarest possible one: 1.
        unknown = len(words) - len(columns)
        return scores, weight / (weight + unknown) if columns else 0.0

    @property
    def words(self) -> Set[str]:
        return self._columns.keys()

    def words_of(self, entry: int) -> set[str]:
        start, end = self._weights.indptr[entry : entry + 2]
        return {self._names[column] for column in self._weights.indices[start:end]}

    def weight(self, words: Set[str]) -> float:
        """How rare these words are, added up; one that no entry has counts 1."""
        known = [self._columns[word] for word in words if word in self._columns]
        return float(self._idf[known].sum()) + len(words) - len(known)


def stemmer(language: str) -> Callable[[str], str]:
    """Takes the endings off the words of a language (ISO 639-1); of one it does not know, none.

    May be called in several threads at once.
    """
    from minsearch import porter_stemmer
    from snowballstemmer import algorithms, stemmer

    if language == ENGLISH:
        stem: Callable[[str], str] = porter_stemmer
        return stem
    name = _SNOWBALL.get(language)
    if name not in algorithms():
        return str
    # A stemmer keeps the word it works on: two threads with one of them break each other's.
    own = threading.local()

    def stem_in_thread(word: str) -> str:
        if not hasattr(own, "stem"):
            own.stem = stemmer(name).stemWord
        return str(own.stem(word))

    return stem_in_thread


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
