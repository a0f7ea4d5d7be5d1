"""Finds the entries that fit a question, and keeps the index as new as the FAQ."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from config.settings import RetrievalSettings
from engine.errors import CorpusError, EmbedderUnavailable
from engine.retrieval.dense import passages
from engine.retrieval.embedder import Embedder
from engine.retrieval.index import SearchIndex
from engine.retrieval.lexical import Scores
from engine.retrieval.query import query_in_context, query_text
from engine.retrieval.vectors import Vector, VectorStore
from engine.types import Corpus, Match, Problem, Question, Retrieval, RetrievalMode

log = logging.getLogger(__name__)

#: When more texts than this lack a vector, words alone are searched until they have one: what was
#: taken out of the FAQ must not be found for the minute that takes.
FEW_TEXTS = 100
#: Among more entries, a better one is found by chance: the gate, set for USUAL_SIZE, moves by so
#: much for each factor of e. Measured on 130, 440 and 950 entries.
SIZE_EFFECT, USUAL_SIZE, SMALLEST_SIZE = 0.1, 1000, 50
#: What a follow-up's score in the light of the question before it counts beside its own. More lets
#: the entry that was just shown win again.
CONTEXT_WEIGHT = 0.3


class CorpusSource(Protocol):
    """Where the entries come from."""

    async def load(self) -> Corpus:
        """Read everything. Raises CorpusError when there is nothing to read."""
        ...

    async def changed(self) -> bool:
        """Whether `load` may give something new."""
        ...


class Retriever:
    """Searches the newest index there is; `run` builds it and keeps it new."""

    def __init__(
        self,
        loader: CorpusSource,
        settings: RetrievalSettings,
        *,
        refresh_s: float,
        embedder_factory: Callable[[], Embedder] | None,
        cache_dir: Path,
    ) -> None:
        self._loader = loader
        self._settings = settings
        self._refresh_s = refresh_s
        self._embedder_factory = embedder_factory
        self._cache_dir = cache_dir
        self._embedder: Embedder | None = None
        self._store: VectorStore | None = None
        self._index: SearchIndex | None = None
        self._ready, self._settled = asyncio.Event(), asyncio.Event()
        #: Why words alone are searched, and why the FAQ is not the newest; empty when all is well.
        self._no_vectors = "" if embedder_factory else "vectors are switched off"
        self._not_newest = ""

    @property
    def corpus(self) -> Corpus | None:
        """What is searched; None before the first load."""
        return self._index.corpus if self._index else None

    @property
    def mode(self) -> RetrievalMode:
        """Which signals a search uses now."""
        hybrid = self._index is not None and self._index.dense is not None
        return RetrievalMode.HYBRID if hybrid else RetrievalMode.LEXICAL

    @property
    def detail(self) -> str:
        """A sentence for the operator: what is searched, and what is missing."""
        if self._index is None:
            return "The FAQ is being read."
        size = len(self._index.corpus.documents)
        if not size:
            return f"There is no entry to search. {self._not_newest}".strip()
        entries = f"{size} {'entry' if size == 1 else 'entries'}"
        if self.mode is RetrievalMode.HYBRID:
            sentence = f"Words and vectors over {entries}."
        elif self._no_vectors:
            sentence = f"Words only, over {entries}: {self._no_vectors}."
        else:
            sentence = f"Words only so far, over {entries}: the vectors are not ready yet."
        return f"{sentence} {self._not_newest}".strip()

    async def ready(self) -> None:
        """Wait until the words can be searched, or the first load has failed."""
        await self._ready.wait()

    async def settled(self) -> None:
        """Wait until the vectors can be searched as well, or it is known that there are none."""
        await self._settled.wait()

    async def search(self, question: Question, num_results: int | None = None) -> Retrieval:
        """The best entries for `question`; none when it holds no word or its course no entry."""
        index = self._index
        text = query_text(question, self._settings.max_query_chars)
        num_entries = index.places_of(question.course).size if index else 0
        if index is None or not text or not num_entries:
            return self._retrieval((), self.mode, num_entries)
        scores, mode = await self._scores(index, text)
        if context := query_in_context(question, self._settings.max_query_chars):
            in_context, mode = await self._scores(index, context)
            scores = (1 - CONTEXT_WEIGHT) * scores + CONTEXT_WEIGHT * in_context
        limit = num_results if num_results is not None else self._settings.num_results
        matches = index.best(scores, question.course, max(0, limit))
        return self._retrieval(matches, mode, num_entries)

    async def run(self, stop: asyncio.Event) -> None:
        """Build the index, then rebuild it beside whenever the FAQ changes, until `stop`."""
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(self._keep_new())
                await stop.wait()
                keeping.cancel()
        finally:
            if self._embedder:
                self._embedder.close()

    async def _keep_new(self) -> None:
        await self._reload()
        self._ready.set()
        if self._embedder_factory:
            await self._start_embedder(self._embedder_factory)
        self._settled.set()
        while True:
            await asyncio.sleep(self._refresh_s)
            if self._not_newest or await self._changed():
                await self._reload()

    async def _changed(self) -> bool:
        try:
            return await self._loader.changed()
        except CorpusError as error:
            self._complain(error)
            return False

    async def _reload(self) -> None:
        """Load and swap in what came; on failure the index stays as it is."""
        try:
            corpus = await self._loader.load()
        except CorpusError as error:
            self._complain(error)
            if self._index is None:
                self._index = await asyncio.to_thread(SearchIndex.of, _empty(error))
            return
        self._not_newest = ""
        if self._index is None or corpus.version != self._index.corpus.version:
            await self._rebuild(corpus)
        else:
            # The same entries; their age and the problems beside them may be new.
            self._index = replace(self._index, corpus=corpus)
        log.info("the FAQ was read: %d entries", len(corpus.documents))

    async def _rebuild(self, corpus: Corpus) -> None:
        store = self._store
        if store is None or len(store.missing(_texts(corpus))) > FEW_TEXTS:
            self._index = await asyncio.to_thread(SearchIndex.of, corpus)
        if store is not None and corpus.documents:
            await self._add_vectors(corpus, store)

    async def _start_embedder(self, factory: Callable[[], Embedder]) -> None:
        try:
            self._embedder = factory()
            await self._embedder.start()
        except EmbedderUnavailable as error:
            self._lose_vectors(error)
            return
        self._store = VectorStore(self._cache_dir, self._embedder)
        await self._store.open()
        if self._index and self._index.corpus.documents:
            await self._add_vectors(self._index.corpus, self._store)

    async def _add_vectors(self, corpus: Corpus, store: VectorStore) -> None:
        try:
            vectors = await store.vectors_of(_texts(corpus))
        except EmbedderUnavailable as error:
            self._lose_vectors(error)
            vectors = None
        self._index = await asyncio.to_thread(SearchIndex.of, corpus, vectors)

    async def _scores(self, index: SearchIndex, text: str) -> tuple[Scores, RetrievalMode]:
        """A score for every document, and what it was made of."""
        text = index.lexical.repaired(text)
        lexical = index.lexical.scores(text)
        vector = await self._vector_of(text) if index.dense else None
        if index.dense is None or vector is None:
            return lexical, RetrievalMode.LEXICAL
        weighted = self._settings.lexical_weight * lexical
        return index.dense.scores(vector) + weighted, RetrievalMode.HYBRID

    async def _vector_of(self, text: str) -> Vector | None:
        """The vector of a question; None when the model failed on it."""
        try:
            if self._embedder:
                vector: Vector = (await self._embedder.encode([text]))[0]
                return vector
        except EmbedderUnavailable as error:
            log.warning("searching words alone: %s", error)
        return None

    def _retrieval(
        self, matches: tuple[Match, ...], mode: RetrievalMode, num_entries: int
    ) -> Retrieval:
        settings = self._settings
        gate = settings.gate if mode is RetrievalMode.HYBRID else settings.lexical_gate
        size = max(num_entries, SMALLEST_SIZE) / USUAL_SIZE
        return Retrieval(
            matches=matches,
            mode=mode,
            gate=gate + SIZE_EFFECT * math.log(size),
            confidence=matches[0].score if matches else 0.0,
        )

    def _lose_vectors(self, error: EmbedderUnavailable) -> None:
        log.warning("words alone are searched: %s", error)
        self._no_vectors = str(error)

    def _complain(self, error: CorpusError) -> None:
        log.warning("the FAQ could not be read: %s", error)
        self._not_newest = f"The last attempt to read the FAQ failed: {error}"


def _texts(corpus: Corpus) -> list[str]:
    return [text for document in corpus.documents for text in passages(document)]


def _empty(error: CorpusError) -> Corpus:
    return Corpus(
        documents=(),
        courses={},
        problems=(Problem(source="corpus.sources", reason=str(error)),),
        version="",
        loaded_at=datetime.now(UTC),
    )
