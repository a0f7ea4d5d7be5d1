"""Encodes the FAQ and the questions with one embedder, and keeps the vectors it made."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from engine.corpus.corpus import Corpus
from engine.errors import EmbedderUnavailable
from engine.retrieval.background import Background
from engine.retrieval.dense import Space
from engine.retrieval.embedder import Embedder
from engine.retrieval.index import Vectors
from engine.retrieval.intent import IntentClassifier, examples
from engine.retrieval.retrieval import Intent
from engine.retrieval.score_floor import probes
from engine.retrieval.vectors import Vector, VectorStore, key_of

log = logging.getLogger(__name__)

EmbedderFactory = Callable[[], Embedder]


class DenseEncoder:
    """Starts its embedder when it is first needed, and gives up for good when that fails."""

    def __init__(
        self,
        factory: EmbedderFactory | None,
        space: Space,
        cache_dir: Path,
        background: Background,
    ) -> None:
        self._factory = factory
        self._space = space
        self._cache_dir = cache_dir
        self._background = background
        self._embedder: Embedder | None = None
        self._store: VectorStore | None = None
        self._probes: list[Vector] = []
        self._intents: IntentClassifier | None = None
        #: Why there are no vectors; empty while there are, or may still be.
        self.trouble = "" if factory else "vectors are switched off"

    def missing(self, corpus: Corpus) -> int | None:
        """How many texts of the FAQ lack a vector; None before the embedder was started."""
        return len(self._store.missing(self._texts(corpus))) if self._store else None

    async def vectors_of(self, corpus: Corpus) -> Vectors | None:
        """The vectors of the FAQ, made as far as they are not kept; None when that fails."""
        try:
            store = self._store or await self._start()
            texts = await store.vectors_of(self._texts(corpus))
        except EmbedderUnavailable as error:
            log.warning("vectors are left out: %s", error)
            self.trouble = str(error)
            return None
        return Vectors(texts=texts, probes=self._probes)

    async def vector_of(self, question: str) -> Vector | None:
        """The vector of a question; None when the model failed on it."""
        try:
            if self._embedder:
                vector: Vector = (await self._embedder.encode([question], as_questions=True))[0]
                return vector
        except EmbedderUnavailable as error:
            log.warning("searching without it: %s", error)
        return None

    def intent_of(self, question: Vector | None) -> Intent:
        """What the message with this vector seems to be; a question where nothing tells."""
        if question is None or self._intents is None:
            return Intent.QUESTION
        return self._intents.intent_of(question)

    def close(self) -> None:
        if self._embedder:
            self._embedder.close()

    async def _start(self) -> VectorStore:
        if self._factory is None:
            raise EmbedderUnavailable(self.trouble)
        self._embedder = self._factory()
        await self._embedder.start()
        await self._read_examples(self._embedder)
        self._store = VectorStore(self._cache_dir, self._embedder, background=self._background)
        await self._store.open()
        return self._store

    async def _read_examples(self, embedder: Embedder) -> None:
        """Encode the probes and the examples of intents; a file keeps them for later starts."""
        asked = VectorStore(self._cache_dir, embedder, as_questions=True)
        await asked.open()
        own = [text for _, text in examples()] if self._space.tells_intents else []
        vectors = await asked.vectors_of([*(probe.text for probe in probes()), *own])
        self._probes = [vectors[key_of(probe.text)] for probe in probes()]
        if self._space.tells_intents:
            self._intents = IntentClassifier.of(vectors)

    def _texts(self, corpus: Corpus) -> list[str]:
        texts = map(self._space.texts_of, corpus.documents)
        return [text for questions, passages in texts for text in (*questions, *passages)]
