"""One request from its arrival to its last token: its status, its tokens, its text."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING

from engine.errors import NonFiniteLogits
from engine.protocol import FinishReason, Generation, GenerationRequest
from engine.worker.batching.drafter import Drafter
from engine.worker.batching.sampling_params import SamplingParams
from engine.worker.text_stream import TextStream
from engine.worker.watch import Watcher

if TYPE_CHECKING:
    import torch

    from engine.worker.batching.detokenizer import Detokenizer
    from engine.worker.batching.sampler import Sampler


class SequenceStatus(StrEnum):
    """What becomes of a sequence; the value of one with a text is its FinishReason's."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED_STOPPED = FinishReason.STOP
    FINISHED_LENGTH = FinishReason.LENGTH
    FINISHED_DEADLINE = FinishReason.DEADLINE
    FINISHED_CANCELLED = FinishReason.CANCELLED
    #: Its `error` says why.
    FINISHED_FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChunk:
    """Consecutive tokens of one sequence: its next token, a part of its prompt, or a draft."""

    slot: int
    #: Position of the first token in the sequence.
    start: int
    token_ids: list[int]
    #: Of how many of the last tokens the logits are wanted.
    num_logits: int
    #: Tokens that the sequence has in all, those of its prompt that are still to come included.
    seq_len: int
    #: Whether the sequence begins with the whole constant part of all prompts.
    shares_prefix: bool = False

    @property
    def end(self) -> int:
        """Position after the last token."""
        return self.start + len(self.token_ids)

    def split(self, first: int, length: int) -> list[tuple[int, TokenChunk]]:
        """Chunks of at most `length` tokens, each with the index of its first token in the batch,
        which for the first of them is `first`.
        """
        parts = []
        for at in range(0, len(self.token_ids), length):
            ids = self.token_ids[at : at + length]
            part = replace(self, start=self.start + at, token_ids=ids, num_logits=0)
            parts.append((first + at, part))
        return parts


class Sequence:
    """A request and what is written for it."""

    def __init__(self, request: GenerationRequest, watcher: Watcher) -> None:
        self.request = request
        self.watcher = watcher
        self.status = SequenceStatus.WAITING
        #: What it ended with: one of the two, once it is finished and the engine reports it.
        self.error: Exception | None = None
        self.generation: Generation | None = None
        #: Whether memory ran out once, so that it is tried again with half the context.
        self.halved = False
        self.max_new_tokens = 0
        self.sampling = SamplingParams()
        self._stop: tuple[str, ...] = ()
        self._stream = TextStream()
        self._forget()

    def _forget(self) -> None:
        """Reset what a try at it changes."""
        self.prompt_token_ids: list[int] = []
        self._document_ids: tuple[str, ...] = ()
        #: Times of `monotonic`.
        self.started_at: float | None = None
        self.first_token_at: float | None = None
        self._deadline = float("inf")
        #: What a SlotPool gives it: see there and PrefixCache.
        self.slot = -1
        self.group = 0
        self.shares_prefix = False
        #: All tokens that the model continues.
        self.token_ids: list[int] = []
        #: How many of them have their keys and values in the slot.
        self.num_computed_tokens = 0
        self._num_given_tokens = 0
        # A second try shows only what goes beyond the first.
        self._stream = TextStream(num_shown=self._stream.num_shown)
        self._drafter = Drafter()

    @property
    def id(self) -> str:
        """That of the request."""
        return self.request.id

    @property
    def num_output_tokens(self) -> int:
        """Tokens written so far."""
        return len(self.token_ids) - self._num_given_tokens

    @property
    def num_uncomputed_tokens(self) -> int:
        """Tokens that are still to be run."""
        return len(self.token_ids) - self.num_computed_tokens

    @property
    def is_prefilling(self) -> bool:
        """Whether part of the prompt is still to be run before the next token."""
        return self.num_uncomputed_tokens > 1

    @property
    def text(self) -> str:
        """What was written, without a stop sequence."""
        return self._stream.text.strip()

    def prepare(
        self,
        prompt_token_ids: list[int],
        *,
        max_new_tokens: int,
        sampling: SamplingParams | None = None,
        stop: tuple[str, ...] = (),
        document_ids: tuple[str, ...] = (),
    ) -> None:
        """Take the prompt. The text ends before the first of `stop`."""
        self.prompt_token_ids = prompt_token_ids
        self.max_new_tokens = max_new_tokens
        self.sampling = sampling or SamplingParams()
        self._stop = stop
        self._document_ids = document_ids

    def start(
        self, now: float, token_ids: list[int], detokenizer: Detokenizer, sampler: Sampler
    ) -> None:
        """Write on after `token_ids`. `now`, a time of `monotonic`, is where its deadline counts
        from.
        """
        self.status = SequenceStatus.RUNNING
        self.started_at = now
        self._deadline = now + self.request.deadline_s
        self.token_ids = token_ids
        self._num_given_tokens = len(token_ids)
        self._detokenizer = detokenizer
        self._sampler = sampler
        self._stream = TextStream(self._stop, num_shown=self._stream.num_shown)
        self._drafter.feed(self.prompt_token_ids)
        if not self.halved:
            self.watcher.on_start()

    def stopped_by(self, now: float) -> SequenceStatus | None:
        """Whether it must end now, and as what."""
        if self.watcher.is_cancelled():
            return SequenceStatus.FINISHED_CANCELLED
        return SequenceStatus.FINISHED_DEADLINE if now >= self._deadline else None

    def prefill_chunk(self, budget: int) -> TokenChunk:
        """The next part of the prompt, of at most `budget` tokens."""
        start = self.num_computed_tokens
        return self._chunk(self.token_ids[start : start + budget], num_logits=1)

    def decode_chunk(self, drafting: bool) -> TokenChunk:
        """The newest token, with a guess at what follows."""
        num_left = self.max_new_tokens - self.num_output_tokens
        draft = self._drafter.draft(num_left - 1) if drafting else []
        return self._chunk([self.token_ids[-1], *draft], num_logits=1 + len(draft))

    def _chunk(self, token_ids: list[int], num_logits: int) -> TokenChunk:
        return TokenChunk(
            slot=self.slot,
            start=self.num_computed_tokens,
            token_ids=token_ids,
            num_logits=num_logits,
            seq_len=len(self.token_ids),
            shares_prefix=self.shares_prefix,
        )

    def postprocess(
        self, chunk: TokenChunk, logits: torch.Tensor, best: list[int], eos: frozenset[int]
    ) -> SequenceStatus | None:
        """Take what the pass over `chunk` gave: logits, [num_logits, vocabulary], and the most
        probable token of each, -1 where there is none.

        Returns how the sequence ends, or None. Raises NonFiniteLogits.
        """
        if chunk.end < len(self.token_ids):  # more of the prompt is to come
            self.num_computed_tokens = chunk.end
            self.watcher.on_piece("")
            return None
        draft = chunk.token_ids[len(self.token_ids) - chunk.start :]
        self.num_computed_tokens = len(self.token_ids)
        num_right = 0
        for place, token in enumerate(best):
            if token < 0:
                raise NonFiniteLogits
            if not self.sampling.is_plain:
                token = self._sampler.sample(logits[place], self.token_ids)
            right = place < len(draft) and draft[place] == token
            status = self._append(token, eos)
            if status is not None:
                return status
            if not right:
                break
            # The guess was run with the rest: its keys and values are there.
            self.num_computed_tokens += 1
            num_right += 1
        self._drafter.learn(len(draft), num_right)
        return None

    def _append(self, token: int, eos: frozenset[int]) -> SequenceStatus | None:
        self.first_token_at = self.first_token_at or monotonic()
        self.token_ids.append(token)
        if token in eos:
            self.watcher.on_piece("")
            return SequenceStatus.FINISHED_STOPPED
        self._drafter.feed([token])
        self.watcher.on_piece(self._stream.feed(self._detokenizer.feed(token)))
        if self._stream.stopped:
            return SequenceStatus.FINISHED_STOPPED
        if self.num_output_tokens >= self.max_new_tokens:
            return SequenceStatus.FINISHED_LENGTH
        return None

    def finish(self, status: SequenceStatus) -> None:
        """No token follows: show what was held back."""
        self.status = status
        piece = self._stream.finish()
        if piece:
            self.watcher.on_piece(piece)

    def fail(self, error: Exception) -> None:
        """It gets no text."""
        self.status = SequenceStatus.FINISHED_FAILED
        self.error = error

    def retry_halved(self) -> None:
        """Wait again, after memory ran out, for a try with half the context."""
        self._forget()
        self.status = SequenceStatus.WAITING
        self.error = None
        self.halved = True

    def to_generation(self, model: str) -> Generation:
        """What `model` wrote, which ends now."""
        now = monotonic()
        started_at = now if self.started_at is None else self.started_at
        return Generation(
            text=self.text,
            finish_reason=FinishReason(self.status),
            prompt_tokens=len(self.prompt_token_ids),
            completion_tokens=self.num_output_tokens,
            document_ids=self._document_ids,
            model=model,
            first_token_s=(self.first_token_at or now) - started_at,
            total_s=now - started_at,
        )


def finish_cancelled(waiting: deque[Sequence]) -> list[Sequence]:
    """Take cancelled sequences out of the queue, wherever they are."""
    cancelled = [seq for seq in waiting if seq.watcher.is_cancelled()]
    for seq in cancelled:
        waiting.remove(seq)
        seq.finish(SequenceStatus.FINISHED_CANCELLED)
    return cancelled
