"""CUDA graphs for the steps in which every row gets one token: a launch instead of thousands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import torch

from engine.plan import Piece, Plan

log = logging.getLogger(__name__)

#: Numbers of rows that graphs are made for; a pass takes the next larger one.
_SIZES = (1, 2, 4, 8, 16, 32)
#: Columns are rounded up to this: each number of them needs graphs of its own.
_COLUMNS = 512


class Graphs:
    """Graphs of `run`, made when they are first needed."""

    def __init__(
        self,
        run: Callable[[Plan], torch.Tensor],
        *,
        num_slots: int,
        last_column: int,
        device: torch.device,
        source_lengths: torch.Tensor | None = None,
    ) -> None:
        self._run = run
        self._num_slots = num_slots
        self._last_column = last_column
        self._device = device
        self._source_lengths = source_lengths
        self._made: dict[
            tuple[int, int], tuple[torch.cuda.CUDAGraph, torch.Tensor, torch.Tensor]
        ] = {}

    @staticmethod
    def usable(device: torch.device) -> bool:
        """Whether there are graphs on this device."""
        return device.type == "cuda"

    def fits(self, pieces: Sequence[Piece]) -> bool:
        """Whether the pass is one that there are graphs for."""
        return all(len(piece.ids) == 1 for piece in pieces)

    def forward(self, pieces: Sequence[Piece]) -> torch.Tensor:
        """The logits of each piece's token, in the order of their slots."""
        needed = max(piece.slot for piece in pieces) + 1
        size = next((s for s in _SIZES if s >= needed), needed)
        size = max(needed, min(size, self._num_slots))
        reach = max(piece.end for piece in pieces)
        columns = min(-(-reach // _COLUMNS) * _COLUMNS, self._last_column)
        if (size, columns) not in self._made:
            self._made[size, columns] = self._capture(size, columns)
        graph, inputs, logits = self._made[size, columns]
        inputs.copy_(self._inputs(pieces, size))
        graph.replay()
        return logits[torch.tensor([piece.slot for piece in pieces]).to(self._device)]

    def _inputs(self, pieces: Sequence[Piece], size: int) -> torch.Tensor:
        """Ids, positions and columns by slot; slots without a row write to the last column."""
        rows = [[0] * size, [0] * size, [self._last_column] * size]
        for piece in pieces:
            rows[0][piece.slot] = piece.ids[0]
            rows[1][piece.slot] = rows[2][piece.slot] = piece.start
        return torch.tensor(rows)

    def _capture(
        self, size: int, columns: int
    ) -> tuple[torch.cuda.CUDAGraph, torch.Tensor, torch.Tensor]:
        inputs = self._inputs([], size).to(self._device)
        slots = torch.arange(size, device=self._device)

        def run() -> torch.Tensor:
            plan = Plan(
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
            return self._run(plan)

        log.info("capturing a CUDA graph for %d rows of %d tokens", size, columns)
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(2):  # kernels choose their ways before they are recorded
                run()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            logits = run()
        return graph, inputs, logits
