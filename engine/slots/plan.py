"""One forward pass of the slot scheduler: tokens of many rows, packed into one sequence."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace

import torch

#: Lengths are rounded up to this: kernels and graphs like few, even shapes.
BUCKET = 64
#: On the CPU so many tokens of a piece share an attention call: none computes much of what comes
#: after it, which is hidden from it anyway, and the scores stay in the processor's cache.
CPU_BLOCK = 64

#: So many rows make it worth the trouble to look at one copy of their common beginning.
LEAST_SHARING = 4

#: Keys and values of the beginning of a row, [heads, tokens, dim] each, a pair a layer.
Kept = list[tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Consecutive tokens of one row: its next token, a chunk of its prompt, or a draft."""

    slot: int
    #: Position of the first token in the row.
    start: int
    ids: Sequence[int]
    #: Of how many of the last tokens the logits are wanted.
    num_logits: int
    #: Tokens that the row has in all, those of its prompt that are still to come included.
    row_tokens: int
    #: Whether the row begins with the whole constant part of all prompts.
    shares_prefix: bool = False

    @property
    def end(self) -> int:
        """Position after the last token."""
        return self.start + len(self.ids)

    def part(self, at: int, length: int) -> Piece:
        """Some of its tokens."""
        return replace(self, start=self.start + at, ids=self.ids[at : at + length], num_logits=0)


@dataclass(slots=True)
class Plan:
    """The tensors of one pass. Rows with one token come first, in the order of their slots: they
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
    #: The single-token rows lie in the slots `low` to `high`; there are `num_singles` of them.
    num_singles: int
    low: int
    high: int
    #: Columns of the slab that the pass can reach, in buckets.
    num_columns: int
    #: The other pieces or parts of them, each with the index of its first token.
    longs: list[tuple[int, Piece]]
    #: For encoder-decoder models, [num_slots]: length of each slot's source.
    source_lengths: torch.Tensor | None = None
    #: What all single-token rows begin with, where they may look at one copy of it.
    prefix: Kept = field(default_factory=list)
    #: What the first layer computed for all layers.
    shared: dict[Hashable, torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        pieces: Sequence[Piece],
        *,
        device: torch.device,
        last_column: int,
        source_lengths: torch.Tensor | None = None,
        beyond: int | None = None,
        prefix: Kept | None = None,
    ) -> Plan:
        """The plan for `pieces`, those with one token first and by slot.

        `beyond` adds a token that nobody sees at this position, kept in the last column: some
        models choose their position scaling by the largest position of a pass. `prefix` is what
        rows that share it begin with.
        """
        ids = [token for piece in pieces for token in piece.ids]
        positions = [p for piece in pieces for p in range(piece.start, piece.end)]
        slots = [piece.slot for piece in pieces for _ in piece.ids]
        columns = list(positions)
        keep: list[int] = []
        longs: list[tuple[int, Piece]] = []
        first = 0
        for piece in pieces:
            after = first + len(piece.ids)
            keep += range(after - piece.num_logits, after)
            if len(piece.ids) > 1:
                block = CPU_BLOCK if device.type == "cpu" else len(piece.ids)
                longs += [
                    (first + at, piece.part(at, block)) for at in range(0, len(piece.ids), block)
                ]
            first = after
        alone = [piece for piece in pieces if len(piece.ids) == 1]
        singles = [piece.slot for piece in alone]
        shared = len(alone) >= LEAST_SHARING and all(piece.shares_prefix for piece in alone)
        reach = max(piece.end for piece in pieces)
        if beyond is not None:
            ids.append(0)
            positions.append(beyond)
            slots.append(pieces[0].slot)
            columns.append(last_column)
        # One transfer to the device for all of them.
        packed = torch.tensor([ids, positions, slots, columns]).to(device)
        return cls(
            ids=packed[0:1],
            positions=packed[1:2],
            slots=packed[2],
            columns=packed[3],
            keep=torch.tensor(keep).to(device),
            num_singles=len(singles),
            low=min(singles, default=0),
            high=max(singles, default=-1) + 1,
            num_columns=min(-(-reach // BUCKET) * BUCKET, last_column),
            longs=longs,
            source_lengths=source_lengths,
            prefix=prefix if prefix and shared else [],
        )

    @property
    def single_slots(self) -> torch.Tensor:
        """The slots of the single-token rows."""
        return self.slots[: self.num_singles]
