"""Runs packed passes on the unmodified model classes of transformers that only decode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from engine.worker.batching import kernels
from engine.worker.batching.forward_batch import ForwardBatch
from engine.worker.batching.graphs import Graphs
from engine.worker.batching.kv_cache import KVCache
from engine.worker.batching.sequence import TokenChunk
from engine.worker.batching.shapes import (
    cache_argument,
    layer_shapes,
    rope_parameters,
    text_config,
)


class ModelRunner(Protocol):
    """A model with room for `num_slots` sequences of `num_tokens`."""

    num_slots: int
    num_tokens: int
    #: The sequences' own keys and values.
    kv_cache: KVCache
    #: Whether a sequence's tokens are its prompt and what was written, not the latter alone.
    continues_prompt: bool

    def admit(self, slot: int, prompt: Sequence[int]) -> int:
        """A sequence begins in a slot; returns how many tokens were computed for it at once."""
        ...

    def forward(self, chunks: Sequence[TokenChunk]) -> torch.Tensor:
        """The logits asked for, [sum of num_logits, vocabulary] in the model's dtype, in the order
        of the chunks; those with one token come first.
        """
        ...

    def group(self, num_tokens: int) -> int:
        """Sequences of different groups must not share a pass."""
        ...

    def clear(self, slot: int) -> None:
        """Zero a slot whose keys and values may be NaN."""
        ...


class CausalRunner:
    """A decoder-only model."""

    continues_prompt = True

    def __init__(
        self, model: Any, *, num_slots: int, num_tokens: int, graphs: bool = False
    ) -> None:
        self._model = model
        self.device: torch.device = model.device
        self.num_slots, self.num_tokens = num_slots, num_tokens
        self.kv_cache = KVCache(
            layer_shapes(model),
            num_slots=num_slots,
            num_tokens=num_tokens,
            device=model.device,
        )
        self.clear = self.kv_cache.clear
        self._cache_argument = cache_argument(model)
        self._short = _short_rope(text_config(model))
        self._graphs = Graphs(self.run, self.kv_cache) if graphs else None
        #: Whether sequences may look at one copy of the constant part. On a GPU that was never
        #: measured, and graphs have no part in it; the operator wants keys as wide as values.
        self._shares = (
            model.device.type == "cpu"
            and kernels.usable(model.dtype)
            and all(one.keys.shape == one.values.shape for one in self.kv_cache.layers)
        )

    def admit(self, slot: int, prompt: Sequence[int]) -> int:
        """Nothing is computed: the prompt is run in chunks beside the other sequences."""
        return 0

    def group(self, num_tokens: int) -> int:
        """Phi-3 takes other positions for all tokens once one is past the first 4,096."""
        return int(self._short is not None and num_tokens > self._short)

    @torch.inference_mode()
    def forward(self, chunks: Sequence[TokenChunk]) -> torch.Tensor:
        is_long = self.group(chunks[0].seq_len) > 0
        if self._graphs is not None and not is_long and self._graphs.fits(chunks):
            return self._graphs.forward(chunks)
        batch = ForwardBatch.of(
            chunks,
            device=self.device,
            last_column=self.kv_cache.num_columns - 1,
            beyond=self._short if is_long else None,
            prefix=self.kv_cache.prefix if self._shares and not is_long else None,
        )
        return self.run(batch)

    def run(self, batch: ForwardBatch) -> torch.Tensor:
        """The logits of `batch`, [batch.keep, vocabulary]."""
        self.kv_cache.batch = batch
        with batch.running():
            output = self._model(
                input_ids=batch.ids,
                position_ids=batch.positions,
                use_cache=True,
                logits_to_keep=batch.keep,
                **{self._cache_argument: self.kv_cache},
            )
        logits: torch.Tensor = output.logits[0]
        return logits


def _short_rope(config: Any) -> int | None:
    """Up to which length a model with two ranges of positions uses its first."""
    ranges = [one for one in rope_parameters(config) if one.get("rope_type") == "longrope"]
    if not ranges:
        return None
    length: int = ranges[0]["original_max_position_embeddings"]
    return length
