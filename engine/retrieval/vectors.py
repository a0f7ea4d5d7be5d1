"""The vectors of the entries: computed once for each text and kept on disk by its hash."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from engine.retrieval.background import Background
from engine.retrieval.embedder import Embedder

log = logging.getLogger(__name__)

#: Texts encoded at a time: a question waits for one batch at most, about a third of a second.
BATCH = 8
#: New vectors are kept each time so many have come: a stop in between costs little.
SAVE_EVERY = 64

Key: TypeAlias = bytes
Vector: TypeAlias = NDArray[np.float32]


def key_of(text: str) -> Key:
    """The key under which the vector of `text` is stored."""
    return _sha1(text.encode("utf-8", "replace")).digest()


class VectorStore:
    """The vectors of every text it was asked for, on disk and in memory."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        *,
        as_questions: bool = False,
        background: Background | None = None,
    ) -> None:
        """Texts that are held against entries are kept by themselves `as_questions`. Before each
        batch `background` is asked for a turn."""
        self._path = folder / f"{embedder.name}{'-questions' if as_questions else ''}.npz"
        self._embedder = embedder
        self._as_questions = as_questions
        self._background = background or Background()
        self._vectors: dict[Key, Vector] | None = None

    async def open(self) -> None:
        """Read what was kept; a damaged file costs the time to compute it again."""
        self._vectors = await asyncio.to_thread(_load, self._path)

    def missing(self, texts: Iterable[str]) -> dict[Key, str]:
        known = self._vectors or {}
        return {key: text for text in texts if (key := key_of(text)) not in known}

    async def vectors_of(self, texts: Iterable[str]) -> Mapping[Key, Vector]:
        """The vectors of `texts`; those of other texts are forgotten.

        Raises EmbedderUnavailable.
        """
        wanted = list(texts)
        vectors = dict(self._vectors or {})
        # Alike in length: a batch is as slow as its longest text.
        pending = sorted(self.missing(wanted).items(), key=lambda item: len(item[1]))
        for start in range(0, len(pending), BATCH):
            batch = pending[start : start + BATCH]
            await self._background.turn()
            encoded = await self._embedder.encode(
                [text for _, text in batch], as_questions=self._as_questions
            )
            vectors.update(zip((key for key, _ in batch), encoded, strict=True))
            self._vectors = vectors
            if start // BATCH % (SAVE_EVERY // BATCH) == SAVE_EVERY // BATCH - 1:
                await asyncio.to_thread(_save, self._path, dict(vectors))
        kept = {key: vectors[key] for key in map(key_of, wanted)}
        if pending or len(kept) != len(vectors):
            await asyncio.to_thread(_save, self._path, kept)
        self._vectors = kept
        return kept


def _load(path: Path) -> dict[Key, Vector]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            keys, vectors = content["keys"], content["vectors"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile) as error:
        log.warning("%s cannot be read (%s); its vectors are computed again", path, error)
        return {}
    if not _fit(keys, vectors):
        log.warning("%s does not hold vectors; they are computed again", path)
        return {}
    return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}


def _fit(keys: NDArray[np.uint8], vectors: Vector) -> bool:
    return bool(
        keys.ndim == vectors.ndim == 2
        and keys.dtype == np.uint8
        and keys.shape == (len(vectors), _sha1().digest_size)
        and vectors.dtype == np.float32
        and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    )


def _save(path: Path, vectors: Mapping[Key, Vector]) -> None:
    """Replace the file in one step; failing makes the next start slow and nothing else."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            keys = np.frombuffer(b"".join(vectors), dtype=np.uint8).reshape(len(vectors), -1)
            np.savez(file, keys=keys, vectors=np.stack(list(vectors.values())))
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        log.warning("the vectors cannot be kept in %s (%s)", path, error.strerror)


def _sha1(data: bytes = b"") -> hashlib._Hash:
    return hashlib.sha1(data, usedforsecurity=False)
