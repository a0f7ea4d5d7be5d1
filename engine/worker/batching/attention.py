"""Attention over the KV cache for a packed pass, with its masks; transformers calls it by name."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

from engine.worker.batching import kernels
from engine.worker.batching.forward_batch import BUCKET, ForwardBatch, current
from engine.worker.batching.sequence import TokenChunk

#: The name it is registered by.
NAME = "slots"


def register() -> None:
    """Make it known to transformers, which then asks for no mask: the ForwardBatch has it all."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, slot_attention)


def slot_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: object,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    position_bias: torch.Tensor | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """`query` is [1, heads, N, dim]; `key` and `value`, the KV cache, [slots, kv heads, L, dim]."""
    if attention_mask is not None:
        raise NotImplementedError("the model masks its attention in a way of its own")
    batch = current()
    if batch is None:  # an encoder that shares its decoder's settings
        return _outside_a_pass(module, query, key, value, scaling, others)
    crossing = not getattr(module, "is_causal", True)
    if sliding_window is not None:
        batch.windows.add(sliding_window)
    scores = None if softcap is None and s_aux is None else _Scores(softcap, s_aux)
    heads = query[0].transpose(0, 1)  # N, heads, dim
    output = query.new_zeros(heads.shape[0], heads.shape[1], value.shape[-1])
    masks = _Masks(batch, sliding_window, None if crossing else position_bias, crossing, key)
    if batch.num_singles:
        mask = masks.of_singles()
        prefix = None if scores else _prefix(batch, module, sliding_window)
        output[: batch.num_singles] = _singles(
            batch, heads, key, value, mask, scaling, prefix, scores
        )
    for first, chunk in batch.longs:
        after = first + len(chunk.token_ids)
        end = key.shape[2] if crossing else masks.end(chunk)
        keys = key[chunk.slot, :, :end]
        values = value[chunk.slot, :, :end]
        mask = masks.of_chunk(first, chunk, end)
        output[first:after] = _long(heads[first:after], keys, values, mask, scaling, scores)
    return output[None], None


def _outside_a_pass(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    scaling: float | None,
    others: dict[str, Any],
) -> tuple[torch.Tensor, None]:
    """What transformers computes for one text without padding."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    is_causal = others.get("is_causal")
    output, _ = sdpa_attention_forward(
        module, query, key, value, None, scaling=scaling, is_causal=is_causal
    )
    return output, None


@dataclass(frozen=True, slots=True)
class _Scores:
    """What some models do to the scores, which PyTorch's fused kernels cannot."""

    #: Scores are squeezed into plus and minus this.
    softcap: float | None
    #: A score for each query head that takes a share of the attention and adds no value.
    sinks: torch.Tensor | None

    def attend(
        self,
        queries: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        mask: torch.Tensor,
        scaling: float | None,
    ) -> torch.Tensor:
        """Attention, queries [..., kv heads, heads that share keys × tokens, dim]."""
        factor = queries.shape[-1] ** -0.5 if scaling is None else scaling
        scores = torch.matmul(queries, keys.transpose(-1, -2)) * factor
        if self.softcap is not None:
            scores = torch.tanh(scores / self.softcap) * self.softcap
        scores = scores + mask
        if self.sinks is None:
            shares = torch.softmax(scores, -1, dtype=torch.float32)
        else:
            num_kv_heads, num_queries = queries.shape[-3:-1]
            sinks = self.sinks.view(num_kv_heads, -1, 1)
            sinks = sinks.expand(-1, -1, num_queries // sinks.shape[1]).reshape(num_kv_heads, -1, 1)
            sinks = sinks.to(scores.dtype).expand(*scores.shape[:-1], 1)
            shares = torch.softmax(torch.cat([scores, sinks], -1), -1, dtype=torch.float32)
            shares = shares[..., :-1]
        return torch.matmul(shares.to(values.dtype), values)


def _prefix(
    batch: ForwardBatch, module: torch.nn.Module, window: int | None
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """This layer's keys and values of the constant part, if all sequences see all of it."""
    layer = getattr(module, "layer_idx", None)
    if not batch.prefix or not isinstance(layer, int):
        return None
    sees_all = window is None or batch.num_columns <= window
    return batch.prefix[layer] if sees_all else None


def _singles(
    batch: ForwardBatch,
    heads: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    scaling: float | None,
    prefix: tuple[torch.Tensor, torch.Tensor] | None,
    scores: _Scores | None,
) -> torch.Tensor:
    """One batched call for all chunks of one token, over the slots from the lowest to the
    highest of them. Slots between that have none are computed in vain: cheaper than copying.
    """
    num_seqs, num_heads = batch.high - batch.low, heads.shape[1]
    keys, values = key[batch.low : batch.high], value[batch.low : batch.high]
    full = heads[: batch.num_singles]
    places = batch.single_slots - batch.low
    if num_seqs != batch.num_singles:
        full = heads.new_zeros(num_seqs, *heads.shape[1:]).index_copy_(0, places, full)
    # The query heads that share keys stand in the place of query positions: nothing is repeated.
    packed = full.view(num_seqs, key.shape[1], -1, heads.shape[2])
    if scores is not None:
        output = scores.attend(packed, keys, values, mask, scaling)
    elif prefix is None:
        output = scaled_dot_product_attention(packed, keys, values, attn_mask=mask, scale=scaling)
    else:
        output = _after_prefix(packed, keys, values, mask, scaling, prefix)
    output = output.reshape(num_seqs, num_heads, -1)
    return output if num_seqs == batch.num_singles else output[places]


def _after_prefix(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
    scaling: float | None,
    prefix: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """All sequences look at one copy of the constant part, and each at the rest of its own slot.

    The two parts are weighted by their sums of exponentials, as in section 3.1 of FlashAttention
    (https://arxiv.org/abs/2205.14135).
    """
    num_seqs, num_kv_heads, num_sharing, dim = queries.shape
    common_keys, common_values = prefix
    begin = common_keys.shape[1]
    together = queries.transpose(0, 1).reshape(1, num_kv_heads, -1, dim)
    common, common_sum = kernels.attend(
        together, common_keys[None], common_values[None], None, scaling
    )
    own, own_sum = kernels.attend(
        queries, keys[:, :, begin:], values[:, :, begin:], mask[..., begin:], scaling
    )
    common = common.view(num_kv_heads, num_seqs, num_sharing, -1).transpose(0, 1)
    common_sum = common_sum.view(num_kv_heads, num_seqs, num_sharing).transpose(0, 1)
    share = torch.sigmoid(common_sum - own_sum).unsqueeze(-1)
    return own.lerp(common, share.to(own.dtype))


def _long(
    heads: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
    scaling: float | None,
    scores: _Scores | None,
) -> torch.Tensor:
    num_tokens, num_heads, dim = heads.shape
    num_kv_heads = keys.shape[0]
    # [kv heads, heads that share them × tokens, dim]
    packed = heads.transpose(0, 1).reshape(num_kv_heads, -1, dim)
    if mask.shape[0] == 1:
        mask = mask.expand(num_heads // num_kv_heads, -1, -1).reshape(1, -1, mask.shape[-1])
    factor = dim**-0.5 if scaling is None else scaling
    if scores is not None:
        output = scores.attend(packed, keys, values, mask, scaling)
    elif packed.device.type == "cpu" and packed.dtype == torch.bfloat16:
        # 2.3 times faster than PyTorch's fused kernel, which computes bfloat16 in small blocks.
        weights = torch.matmul(packed * factor, keys.transpose(1, 2)).add_(mask)
        output = torch.matmul(torch.softmax(weights, -1), values)
    elif packed.device.type == "cpu" and kernels.usable(packed.dtype):
        output = packed.new_empty(*packed.shape[:2], values.shape[-1])
        for head, queries in enumerate(packed * factor):
            weights = kernels.linear(queries, keys[head]).add_(mask[head % mask.shape[0]])
            output[head] = kernels.linear(torch.softmax(weights, -1), values[head].t())
    else:
        output = scaled_dot_product_attention(
            packed[None], keys[None], values[None], attn_mask=mask[None], scale=scaling
        )[0]
    return output.reshape(num_heads, num_tokens, -1).transpose(0, 1)


class _Masks:
    """The masks of one pass; made in the first layer, used in all."""

    def __init__(
        self,
        batch: ForwardBatch,
        window: int | None,
        bias: torch.Tensor | None,
        crossing: bool,
        key: torch.Tensor,
    ) -> None:
        self._batch = batch
        self._window = window
        #: Relative bias of T5, [1, heads, N, L]: its first row was made as for the last of the L
        #: columns, so it holds the bias for each distance, whatever the query.
        self._by_distance = None if bias is None else bias[0, :, 0].flip(-1)
        self._crossing = crossing
        self._key = key
        # T5 has one bias for all layers, UMT5 one for each. Kept, so that no other gets its id.
        self._name = (window, id(bias), crossing)
        if bias is not None:
            batch.shared["bias", id(bias)] = bias

    def end(self, chunk: TokenChunk) -> int:
        """How many columns the chunk looks at."""
        return min(-(-chunk.end // BUCKET) * BUCKET, self._key.shape[2])

    def of_singles(self) -> torch.Tensor:
        """The mask of the single-token chunks, [slots low to high, 1 or heads, 1, L]."""
        return self._shared("singles", self._of_singles)

    def of_chunk(self, first: int, chunk: TokenChunk, end: int) -> torch.Tensor:
        """The mask of a longer chunk, [1 or heads, T, end]."""
        return self._shared(first, lambda: self._of_chunk(chunk, end))

    def _shared(self, of: Hashable, make: Callable[[], torch.Tensor]) -> torch.Tensor:
        name = (of, *self._name)
        if name not in self._batch.shared:
            self._batch.shared[name] = make()
        return self._batch.shared[name]

    def _of_singles(self) -> torch.Tensor:
        batch, length = self._batch, self._key.shape[2]
        columns = torch.arange(length, device=self._key.device)
        if self._crossing:
            assert batch.source_lengths is not None
            lengths = batch.source_lengths[batch.low : batch.high]
            return self._hide(columns < lengths.clamp(min=1)[:, None])[:, None, None]
        positions = batch.positions.new_zeros(batch.high - batch.low)
        positions.index_copy_(
            0, batch.single_slots - batch.low, batch.positions[0, : batch.num_singles]
        )
        return self._see(positions, columns)[:, :, None]

    def _of_chunk(self, chunk: TokenChunk, end: int) -> torch.Tensor:
        columns = torch.arange(end, device=self._key.device)
        if self._crossing:
            assert self._batch.source_lengths is not None
            seen = columns < self._batch.source_lengths[chunk.slot]
            return self._hide(seen).expand(1, len(chunk.token_ids), end)
        positions = torch.arange(chunk.start, chunk.end, device=columns.device)
        return self._see(positions, columns).transpose(0, 1)

    def _see(self, positions: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """[positions, 1 or heads, columns]: the past, within the sliding window, with bias."""
        distances = positions[:, None] - columns
        seen = distances >= 0
        if self._window is not None:
            seen &= distances < self._window
        mask = self._hide(seen)[:, None]
        if self._by_distance is not None:
            bias = self._by_distance[:, distances.clamp(min=0)]  # heads, positions, columns
            mask = mask + bias.transpose(0, 1).to(mask.dtype)
        return mask

    def _hide(self, seen: torch.Tensor) -> torch.Tensor:
        hidden = torch.zeros(seen.shape, dtype=self._key.dtype, device=seen.device)
        return hidden.masked_fill_(~seen, float("-inf"))
