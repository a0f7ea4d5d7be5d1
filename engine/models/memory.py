"""The memory a model needs, computed from its config.json before a byte of it is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.models.catalog import Dtype, ModelEntry, Quantisation

#: Bytes, in the units in which people are told sizes.
GB, MB = 1e9, 1e6
#: Python, PyTorch and its libraries; on a GPU its context and the libraries' own buffers.
RUNTIME_BYTES = {"cpu": 500_000_000, "cuda": 600_000_000}
#: Tokens of a prompt that are read in one pass.
_CHUNK = {"cpu": 512, "cuda": 4096}
#: Tokens an encoder-decoder model may write, for which its slots have room.
MAX_SEQ2SEQ_NEW = 512
_SIZES = {Dtype.FLOAT32: 4, Dtype.BFLOAT16: 2, Dtype.FLOAT16: 2}
#: NF4 keeps half a byte a parameter and one float32 for each block of 64.
_NF4_BYTES = 0.5 + 4 / 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How many parameters a model has, by what loading does to them."""

    #: In matrices that quantisation makes smaller.
    linear: int
    #: Outputs of those matrices: int8 keeps one scale for each.
    outputs: int
    #: Embeddings, output layer, norms: never quantised.
    kept: int
    #: T5's `wo`, which overflows float16 and so stays float32 there.
    wide: int = 0

    @property
    def total(self) -> int:
        return self.linear + self.kept + self.wide


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryNeed:
    """Bytes a model takes where it computes."""

    weights: int
    #: Keys and values of one question as long as the context window.
    question: int
    #: What one pass over a piece of a prompt needs for itself.
    work: int
    #: The libraries themselves, before any model.
    runtime: int
    #: Tokens that one question may have, for people.
    num_tokens: int

    def total(self, num_questions: int = 1) -> int:
        """All of it when so many questions are answered at once."""
        return self.weights + num_questions * self.question + self.work + self.runtime

    def __str__(self) -> str:
        return (
            f"weights {self.weights / GB:.1f} GB, one question of {self.num_tokens:,} tokens "
            f"{self.question / GB:.1f} GB, work {self.work / GB:.1f} GB, "
            f"libraries {self.runtime / GB:.1f} GB"
        )


def memory_need(
    entry: ModelEntry, config: Mapping[str, object], *, on_gpu: bool, dtype: Dtype | None = None
) -> MemoryNeed | None:
    """The memory of the model with this configuration; None for an architecture not known here.

    Without `dtype` that of the catalogue counts: `auto` is 2 bytes a parameter on a GPU, and the
    more careful 4 on a CPU.
    """
    dtype = dtype or entry.dtype
    if dtype is Dtype.AUTO:
        dtype = Dtype.FLOAT16 if on_gpu else Dtype.FLOAT32
    device = "cuda" if on_gpu else "cpu"
    try:
        is_t5 = config.get("model_type") == "t5"
        parameters = count_parameters(config)
        if parameters is None:
            return None
        shape = _Shape(config)
        return MemoryNeed(
            weights=weight_bytes(parameters, dtype, entry.quantisation),
            question=(_t5_question if is_t5 else _causal_question)(shape, entry, dtype),
            work=(_t5_work if is_t5 else _causal_work)(shape, entry, dtype, device),
            runtime=RUNTIME_BYTES[device],
            num_tokens=entry.context_window,
        )
    except (KeyError, TypeError, ValueError):  # a config that lacks what its kind has
        return None


def need_in(
    folder: Path, entry: ModelEntry, *, on_gpu: bool, dtype: Dtype | None = None
) -> MemoryNeed | None:
    """The memory of the model in `folder`; None when its config.json does not tell."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(config, dict):
        return None
    return memory_need(entry, config, on_gpu=on_gpu, dtype=dtype)


def count_parameters(config: Mapping[str, object]) -> Parameters | None:
    """The parameters of a model; None for an architecture not known here."""
    kind = config.get("model_type")
    if kind in {"llama", "mistral", "phi3"}:
        return _causal_parameters(_Shape(config))
    return _t5_parameters(_Shape(config), config) if kind == "t5" else None


def weight_bytes(parameters: Parameters, dtype: Dtype, quantisation: Quantisation) -> int:
    size = _SIZES[dtype]
    wide = parameters.wide * (4 if dtype is Dtype.FLOAT16 else size)
    kept = parameters.kept * size + wide
    match quantisation:
        case Quantisation.NF4:
            return kept + int(parameters.linear * _NF4_BYTES)
        case Quantisation.INT8:
            return kept + parameters.linear + 4 * parameters.outputs
        case Quantisation.NONE:
            return kept + parameters.linear * size


class _Shape:
    """The whole numbers of a config.json."""

    def __init__(self, config: Mapping[str, object]) -> None:
        self._config = config

    def __getitem__(self, name: str) -> int:
        """A number that must be there. Raises KeyError or TypeError."""
        value = self._config[name]
        if not isinstance(value, int):
            raise TypeError(name)
        return value

    def get(self, name: str, default: int) -> int:
        """A number that may be left out or null."""
        return default if self._config.get(name) is None else self[name]

    @property
    def head(self) -> int:
        """Width of one attention head of a decoder-only model."""
        return self.get("head_dim", self["hidden_size"] // self["num_attention_heads"])

    @property
    def key_heads(self) -> int:
        """Heads of keys and values: fewer than of queries in most models."""
        return self.get("num_key_value_heads", self["num_attention_heads"])

    @property
    def layers(self) -> tuple[int, int]:
        """Layers of T5's encoder and decoder."""
        return self["num_layers"], self.get("num_decoder_layers", self["num_layers"])


def _causal_parameters(shape: _Shape) -> Parameters:
    width, inner, layers = (
        shape[name] for name in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    queries, keys = shape["num_attention_heads"] * shape.head, shape.key_heads * shape.head
    into = queries + 2 * keys + 2 * inner
    biases = shape.get("attention_bias", 0) * (queries + 2 * keys + width)
    biases += shape.get("mlp_bias", 0) * (2 * inner + width)
    tables = 1 if shape.get("tie_word_embeddings", 0) else 2
    return Parameters(
        linear=layers * width * (into + queries + inner),
        outputs=layers * (into + 2 * width),
        kept=tables * shape["vocab_size"] * width + layers * (2 * width + biases) + width,
    )


def _t5_parameters(shape: _Shape, config: Mapping[str, object]) -> Parameters:
    width, inner, heads = shape["d_model"], shape["d_ff"], shape["num_heads"]
    encoder, decoder = shape.layers
    attention = heads * shape["d_kv"]
    attentions = encoder + 2 * decoder  # a decoder layer attends to itself and to the source
    ways_in = 2 if "gated" in str(config.get("feed_forward_proj")) else 1
    norms = (2 * encoder + 3 * decoder + 2) * width
    tables = 1 if shape.get("tie_word_embeddings", 1) else 2
    distances = 2 * shape.get("relative_attention_num_buckets", 32) * heads
    return Parameters(
        linear=attentions * 4 * attention * width + (encoder + decoder) * ways_in * inner * width,
        outputs=attentions * (3 * attention + width) + (encoder + decoder) * ways_in * inner,
        kept=tables * shape["vocab_size"] * width + norms + distances,
        wide=(encoder + decoder) * inner * width,
    )


def _causal_question(shape: _Shape, entry: ModelEntry, dtype: Dtype) -> int:
    token = 2 * shape["num_hidden_layers"] * shape.key_heads * shape.head * _SIZES[dtype]
    return token * entry.context_window


def _t5_question(shape: _Shape, entry: ModelEntry, dtype: Dtype) -> int:
    token = 2 * shape.layers[1] * shape["num_heads"] * shape["d_kv"] * _SIZES[dtype]
    return token * (entry.context_window + MAX_SEQ2SEQ_NEW)


def _causal_work(shape: _Shape, entry: ModelEntry, dtype: Dtype, device: str) -> int:
    tokens = min(_CHUNK[device], entry.context_window)
    one = 6 * shape["hidden_size"] + 3 * shape["intermediate_size"] + 2 * entry.context_window
    dequantised = 0
    if entry.quantisation is not Quantisation.NONE:  # one matrix at a time is made whole again
        dequantised = 2 * shape["hidden_size"] * shape["intermediate_size"]
    return tokens * one * _SIZES[dtype] + dequantised + 4 * shape["vocab_size"]


def _t5_work(shape: _Shape, entry: ModelEntry, dtype: Dtype, device: str) -> int:
    """The encoder reads all at once, with a number for each pair of tokens and head: the bias of
    their distance, the score, their sum and its softmax.
    """
    tokens = entry.context_window
    one = 6 * shape["d_model"] + 3 * shape["d_ff"] + 4 * shape["num_heads"] * tokens
    return tokens * one * _SIZES[dtype]
