"""Gets a model of transformers ready for slots, and finds out what its layers keep."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from transformers import DynamicCache, EncoderDecoderCache

from engine.worker.batching import attention
from engine.worker.batching.kv_cache import LayerShape, slot_bytes


def prepare(model: Any) -> str:
    """Have the model's own layers call our attention; returns what they called, for `restore`."""
    attention.register()
    decoder = _decoder(model)
    before: str = decoder.config._attn_implementation
    decoder.set_attn_implementation(attention.NAME)
    return before


def restore(model: Any, before: str) -> None:
    """Undo `prepare`."""
    _decoder(model).set_attn_implementation(before)


def text_config(model: Any) -> Any:
    """The settings of the part that writes, in a model that may read images too."""
    return model.config.get_text_config(decoder=True)


def rope_parameters(config: Any) -> list[dict[str, Any]]:
    """How positions are marked; layers of different kinds may do so in different ways."""
    parameters = getattr(config, "rope_parameters", None) or {}
    kinds = [one for one in parameters.values() if isinstance(one, dict)]
    return kinds or [parameters]


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
    moved = {name: value.to(model.device) for name, value in inputs.items()}
    model(use_cache=True, **{cache_argument(model): cache}, **moved)


def _decoder(model: Any) -> Any:
    """The part that writes: an encoder with settings of its own keeps its attention."""
    return model.get_decoder() if model.config.is_encoder_decoder else model
