"""The memory for keys and values of all running sequences: one fixed slot each, filled in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers.cache_utils import EncoderDecoderCache

from engine.worker.batching.forward_batch import BUCKET, ForwardBatch, Prefix


@dataclass(frozen=True, slots=True)
class LayerShape:
    """What one layer keeps of each token."""

    num_heads: int
    key_dim: int
    value_dim: int
    dtype: torch.dtype

    @classmethod
    def of(cls, keys: torch.Tensor, values: torch.Tensor) -> LayerShape:
        """The shape of keys and values as the model made them, [1, heads, tokens, dim]."""
        return cls(keys.shape[1], keys.shape[3], values.shape[3], keys.dtype)

    @property
    def num_bytes(self) -> int:
        """Bytes of one token."""
        return self.num_heads * (self.key_dim + self.value_dim) * self.dtype.itemsize


@dataclass(slots=True)
class Layer:
    """Keys and values of one layer, [slots, heads, columns, dim]."""

    keys: torch.Tensor
    values: torch.Tensor


def slot_bytes(shapes: Sequence[LayerShape], num_tokens: int) -> int:
    """Bytes that a slot for `num_tokens` takes."""
    return num_columns(num_tokens) * sum(shape.num_bytes for shape in shapes)


def num_columns(num_tokens: int) -> int:
    """Columns of a slot for `num_tokens`: whole buckets, and at least one to spare."""
    return (num_tokens // BUCKET + 1) * BUCKET


class KVCache:
    """Stands in for a cache of transformers while `batch` is run."""

    #: transformers asks.
    is_compileable = False

    def __init__(
        self,
        shapes: Sequence[LayerShape],
        *,
        num_slots: int,
        num_tokens: int,
        device: torch.device,
    ) -> None:
        self.num_columns = num_columns(num_tokens)

        def zeros(shape: LayerShape, dim: int) -> torch.Tensor:
            # Not what lay there: a hidden NaN times nothing is still NaN.
            size = (num_slots, shape.num_heads, self.num_columns, dim)
            return torch.zeros(size, dtype=shape.dtype, device=device)

        self.layers = [Layer(zeros(one, one.key_dim), zeros(one, one.value_dim)) for one in shapes]
        self.batch: ForwardBatch | None = None
        #: Of the constant part of all prompts.
        self.prefix: Prefix = []

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer_idx: int, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keep the new tokens' keys and values, [1, heads, N, dim]; returns the KV cache's."""
        layer, batch = self.layers[layer_idx], self.batch
        assert batch is not None
        layer.keys[batch.slots, :, batch.columns] = keys[0].transpose(0, 1)
        layer.values[batch.slots, :, batch.columns] = values[0].transpose(0, 1)
        reach = batch.num_columns
        return layer.keys[:, :, :reach], layer.values[:, :, :reach]

    def get_seq_length(self, *_: object) -> int:
        """As if the pass were at the last column it reaches: T5 counts its distances from it."""
        assert self.batch is not None
        return self.batch.num_columns - 1

    def keep_prefix(self, slot: int, num_tokens: int) -> None:
        """Copy the beginning of a sequence: it is the constant part."""
        self.prefix = [
            (layer.keys[slot, :, :num_tokens].clone(), layer.values[slot, :, :num_tokens].clone())
            for layer in self.layers
        ]

    def begin(self, slot: int, num_tokens: int) -> None:
        """Begin a sequence with the first `num_tokens` of the prefix."""
        for layer, (keys, values) in zip(self.layers, self.prefix, strict=True):
            layer.keys[slot, :, :num_tokens] = keys[:, :num_tokens]
            layer.values[slot, :, :num_tokens] = values[:, :num_tokens]

    def clear(self, slot: int) -> None:
        """Zero a slot whose keys and values may be NaN."""
        for layer in self.layers:
            layer.keys[slot].zero_()
            layer.values[slot].zero_()


class CrossCache:
    """Keys and values that encoder-decoder models make of the sources, one slot a source."""

    def __init__(self, kv_cache: KVCache) -> None:
        self.layers = kv_cache.layers
        self.num_columns = kv_cache.num_columns
        self.clear = kv_cache.clear
        #: Where the next source is kept.
        self.slot = 0

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer_idx: int, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keep one source's, [1, heads, length, dim]; returns the KV cache's."""
        layer = self.layers[layer_idx]
        layer.keys[self.slot, :, : keys.shape[2]] = keys[0]
        layer.values[self.slot, :, : values.shape[2]] = values[0]
        return layer.keys, layer.values


class CachePair(EncoderDecoderCache):  # type: ignore[misc]
    """Both KV caches of an encoder-decoder model, of the class that its layers ask for."""

    def __init__(self, own: KVCache, cross: CrossCache) -> None:
        self.self_attention_cache = own
        self.cross_attention_cache = cross
        #: By layer: whether the sources' keys are there already.
        self.is_updated: dict[int, bool] = {}

    def expect_source(self, slot: int) -> None:
        """In the next pass the keys of a source are made."""
        self.cross_attention_cache.slot = slot
        self.is_updated = {}

    def get_seq_length(self, layer_idx: int = 0) -> int:
        length: int = self.self_attention_cache.get_seq_length(layer_idx)
        return length
