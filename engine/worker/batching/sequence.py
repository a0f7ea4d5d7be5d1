"""One request that is being answered: its tokens, its text, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import torch

from engine.errors import BrokenNumbers
from engine.generation import FinishReason
from engine.worker.batching.detokenizer import Detokenizer
from engine.worker.batching.drafter import Drafter
from engine.worker.batching.forward_batch import TokenChunk
from engine.worker.batching.sampling import Chooser, Sampling
from engine.worker.text_stream import TextStream
from engine.worker.watch import Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRequest:
    """What the scheduler is asked to continue."""

    id: str
    prompt: list[int]
    max_new_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    #: The text ends before the first of these.
    stop: tuple[str, ...] = ()
    #: Time of `monotonic` at which it ends with what it has.
    deadline: float = float("inf")


class Sequence:
    """A request with a slot."""

    def __init__(
        self,
        request: SequenceRequest,
        watcher: Watcher,
        *,
        slot: int,
        tokens: list[int],
        cached: int,
        group: int,
        shares_prefix: bool,
        decode: Callable[[list[int]], str],
    ) -> None:
        self.request = request
        self.slot = slot
        #: All tokens of the row that the model continues.
        self.tokens = tokens
        #: How many of them have their keys and values in the slot.
        self.cached = cached
        #: See Runner.group.
        self.group = group
        self._shares_prefix = shares_prefix
        self.started_at = monotonic()
        self.first_token_at: float | None = None
        #: Tokens it began with.
        self._num_given = len(tokens)
        self._watcher = watcher
        self._chooser = Chooser(request.sampling)
        self._detokenizer = Detokenizer(decode)
        self._stream = TextStream(request.stop)
        self._drafter = Drafter()
        self._drafter.feed(request.prompt)

    @property
    def num_new(self) -> int:
        """Tokens written so far."""
        return len(self.tokens) - self._num_given

    @property
    def num_uncached(self) -> int:
        """Tokens still to be run."""
        return len(self.tokens) - self.cached

    @property
    def is_reading(self) -> bool:
        """Whether part of the prompt is still to be run before the next token."""
        return self.num_uncached > 1

    @property
    def text(self) -> str:
        """What was written, without a stop sequence."""
        return self._stream.text.strip()

    def verdict(self, now: float) -> FinishReason | None:
        """Whether it must end now."""
        if self._watcher.is_cancelled():
            return FinishReason.CANCELLED
        return FinishReason.DEADLINE if now >= self.request.deadline else None

    def chunk(self, budget: int) -> TokenChunk:
        """The next part of the prompt, of at most `budget` tokens."""
        return self._piece(self.tokens[self.cached : self.cached + budget], num_logits=1)

    def next_piece(self, drafting: bool) -> TokenChunk:
        """The newest token, with a guess at what follows."""
        left = self.request.max_new_tokens - self.num_new
        draft = self._drafter.draft(left - 1) if drafting else []
        return self._piece([self.tokens[-1], *draft], num_logits=1 + len(draft))

    def _piece(self, ids: list[int], num_logits: int) -> TokenChunk:
        return TokenChunk(
            slot=self.slot,
            start=self.cached,
            ids=ids,
            num_logits=num_logits,
            row_tokens=len(self.tokens),
            shares_prefix=self._shares_prefix,
        )

    def take(
        self, piece: TokenChunk, logits: torch.Tensor, best: list[int], ends: frozenset[int]
    ) -> FinishReason | None:
        """What the pass over `piece` gave: logits, most probable tokens. Raises BrokenNumbers.

        Returns why the row ends, or None.
        """
        if piece.end < len(self.tokens):  # more of the prompt is to come
            self.cached = piece.end
            self._watcher.on_text("")
            return None
        drafted = list(piece.ids[len(self.tokens) - piece.start :])
        self.cached = len(self.tokens)
        num_right = 0
        for place, token in enumerate(best):
            if token < 0:
                raise BrokenNumbers
            if not self._chooser.is_plain:
                token = self._chooser.choose(logits[place], self.tokens)
            right = place < len(drafted) and drafted[place] == token
            reason = self._append(token, ends)
            if reason is not None:
                return reason
            if not right:
                break
            # The guess was run with the rest: its keys and values are there.
            self.cached += 1
            num_right += 1
        self._drafter.learn(len(drafted), num_right)
        return None

    def _append(self, token: int, ends: frozenset[int]) -> FinishReason | None:
        self.first_token_at = self.first_token_at or monotonic()
        self.tokens.append(token)
        if token in ends:
            self._watcher.on_text("")
            return FinishReason.STOP
        self._drafter.feed([token])
        self._watcher.on_text(self._stream.feed(self._detokenizer.feed(token)))
        if self._stream.stopped:
            return FinishReason.STOP
        if self.num_new >= self.request.max_new_tokens:
            return FinishReason.LENGTH
        return None

    def finish(self) -> None:
        """No token follows: show what was held back."""
        piece = self._stream.finish()
        if piece:
            self._watcher.on_text(piece)
