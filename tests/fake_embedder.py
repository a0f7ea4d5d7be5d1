"""An embedder for tests: texts with the same words get the same vector, at once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import numpy as np

from engine.errors import EmbedderUnavailable
from engine.retrieval.embedder import Vectors

WIDTH = 384


class FakeEmbedder:
    """Adds up one random direction for each word. It can be made to wait or to fail.

    Texts without a common word have the cosine `unrelated`: with some models that is not 0.
    """

    def __init__(self, name: str = "fake", *, unrelated: float = 0.0) -> None:
        self.name = name
        self._unrelated = unrelated
        #: Every text that came, and those of them that came as questions.
        self.encoded: list[str] = []
        self.asked: list[str] = []
        self.started = self.closed = False
        self.refuses_to_start = ""
        self.fails = False
        #: Cleared, `encode` waits for it.
        self.may_encode = asyncio.Event()
        self.may_encode.set()

    async def start(self) -> None:
        if self.refuses_to_start:
            raise EmbedderUnavailable(self.refuses_to_start)
        self.started = True

    async def encode(self, texts: Sequence[str], *, as_questions: bool = False) -> Vectors:
        await self.may_encode.wait()
        if not self.started or self.closed:
            raise EmbedderUnavailable("the embedding model is not loaded")
        if self.fails:
            raise EmbedderUnavailable("the embedding model failed")
        self.encoded += texts
        if as_questions:
            self.asked += texts
        vectors = [self._vector(text) for text in texts]
        return np.stack(vectors) if vectors else np.zeros((0, WIDTH), dtype=np.float32)

    def close(self) -> None:
        self.closed = True

    def _vector(self, text: str) -> Vectors:
        own = _vector(text)
        if not self._unrelated:
            return own
        common = np.eye(1, own.size, dtype=np.float32)[0]
        own -= (own @ common) * common
        own /= np.linalg.norm(own)
        vector: Vectors = np.sqrt(self._unrelated) * common + np.sqrt(1 - self._unrelated) * own
        return vector.astype(np.float32)


async def loaded() -> FakeEmbedder:
    """One that can be asked at once."""
    embedder = FakeEmbedder()
    await embedder.start()
    return embedder


def other_languages() -> FakeEmbedder:
    """One whose cosines are those of multilingual-e5."""
    return FakeEmbedder("multilingual", unrelated=0.75)


def _vector(text: str) -> Vectors:
    total = np.full(WIDTH, 1e-3, dtype=np.float32)
    for word in text.lower().replace("?", " ").split():
        seed = int.from_bytes(hashlib.sha1(word.encode("utf-8", "replace")).digest()[:4])
        total += np.random.default_rng(seed).standard_normal(WIDTH, dtype=np.float32)
    vector: Vectors = total / np.linalg.norm(total)
    return vector
