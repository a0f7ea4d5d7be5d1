"""CUDA graphs for steps with one token a sequence: one launch instead of thousands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from engine.worker.batching.forward_batch import ForwardBatch
from engine.worker.batching.kv_cache import KVCache
from engine.worker.batching.sequence import TokenChunk

log = logging.getLogger(__name__)

#: Batch sizes that graphs are made for; a pass takes the next larger one.
_SIZES = (1, 2, 4, 8, 16, 32)
#: Columns are rounded up to this: each number of them needs graphs of its own.
_COLUMNS = 512


@dataclass(frozen=True, slots=True)
class _Made:
    """A graph, and the memory it reads from and writes to."""

    replay: Callable[[], None]
    inputs: torch.Tensor
    logits: torch.Tensor


class Graphs:
    """Graphs of `run`, made when they are first needed."""

    def __init__(
        self,
        run: Callable[[ForwardBatch], torch.Tensor],
        kv_cache: KVCache,
        source_lengths: torch.Tensor | None = None,
    ) -> None:
        self._run = run
        keys = kv_cache.layers[0].keys
        self._num_slots, self._device = keys.shape[0], keys.device
        self._last_column = kv_cache.num_columns - 1
        self._source_lengths = source_lengths
        self._made: dict[tuple[int, int], _Made] = {}
        #: One for all: cuBLAS keeps memory for each stream that it ever ran on.
        self._warm_up: torch.cuda.Stream | None = None
        #: Set when a graph could not be made: the model works without.
        self._broken = False

    def fits(self, chunks: Sequence[TokenChunk]) -> bool:
        """Whether there is, or can be made, a graph for the pass."""
        if self._broken or any(len(chunk.token_ids) > 1 for chunk in chunks):
            return False
        size = self._size(chunks)
        if size not in self._made:
            try:
                self._made[size] = self._capture(*size)
            except RuntimeError:
                log.warning("no CUDA graphs for this model", exc_info=True)
                self._broken = True
        return not self._broken

    def forward(self, chunks: Sequence[TokenChunk]) -> torch.Tensor:
        """The logits of each chunk's token, [chunks, vocabulary]; `fits` was asked."""
        size, columns = self._size(chunks)
        made = self._made[size, columns]
        made.inputs.copy_(self._inputs(chunks, size))
        made.replay()
        return made.logits[torch.tensor([chunk.slot for chunk in chunks]).to(self._device)]

    def _size(self, chunks: Sequence[TokenChunk]) -> tuple[int, int]:
        """Slots and columns of the graph for the pass."""
        needed = max(chunk.slot for chunk in chunks) + 1
        size = next((s for s in _SIZES if s >= needed), needed)
        reach = max(chunk.end for chunk in chunks)
        columns = min(-(-reach // _COLUMNS) * _COLUMNS, self._last_column)
        return max(needed, min(size, self._num_slots)), columns

    def _inputs(self, chunks: Sequence[TokenChunk], size: int) -> torch.Tensor:
        """Ids, positions and columns by slot; slots without a sequence write to the last column."""
        inputs = [[0] * size, [0] * size, [self._last_column] * size]
        for chunk in chunks:
            inputs[0][chunk.slot] = chunk.token_ids[0]
            inputs[1][chunk.slot] = inputs[2][chunk.slot] = chunk.start
        return torch.tensor(inputs)

    def _capture(self, size: int, columns: int) -> _Made:
        inputs = self._inputs([], size).to(self._device)
        slots = torch.arange(size, device=self._device)

        def run() -> torch.Tensor:
            batch = ForwardBatch(
                ids=inputs[0:1],
                positions=inputs[1:2],
                slots=slots,
                columns=inputs[2],
                keep=slots,
                num_singles=size,
                low=0,
                high=size,
                num_columns=columns,
                longs=[],
                source_lengths=self._source_lengths,
            )
            return self._run(batch)

        log.info("capturing a CUDA graph for %d sequences of %d tokens", size, columns)
        replay, logits = self._record(run)
        return _Made(replay, inputs, logits)

    def _record(self, run: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        """Something that does what `run` does, and where it leaves the logits."""
        stream = self._warm_up or torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._warm_up = stream
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(2):  # kernels choose their ways before they are recorded
                run()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            logits = run()
        return graph.replay, logits
