"""An embedder for tests: texts with the same words get the same vector, at once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import numpy as np

from engine.errors import EmbedderUnavailable
from engine.retrieval.embedder import Vectors


class FakeEmbedder:
    """Adds up one random direction for each word. It can be made to wait or to fail."""

    name = "fake"

    def __init__(self) -> None:
        self.encoded: list[str] = []
        self.closed = False
        self.refuses_to_start = ""
        self.fails = False
        #: Cleared, `encode` waits for it.
        self.may_encode = asyncio.Event()
        self.may_encode.set()

    async def start(self) -> None:
        if self.refuses_to_start:
            raise EmbedderUnavailable(self.refuses_to_start)

    async def encode(self, texts: Sequence[str]) -> Vectors:
        await self.may_encode.wait()
        if self.fails:
            raise EmbedderUnavailable("the embedding model failed")
        self.encoded += texts
        return np.stack([_vector(text) for text in texts])

    def close(self) -> None:
        self.closed = True


def _vector(text: str) -> Vectors:
    total = np.full(384, 1e-3, dtype=np.float32)
    for word in text.lower().replace("?", " ").split():
        seed = int.from_bytes(hashlib.sha1(word.encode("utf-8", "replace")).digest()[:4])
        total += np.random.default_rng(seed).standard_normal(384, dtype=np.float32)
    vector: Vectors = total / np.linalg.norm(total)
    return vector
