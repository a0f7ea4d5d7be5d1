"""The memory a model needs, computed from its config.json before a byte of it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
#: Layers that keep keys and values, by config.json's layer_types.
_KEEP_KEYS = ("sliding_attention", "attention", "hybrid", "hybrid_sliding", "full_attention")
#: Architectures whose layers have the matrices of a Llama's, by config.json's model_type.
_LLAMA_LIKE = {"llama", "mistral", "phi3", "qwen2", "qwen3", "smollm3", "granite", "olmo2", "olmo3"}
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
    #: Bytes of what is quantised on the disk already and stays so.
    stored: int = 0

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
    entry: ModelEntry,
    config: Mapping[str, object],
    *,
    on_gpu: bool,
    dtype: Dtype | None = None,
    parameters: Parameters | None = None,
) -> MemoryNeed | None:
    """The memory of the model with this configuration; None where it does not tell.

    `parameters` counts for an architecture of which they cannot be computed here. Without
    `dtype` that of the catalogue counts: `auto` is 2 bytes a parameter on a GPU, and the
    more careful 4 on a CPU.
    """
    dtype = dtype or entry.dtype
    if dtype is Dtype.AUTO:
        dtype = Dtype.FLOAT16 if on_gpu else Dtype.FLOAT32
    device = "cuda" if on_gpu else "cpu"
    try:
        parameters = count_parameters(config) or parameters
        if parameters is None:
            return None
        work = _t5_work if _is_t5(config) else _work
        num_tokens = entry.context_window
        if config.get("is_encoder_decoder") or _is_t5(config):
            num_tokens += MAX_SEQ2SEQ_NEW
        return MemoryNeed(
            weights=weight_bytes(parameters, dtype, entry.quantisation),
            question=num_tokens * cached_numbers(config) * _SIZES[dtype],
            work=work(_Shape(_writing_part(config)), entry, dtype, device),
            runtime=RUNTIME_BYTES[device],
            num_tokens=entry.context_window,
        )
    except (KeyError, TypeError, ValueError):  # a config that lacks what its kind has
        return None


def count_parameters(config: Mapping[str, object]) -> Parameters | None:
    """The parameters of a model; None for an architecture not known here."""
    if config.get("model_type") in _LLAMA_LIKE:
        return _causal_parameters(_Shape(config))
    return _t5_parameters(_Shape(config), config) if _is_t5(config) else None


def cached_numbers(config: Mapping[str, object]) -> int:
    """How many numbers a slot keeps of each token, in keys and values of all layers.

    Sliding layers keep the whole text in a slot. States of recurrent layers are left out: they
    are as small as a few tokens. Raises KeyError or TypeError.
    """
    config = _writing_part(config)
    shape = _Shape(config)
    kinds = config.get("layer_types")
    layers = shape.first("num_hidden_layers", "decoder_layers", "n_layer", "n_layers", "num_layers")
    if not isinstance(kinds, list):
        kinds = ["full_attention"] * shape.get("num_decoder_layers", layers)
    kinds = kinds[: len(kinds) - shape.get("num_kv_shared_layers", 0)]
    if config.get("kv_lora_rank"):  # latent attention keeps what keys and values are made from
        return len(kinds) * (shape["kv_lora_rank"] + shape["qk_rope_head_dim"])
    return 2 * sum(
        layer.key_heads * layer.head
        for number, kind in enumerate(kinds)
        if kind in _KEEP_KEYS
        for layer in [_Shape(_layer(config, number, kind))]
    )


def _layer(config: Mapping[str, object], number: int, kind: str) -> dict[str, object]:
    """The settings of one layer: some of Gemma 4's are wider than the rest."""
    settings = dict(config)
    if kind == "full_attention" and config.get("global_head_dim"):
        settings["head_dim"] = config["global_head_dim"]
    own = config.get("per_layer_config")
    other = own.get(str(number), own.get(number)) if isinstance(own, Mapping) else None
    return settings | (dict(other) if isinstance(other, Mapping) else {})


def _is_t5(config: Mapping[str, object]) -> bool:
    return config.get("model_type") in {"t5", "mt5", "umt5"}


def _writing_part(config: Mapping[str, object]) -> Mapping[str, object]:
    """The settings of the part that writes, in a model that also reads images or texts."""
    for name in ("text_config", "decoder"):
        part = config.get(name)
        if isinstance(part, Mapping):
            return part
    return config


def weight_bytes(parameters: Parameters, dtype: Dtype, quantisation: Quantisation) -> int:
    size = _SIZES[dtype]
    wide = parameters.wide * (4 if dtype is Dtype.FLOAT16 else size)
    kept = parameters.kept * size + wide + parameters.stored
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
        if isinstance(value, list) and value:  # one for each layer
            value = max(value)
        if not isinstance(value, int):
            raise TypeError(name)
        return value

    def get(self, name: str, default: int) -> int:
        """A number that may be left out or null."""
        return default if self._config.get(name) is None else self[name]

    def first(self, *names: str) -> int:
        """The number that is there under one of its names. Raises KeyError or TypeError."""
        return self[next((one for one in names if self._config.get(one) is not None), names[0])]

    @property
    def width(self) -> int:
        """Of the stream between the layers."""
        return self.first("hidden_size", "d_model", "n_embd")

    @property
    def inner(self) -> int:
        """Width inside the feed-forward part."""
        names = ("intermediate_size", "decoder_ffn_dim", "ffn_dim", "d_ff", "n_inner")
        there = [name for name in names if self._config.get(name) is not None]
        return self[there[0]] if there else 4 * self.width

    @property
    def heads(self) -> int:
        return self.first(
            "num_attention_heads", "decoder_attention_heads", "n_head", "n_heads", "num_heads"
        )

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.get("head_dim", self.get("d_kv", self.width // self.heads))

    @property
    def key_heads(self) -> int:
        """Heads of keys and values: fewer than of queries in most models."""
        return self.get("num_key_value_heads", self.heads)

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


def _work(shape: _Shape, entry: ModelEntry, dtype: Dtype, device: str) -> int:
    tokens = min(_CHUNK[device], entry.context_window)
    one = 6 * shape.width + 3 * shape.inner + 2 * entry.context_window
    dequantised = 0
    if entry.quantisation is not Quantisation.NONE:  # one matrix at a time is made whole again
        dequantised = 2 * shape.width * shape.inner
    return tokens * one * _SIZES[dtype] + dequantised + 4 * shape["vocab_size"]


def _t5_work(shape: _Shape, entry: ModelEntry, dtype: Dtype, device: str) -> int:
    """The encoder reads all at once, with a number for each pair of tokens and head: the bias of
    their distance, the score, their sum and its softmax.
    """
    tokens = entry.context_window
    one = 6 * shape["d_model"] + 3 * shape["d_ff"] + 4 * shape["num_heads"] * tokens
    return tokens * one * _SIZES[dtype]
