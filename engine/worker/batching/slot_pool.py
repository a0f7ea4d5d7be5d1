"""The slots of one runner: what runs in them, which are free, and what is left there."""

from __future__ import annotations

from dataclasses import dataclass

from engine.worker.batching.kv_cache import KVCache
from engine.worker.batching.model_runner import ModelRunner
from engine.worker.batching.sequence import Sequence, TokenChunk


class SlotPool:
    """Gives slots to sequences and takes them back."""

    def __init__(self, runner: ModelRunner, *, remembers: bool) -> None:
        self.runner = runner
        #: By slot, oldest first.
        self.running: dict[int, Sequence] = {}
        #: Tokens of prompts that may still be run in this step.
        self.budget = 0
        #: See ModelRunner.group.
        self.last_group = 0
        self._free = list(range(runner.num_slots))
        self._prefix_cache = (
            PrefixCache(runner.kv_cache, remembers=remembers) if runner.continues_prompt else None
        )

    @property
    def has_room(self) -> bool:
        """Whether another sequence would get a slot and be worked on in this step."""
        backlog = sum(
            seq.num_uncomputed_tokens for seq in self.running.values() if seq.is_prefilling
        )
        return bool(self._free) and self.budget > backlog

    def num_tokens(self, seq: Sequence) -> int:
        """How many tokens it may have in its slot in the end."""
        num_new = seq.max_new_tokens if self.runner.continues_prompt else 0
        return len(seq.prompt_token_ids) + num_new

    def fits(self, seq: Sequence) -> bool:
        """Whether a slot is long enough for it."""
        return self.num_tokens(seq) <= self.runner.num_tokens

    def allocate(self, seq: Sequence) -> None:
        """Give it a slot; `has_room` and `fits` were asked. Raises what the runner raises; it has
        no slot then.
        """
        prompt = seq.prompt_token_ids
        group = self.runner.group(len(prompt))
        if self._prefix_cache is None:
            hit = PrefixHit(slot=min(self._free), num_tokens=0, shares_prefix=False)
        else:
            hit = self._prefix_cache.begin(self._free, prompt, group)
        self.budget -= self.runner.admit(hit.slot, prompt)
        self._free.remove(hit.slot)
        self.running[hit.slot] = seq
        seq.slot, seq.group = hit.slot, group
        seq.num_computed_tokens = hit.num_tokens
        seq.shares_prefix = hit.shares_prefix

    def deallocate(self, seq: Sequence, *, broken: bool) -> None:
        """Take its slot back; what is `broken` leaves nothing there."""
        del self.running[seq.slot]
        self._free.append(seq.slot)
        if broken:
            self.runner.clear(seq.slot)
        if self._prefix_cache is not None:
            computed = [] if broken else seq.token_ids[: seq.num_computed_tokens]
            self._prefix_cache.remember(seq.slot, computed, seq.group)

    def keep_prefix(self, token_ids: list[int], chunk_size: int) -> None:
        """Run the constant part of all prompts once and for all; nothing else may run."""
        if self._prefix_cache is None or not token_ids or self.running:
            return
        for start in range(0, len(token_ids), chunk_size):
            chunk = TokenChunk(
                slot=0,
                start=start,
                token_ids=token_ids[start : start + chunk_size],
                num_logits=1,
                seq_len=len(token_ids) + 1,  # some token follows
            )
            self.runner.forward([chunk])
        self._prefix_cache.keep(0, list(token_ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixHit:
    """Where a sequence is put, and what of it is there already."""

    slot: int
    #: Tokens whose keys and values are there.
    num_tokens: int
    #: Whether the whole constant part is among them.
    shares_prefix: bool


class PrefixCache:
    """Spares computing the beginning of a prompt again: the constant part of all prompts, or what
    an earlier sequence left in its slot.
    """

    def __init__(self, kv_cache: KVCache, *, remembers: bool) -> None:
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

    def begin(self, free: list[int], prompt: list[int], group: int) -> PrefixHit:
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


def _common(one: list[int], prompt: list[int]) -> int:
    """Length of the common beginning, without the prompt's last token."""
    length = min(len(one), len(prompt) - 1)
    if one[:length] == prompt[:length]:
        return length
    return next(i for i in range(length) if one[i] != prompt[i])
