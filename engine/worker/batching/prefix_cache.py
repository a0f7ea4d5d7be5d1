"""Spares work on beginnings of prompts that were computed before: the constant part of all
prompts, or what an earlier sequence left in its slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.worker.batching.kv_cache import KVCache


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixHit:
    """Where a sequence is put, and what of it is there already."""

    slot: int
    #: Tokens whose keys and values are there.
    num_tokens: int
    #: Whether the whole constant part is among them.
    shares_prefix: bool


class PrefixCache:
    """What the slots hold, the free ones too, and the constant part of all prompts."""

    def __init__(self, kv_cache: KVCache, *, remembers: bool = True) -> None:
        self._kv_cache = kv_cache
        self._remembers = remembers
        #: Tokens whose keys and values lie in each slot, with the group they were made in.
        self._held: dict[int, tuple[list[int], int]] = {}
        self._constant: list[int] = []

    def keep(self, slot: int, token_ids: list[int]) -> None:
        """From now on `token_ids`, which lie in `slot`, are the constant part."""
        self._constant = token_ids
        self._kv_cache.keep_prefix(slot, len(token_ids))

    def remember(self, slot: int, token_ids: list[int], group: int) -> None:
        """The sequence in `slot` ended and left `token_ids` there."""
        if self._remembers:
            self._held[slot] = (token_ids, group)

    def begin(self, free: Sequence[int], prompt: Sequence[int], group: int) -> PrefixHit:
        """Choose one of the `free` slots for a sequence, and put there what it begins with.

        At least the last token of the prompt is left to compute.
        """
        lengths = {
            slot: _common(held, prompt)
            for slot, (held, of) in self._held.items()
            if slot in free and of == group
        }
        constant = _common(self._constant, prompt) if group == 0 else 0
        best = max(lengths.values(), default=0)
        if best > constant:
            slot = min(slot for slot, length in lengths.items() if length == best)
            num_tokens = best
        else:
            slot, num_tokens = min(free), constant
            if num_tokens:
                self._kv_cache.begin(slot, num_tokens)
        self._held.pop(slot, None)
        shares_prefix = 0 < len(self._constant) == constant
        return PrefixHit(slot=slot, num_tokens=num_tokens, shares_prefix=shares_prefix)


def _common(one: Sequence[int], prompt: Sequence[int]) -> int:
    """Length of the common beginning, without the prompt's last token."""
    length = min(len(one), len(prompt) - 1)
    if list(one[:length]) == list(prompt[:length]):
        return length
    return next(i for i in range(length) if one[i] != prompt[i])
