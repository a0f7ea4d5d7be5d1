"""One forward pass of the scheduler: the tokens of many sequences, packed into one tensor."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import torch

from engine.worker.batching.sequence import TokenChunk

#: Lengths are rounded up to this: kernels and graphs like few, even shapes.
BUCKET = 64
#: On the CPU so many tokens of a chunk share an attention call: none computes much of what comes
#: after it, which is hidden from it anyway, and the scores stay in the processor's cache.
CPU_BLOCK = 64

#: So many sequences make it worth the trouble to look at one copy of the constant part.
LEAST_SHARING = 4

#: Keys and values of the constant part of all prompts, [heads, tokens, dim] each, a pair a layer.
Prefix = list[tuple[torch.Tensor, torch.Tensor]]


@dataclass(slots=True)
class ForwardBatch:
    """The tensors of one pass. Chunks with one token come first, in the order of their slots: they
    share one attention call.
    """

    #: [1, N] each.
    ids: torch.Tensor
    positions: torch.Tensor
    #: [N] each: where keys and values of each token are kept.
    slots: torch.Tensor
    columns: torch.Tensor
    #: [M]: the tokens whose logits are wanted.
    keep: torch.Tensor
    #: The single-token chunks lie in the slots `low` to `high`; there are `num_singles` of them.
    num_singles: int
    low: int
    high: int
    #: Columns of the KV cache that the pass can reach, in buckets.
    num_columns: int
    #: The other chunks or parts of them, each with the index of its first token.
    longs: list[tuple[int, TokenChunk]]
    #: For encoder-decoder models, [num_slots]: length of each slot's source.
    source_lengths: torch.Tensor | None = None
    #: The constant part, where the sequences of all single-token chunks may look at one copy.
    prefix: Prefix = field(default_factory=list)
    #: What the first layer computed for all layers.
    shared: dict[Hashable, torch.Tensor] = field(default_factory=dict)
    #: The sliding windows of the layers that have one.
    windows: set[int] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        chunks: Sequence[TokenChunk],
        *,
        device: torch.device,
        last_column: int,
        source_lengths: torch.Tensor | None = None,
        beyond: int | None = None,
        prefix: Prefix | None = None,
    ) -> ForwardBatch:
        """The batch for `chunks`, those with one token first and by slot.

        `beyond` adds a token that nobody sees at this position, kept in the last column: some
        models choose their position scaling by the largest position of a pass. `prefix` is what
        sequences that share it begin with.
        """
        tokens = [  # id, position, slot, column
            (token, position, chunk.slot, position)
            for chunk in chunks
            for position, token in enumerate(chunk.token_ids, chunk.start)
        ]
        if beyond is not None:
            tokens.append((0, beyond, chunks[0].slot, last_column))
        keep, longs = _lay_out(chunks, on_cpu=device.type == "cpu")
        singles = [chunk for chunk in chunks if len(chunk.token_ids) == 1]
        shared = len(singles) >= LEAST_SHARING and all(chunk.shares_prefix for chunk in singles)
        reach = max(chunk.end for chunk in chunks)
        # One transfer to the device for all of them.
        ids, positions, slots, columns = torch.tensor(tokens).t().contiguous().to(device)
        return cls(
            ids=ids[None],
            positions=positions[None],
            slots=slots,
            columns=columns,
            keep=torch.tensor(keep).to(device),
            num_singles=len(singles),
            low=min((chunk.slot for chunk in singles), default=0),
            high=max((chunk.slot for chunk in singles), default=-1) + 1,
            num_columns=min(-(-reach // BUCKET) * BUCKET, last_column),
            longs=longs,
            source_lengths=source_lengths,
            prefix=prefix if prefix and shared else [],
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Inside the block `current` returns this batch."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    @property
    def single_slots(self) -> torch.Tensor:
        """The slots of the single-token chunks."""
        return self.slots[: self.num_singles]


#: Not every model hands keyword arguments down to its attention, so that is told another way.
_CURRENT: ContextVar[ForwardBatch | None] = ContextVar("current batch", default=None)


def current() -> ForwardBatch | None:
    """The batch whose pass is being run; None outside one."""
    return _CURRENT.get()


def _lay_out(
    chunks: Sequence[TokenChunk], *, on_cpu: bool
) -> tuple[list[int], list[tuple[int, TokenChunk]]]:
    """What `keep` and `longs` are for chunks that follow one another."""
    keep: list[int] = []
    longs: list[tuple[int, TokenChunk]] = []
    first = 0
    for chunk in chunks:
        after = first + len(chunk.token_ids)
        keep += range(after - chunk.num_logits, after)
        if len(chunk.token_ids) > 1:
            longs += chunk.split(first, CPU_BLOCK if on_cpu else len(chunk.token_ids))
        first = after
    return keep, longs
