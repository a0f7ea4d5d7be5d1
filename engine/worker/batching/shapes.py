"""Gets a model of transformers ready for slots, and finds out what its layers keep."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from transformers import DynamicCache, EncoderDecoderCache

from engine.worker.batching import attention
from engine.worker.batching.kv_cache import LayerShape, slot_bytes


def prepare(model: Any) -> None:
    """Have the model's own layers call our attention; an encoder keeps its own."""
    attention.register()
    decoder = model.decoder if model.config.is_encoder_decoder else model
    decoder.set_attn_implementation(attention.NAME)


def restore(model: Any) -> None:
    """Undo `prepare`."""
    decoder = model.decoder if model.config.is_encoder_decoder else model
    decoder.set_attn_implementation("sdpa")


def layer_shapes(model: Any) -> list[LayerShape]:
    """What each layer of a decoder-only model keeps, seen by running it on one token."""
    cache = DynamicCache()
    _run_once(model, cache, input_ids=torch.zeros(1, 1, dtype=torch.long))
    return [LayerShape.of(layer.keys, layer.values) for layer in cache.layers]


def source_shapes(model: Any) -> tuple[list[LayerShape], list[LayerShape]]:
    """The same for an encoder-decoder model: of its own tokens, and of the source's."""
    one = torch.zeros(1, 1, dtype=torch.long)
    pair = EncoderDecoderCache(DynamicCache(), DynamicCache())
    _run_once(model, pair, input_ids=one, decoder_input_ids=one)
    own, cross = (
        [LayerShape.of(layer.keys, layer.values) for layer in cache.layers]
        for cache in (pair.self_attention_cache, pair.cross_attention_cache)
    )
    return own, cross


def bytes_per_slot(model: Any, *, num_tokens: int, num_new: int) -> int:
    """Bytes of one slot of a runner."""
    if not model.config.is_encoder_decoder:
        return slot_bytes(layer_shapes(model), num_tokens)
    own, cross = source_shapes(model)
    return slot_bytes(own, num_new) + slot_bytes(cross, num_tokens)


def cache_argument(model: Any) -> str:
    """What the model calls its cache: transformers renamed it between 5.17 and 5.24."""
    is_new = "cache" in inspect.signature(type(model).forward).parameters
    return "cache" if is_new else "past_key_values"


@torch.inference_mode()
def _run_once(model: Any, cache: Any, **inputs: torch.Tensor) -> None:
    """One pass as transformers does it, whatever attention is set."""
    restore(model)
    try:
        moved = {name: value.to(model.device) for name, value in inputs.items()}
        model(use_cache=True, **{cache_argument(model): cache}, **moved)
    finally:
        prepare(model)
