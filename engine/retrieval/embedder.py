"""Turns text into vectors, and scores pairs of texts: what an embedder is, and cross-encoders,
those that tell entailment included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import EmbedderUnavailable

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

M = TypeVar("M")
T = TypeVar("T")

#: One row for each text, of length 1.
Vectors: TypeAlias = NDArray[np.float32]
Scores: TypeAlias = NDArray[np.float32]
#: Tokens of a question and a text together that a cross-encoder reads.
MAX_PAIR_TOKENS = 320
#: Tokens of a premise and a statement together that an entailment model reads, if it can so many.
MAX_ENTAILMENT_TOKENS = 512


class Embedder(Protocol):
    """Turns text into vectors whose dot product says how close two texts are in meaning."""

    #: Names the model: vectors of different models are never compared.
    name: str

    async def start(self) -> None:
        """Load the model. Raises EmbedderUnavailable with a sentence that says why not."""

    async def encode(self, texts: Sequence[str], *, as_questions: bool = False) -> Vectors:
        """Vectors of `texts`, in their order: float32, (len(texts), width). Some models read a
        question in another way than what it is held against. Raises EmbedderUnavailable."""

    def close(self) -> None:
        """Give up the thread; what it works on is finished and thrown away."""


class PairScorer(Protocol):
    """Reads a question together with texts."""

    #: Names the model, for people.
    name: str

    async def start(self) -> None:
        """Load the model. Raises EmbedderUnavailable with a sentence that says why not."""

    async def score(self, question: str, texts: Sequence[str]) -> Scores:
        """How likely each text answers the question: float32, (len(texts),), from 0 to 1.
        Raises EmbedderUnavailable."""

    def close(self) -> None: ...


class ModelThread(Generic[M]):
    """One CPU thread that loads a model and then runs it; `what` names the model in errors."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._model: M | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")

    @property
    def model(self) -> M:
        """What was loaded. Raises EmbedderUnavailable before that."""
        if self._model is None:
            raise EmbedderUnavailable(f"{self._what} is not loaded")
        return self._model

    async def load(self, load: Callable[[], M]) -> None:
        """Keep what `load` returns. Raises EmbedderUnavailable, with a sentence why it cannot."""
        try:
            self._model = await self._run(load)
        except ImportError as error:
            raise EmbedderUnavailable(
                f"the Python package {error.name or f'of {self._what}'} is not installed"
            ) from error
        except EmbedderUnavailable:
            raise
        # Loading runs code of several libraries; whatever breaks in it leaves the words to search.
        except Exception as error:
            raise EmbedderUnavailable(
                f"{self._what} could not be loaded ({type(error).__name__}: {error})"
            ) from error

    async def work(self, work: Callable[[M], T]) -> T:
        """What `work` makes of the model. Raises EmbedderUnavailable where that fails."""
        model = self.model
        try:
            return await self._run(lambda: work(model))
        except (RuntimeError, MemoryError) as error:
            raise EmbedderUnavailable(f"{self._what} failed ({error})") from error

    def close(self) -> None:
        """Give up the thread without waiting for it."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class CrossEncoderScorer:
    """A cross-encoder for sentence-transformers, from the hub or a folder; safetensors only."""

    def __init__(self, name: str, *, hf_token: str | None = None) -> None:
        self.name = name
        self._token = hf_token
        self._thread = ModelThread["CrossEncoder"](f"the cross-encoder {name}")

    async def start(self) -> None:
        await self._thread.load(lambda: _load_pairs(self.name, self._token))

    async def score(self, question: str, texts: Sequence[str]) -> Scores:
        pairs = [(question, text) for text in texts]
        return await self._thread.work(lambda model: _score(model, pairs))

    def close(self) -> None:
        self._thread.close()


class EntailmentCrossEncoder:
    """A cross-encoder that tells whether one text follows from another (NLI), from the hub or a
    folder; safetensors only."""

    def __init__(self, name: str, *, hf_token: str | None = None) -> None:
        self.name = name
        self._token = hf_token
        self._what = f"the entailment model {name}"
        #: The model, and which of its outputs says that it follows.
        self._thread = ModelThread["tuple[CrossEncoder, int]"](self._what)
        # Tokenizers refuse a second thread while they work ("Already borrowed").
        self._lock = Lock()

    async def start(self) -> None:
        """Load the model. Raises EmbedderUnavailable with a sentence that says why not."""
        await self._thread.load(lambda: _load_entailment(self.name, self._token))

    def entails(self, premises: Sequence[str], hypothesis: str) -> Sequence[float]:
        """How likely `hypothesis` follows from each of `premises`, from 0 to 1, in their order.

        Works in the thread that calls it, one at a time. Raises EmbedderUnavailable.
        """
        model, output = self._thread.model
        pairs = [(premise, hypothesis) for premise in premises]
        try:
            with self._lock:
                found = _entail(model, pairs)[:, output]
        # As with loading: whatever breaks in it leaves the check by words.
        except Exception as error:
            raise EmbedderUnavailable(
                f"{self._what} failed ({type(error).__name__}: {error})"
            ) from error
        if not np.isfinite(found).all():  # it would compare as neither more nor less
            raise EmbedderUnavailable(f"{self._what} failed (it gave no number)")
        return [float(one) for one in found]

    def close(self) -> None:
        self._thread.close()


def _load_cross_encoder(
    name: str, token: str | None, max_length: int | None = None, **model: object
) -> CrossEncoder:
    """The cross-encoder `name`; `model` is for transformers' `from_pretrained`."""
    from huggingface_hub.utils import disable_progress_bars

    # Before transformers is imported: its bar for loading would run through the console's chat.
    disable_progress_bars()
    import torch
    from sentence_transformers import CrossEncoder

    torch.set_num_threads(1)
    return CrossEncoder(
        name,
        device="cpu",
        token=token,
        max_length=max_length,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, **model},
    )


def _load_pairs(name: str, token: str | None) -> CrossEncoder:
    model = _load_cross_encoder(name, token, MAX_PAIR_TOKENS)
    if model.num_labels != 1:
        raise EmbedderUnavailable(
            f"the cross-encoder {name} has {model.num_labels} outputs; one is needed, the score"
        )
    return model


def _score(model: CrossEncoder, pairs: list[tuple[str, str]]) -> Scores:
    from torch.nn import Sigmoid

    scores: Scores = model.predict(
        _readable(pairs), batch_size=len(pairs), activation_fn=Sigmoid(), show_progress_bar=False
    )
    return scores


def _readable(pairs: list[tuple[str, str]]) -> list[tuple[str, ...]]:
    """`pairs` without half a character, which tokenizers refuse."""
    return [tuple(t.encode("utf-8", "replace").decode() for t in pair) for pair in pairs]


def _load_entailment(name: str, token: str | None) -> tuple[CrossEncoder, int]:
    """The model, and which of its outputs is the one that is needed."""
    import torch

    # Many are saved with half the bits, which a CPU computes with slowly.
    model = _load_cross_encoder(name, token, dtype=torch.float32)
    model.max_seq_length = min(MAX_ENTAILMENT_TOKENS, model.max_seq_length)
    return model, _entailment_output(model, name)


def _entailment_output(model: CrossEncoder, name: str) -> int:
    """The output that is named entailment; the only one, where there is one."""
    if model.num_labels == 1:
        return 0
    labels = {str(label): int(output) for output, label in model.config.id2label.items()}
    # Some configurations say it the other way round only; these go second.
    for label, output in [*labels.items(), *(model.config.label2id or {}).items()]:
        if label.casefold().startswith("entail"):
            return int(output)
    raise EmbedderUnavailable(
        f"the entailment model {name} has the labels {', '.join(labels)}; one of them must begin "
        "with “entail”"
    )


def _entail(model: CrossEncoder, pairs: list[tuple[str, str]]) -> Scores:
    """The probability of each output, one row for each pair."""
    from torch.nn import Identity, Sigmoid

    single = model.num_labels == 1
    scores: Scores = model.predict(
        _readable(pairs),
        batch_size=len(pairs) or 1,
        activation_fn=Sigmoid() if single else Identity(),
        apply_softmax=not single,
        show_progress_bar=False,
    )
    return scores.reshape(len(pairs), model.num_labels)
