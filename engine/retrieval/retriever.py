"""Finds the entries that fit a question, and keeps the index as new as the FAQ."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from config.settings import RetrievalSettings
from engine.corpus.corpus import Corpus, Problem
from engine.errors import CorpusError
from engine.retrieval.background import Background
from engine.retrieval.calibration import Claim, threshold
from engine.retrieval.dense import ENGLISH, MULTILINGUAL
from engine.retrieval.dense_encoder import DenseEncoder, EmbedderFactory
from engine.retrieval.index import SearchIndex, Vectors, language_of_entries
from engine.retrieval.language import ENGLISH as ENGLISH_LANGUAGE
from engine.retrieval.retrieval import QueryContext, Retrieval, query_text
from engine.retrieval.scoring import mode_of
from engine.retrieval.search import Search
from engine.types import Question, RetrievalMode

log = logging.getLogger(__name__)

#: When more texts than this lack a vector, they are searched without it until they have one: what
#: was taken out of the FAQ must not be found for the minute that takes.
FEW_TEXTS = 100
#: An English FAQ of more entries gets no multilingual vectors: making them would take hours, and
#: English questions need them least.
MANY_ENTRIES = 10_000


class CorpusSource(Protocol):
    """Where the entries come from."""

    async def load(self) -> Corpus:
        """Read everything. Raises CorpusError when there is nothing to read."""

    async def changed(self) -> bool:
        """Whether `load` may give something new."""


class Retriever:
    """Searches the newest index there is; `run` builds it and keeps it new."""

    def __init__(
        self,
        loader: CorpusSource,
        settings: RetrievalSettings,
        *,
        refresh_s: float,
        embedder_factory: EmbedderFactory | None,
        cache_dir: Path,
        multilingual_factory: EmbedderFactory | None = None,
        includes: Mapping[str, Sequence[str]] | None = None,
        many_entries: int = MANY_ENTRIES,
    ) -> None:
        self._loader = loader
        self._settings = settings
        self._refresh_s = refresh_s
        self._includes = includes or {}
        self._many_entries = many_entries
        #: Pauses the making of vectors while a question is answered: answering enters `held_back`.
        self.background = Background()
        self._english = DenseEncoder(embedder_factory, ENGLISH, cache_dir, self.background)
        self._multilingual = DenseEncoder(
            multilingual_factory, MULTILINGUAL, cache_dir, self.background
        )
        self._index: SearchIndex | None = None
        self._swapping = asyncio.Lock()
        self._ready, self._settled, self._complete = (asyncio.Event() for _ in range(3))
        #: Why the FAQ is not the newest; empty when all is well.
        self._not_newest = ""

    @property
    def corpus(self) -> Corpus | None:
        """What is searched; None before the first load."""
        return self._index.corpus if self._index else None

    @property
    def language(self) -> str:
        """The language of the FAQ (ISO 639-1)."""
        return self._index.language if self._index else ENGLISH_LANGUAGE

    @property
    def mode(self) -> RetrievalMode:
        """Which signals a search in the FAQ's own language uses now."""
        index = self._index
        return mode_of(
            english=index is not None and index.english is not None,
            multilingual=index is not None and index.multilingual is not None,
        )

    @property
    def detail(self) -> str:
        """A sentence for the operator: what is searched, and what is missing."""
        if self._index is None:
            return "The FAQ is being read."
        size = len(self._index.corpus.documents)
        if not size:
            return f"There is no entry to search. {self._not_newest}".strip()
        entries = f"{size} {'entry' if size == 1 else 'entries'}"
        return f"{self._signals_sentence(entries)} {self._not_newest}".strip()

    def _signals_sentence(self, entries: str) -> str:
        english, multilingual = self._english.trouble, self._multilingual.trouble
        match self.mode:
            case RetrievalMode.MULTILINGUAL if english and self.language == ENGLISH_LANGUAGE:
                return f"Words and multilingual vectors alone, over {entries}: {english}."
            case RetrievalMode.ENSEMBLE | RetrievalMode.MULTILINGUAL:
                return f"Words and vectors over {entries}."
            case RetrievalMode.HYBRID if multilingual:
                return f"Words and English vectors over {entries}: {multilingual}."
            case RetrievalMode.HYBRID if self._complete.is_set():
                return (
                    f"Words and English vectors over {entries}: multilingual ones would take "
                    f"hours for more than {self._many_entries}."
                )
            case RetrievalMode.HYBRID:
                return f"Words and English vectors over {entries}; the multilingual ones follow."
        if english and (multilingual or self._complete.is_set()):
            reason = english if self.language == ENGLISH_LANGUAGE else multilingual
            return f"Words only, over {entries}: {reason or english}."
        return f"Words only so far, over {entries}: the vectors are not ready yet."

    def knows(self, words: Iterable[str]) -> bool:
        """Whether every one of these words stands in the FAQ."""
        index = self._index
        return index is not None and all(index.lexical.knows(word) for word in words)

    async def ready(self) -> None:
        """Wait until the words can be searched, or the first load has failed."""
        await self._ready.wait()

    async def settled(self) -> None:
        """Wait until vectors can be searched as well, or it is known that there are none."""
        await self._settled.wait()

    async def complete(self) -> None:
        """Wait until everything is searched that will be."""
        await self._complete.wait()

    def title_of(self, id_: str) -> str | None:
        return self._index.title_of(id_) if self._index else None

    async def search(
        self,
        question: Question,
        num_results: int | None = None,
        context: QueryContext | None = None,
    ) -> Retrieval:
        """The best entries for `question`; none when it holds no word or its course no entry.

        What its course does not cover is searched for in all courses. `context` is the
        conversation that it goes on from: its `history` is not read here.
        """
        index = self._index
        text = query_text(question)
        if index is None or not text or not index.places_of(question.course).size:
            return self._nothing()
        limit = max(0, num_results if num_results is not None else self._settings.num_results)
        search = Search(
            index=index,
            english=self._english,
            multilingual=self._multilingual,
            course=question.course,
            included=self._includes.get(question.course or "", ()),
            limit=limit,
        )
        return await search.find(text, context)

    async def run(self, stop: asyncio.Event) -> None:
        """Build the index, then rebuild it beside whenever the FAQ changes, until `stop`."""
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(self._keep_new())
                await stop.wait()
                keeping.cancel()
        finally:
            self._english.close()
            self._multilingual.close()

    async def _keep_new(self) -> None:
        await self._reload()
        for event in (self._ready, self._settled, self._complete):
            event.set()
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
        """Swap in the words, then each kind of vectors as soon as it is there; where hardly any is
        missing, all at once."""
        made: dict[DenseEncoder, Vectors] = {}
        encoders = await asyncio.to_thread(self._encoders, corpus)
        missing = [encoder.missing(corpus) for encoder in encoders]
        at_once = bool(encoders) and all(n is not None and n <= FEW_TEXTS for n in missing)

        async def add(encoder: DenseEncoder) -> None:
            vectors = await encoder.vectors_of(corpus)
            if vectors is not None:
                made[encoder] = vectors
                if not at_once:
                    await self._swap(corpus, made)

        if not at_once:
            await self._swap(corpus, made)
        async with asyncio.TaskGroup() as group:
            for encoder in encoders:
                group.create_task(add(encoder))
        if at_once:
            await self._swap(corpus, made)

    def _encoders(self, corpus: Corpus) -> list[DenseEncoder]:
        """The embedders that this FAQ is searched with, the quickest gain first."""
        if not corpus.documents:
            return []
        if language_of_entries(corpus.documents) != ENGLISH_LANGUAGE:
            wanted = [self._multilingual]
        elif len(corpus.documents) > self._many_entries:
            wanted = [self._english]
        else:
            wanted = [self._english, self._multilingual]
        return [encoder for encoder in wanted if not encoder.trouble]

    async def _swap(self, corpus: Corpus, made: Mapping[DenseEncoder, Vectors]) -> None:
        async with self._swapping:  # the one that is asked for last counts
            same = self._index is not None and self._index.corpus.version == corpus.version
            self._index = await asyncio.to_thread(
                SearchIndex.of,
                corpus,
                made.get(self._english),
                made.get(self._multilingual),
                self._includes,
                self._index.lexical if self._index is not None and same else None,
            )
        self._ready.set()
        if made:
            self._settled.set()

    def _nothing(self) -> Retrieval:
        return Retrieval(
            matches=(),
            mode=self.mode,
            gate=threshold(Claim.COVERED, self.mode),
            confidence=0.0,
            faq_language=self.language,
        )

    def _complain(self, error: CorpusError) -> None:
        log.warning("the FAQ could not be read: %s", error)
        self._not_newest = f"The last attempt to read the FAQ failed: {error}"


def _empty(error: CorpusError) -> Corpus:
    return Corpus(
        documents=(),
        courses={},
        problems=(Problem(source="corpus.sources", reason=str(error)),),
        version="",
        loaded_at=datetime.now(UTC),
    )
