"""What each token of a pass may attend to, as masks that are added to its scores."""

from __future__ import annotations

import torch

from engine.worker.batching.forward_batch import BUCKET, ForwardBatch
from engine.worker.batching.sequence import TokenChunk


class Masks:
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
        self._name = (window, bias is not None, crossing)

    def end(self, chunk: TokenChunk) -> int:
        """How many columns the chunk looks at."""
        return min(-(-chunk.end // BUCKET) * BUCKET, self._key.shape[2])

    def of_singles(self) -> torch.Tensor:
        """The mask of the single-token chunks, [slots low to high, 1 or heads, 1, L]."""
        name = ("singles", *self._name)
        if name not in self._batch.shared:
            self._batch.shared[name] = self._make_singles()
        return self._batch.shared[name]

    def _make_singles(self) -> torch.Tensor:
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

    def of_chunk(self, first: int, chunk: TokenChunk, end: int) -> torch.Tensor:
        """The mask of a longer chunk, [1 or heads, T, end]."""
        name = (first, *self._name)
        if name not in self._batch.shared:
            columns = torch.arange(end, device=self._key.device)
            if self._crossing:
                assert self._batch.source_lengths is not None
                seen = columns < self._batch.source_lengths[chunk.slot]
                mask = self._hide(seen).expand(1, len(chunk.token_ids), end)
            else:
                positions = torch.arange(chunk.start, chunk.end, device=columns.device)
                mask = self._see(positions, columns).transpose(0, 1)
            self._batch.shared[name] = mask
        return self._batch.shared[name]

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
