"""Continuous batching: many answers at once, one forward pass a step, new ones join at any step."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic

from engine.errors import NonFiniteLogits
from engine.worker.batching.detokenizer import Detokenizer
from engine.worker.batching.drafter import MAX_DRAFT
from engine.worker.batching.model_runner import ModelRunner
from engine.worker.batching.sampler import Sampler, greedy
from engine.worker.batching.sequence import (
    Sequence,
    SequenceStatus,
    TokenChunk,
    finish_cancelled,
)
from engine.worker.batching.slot_pool import SlotPool

log = logging.getLogger(__name__)

#: Tokens of prompts run in one step while other sequences wait for their next token, and else. A
#: step of so many takes about 0.1 s on two cores, a few hundredths on a GPU.
CPU_CHUNKS = (128, 512)
GPU_CHUNKS = (1024, 4096)
#: Guessing ahead pays while a pass is bound by reading the weights.
MAX_SEQS_DRAFTING = 4
#: Seconds between checks for cancelled requests in the queue, which may be long.
CANCEL_CHECK_S = 0.25


class Scheduler:
    """Runs sequences in the order in which they come, as many at once as there are slots."""

    def __init__(
        self,
        runners: Iterable[ModelRunner],
        *,
        decode: Callable[[list[int]], str],
        eos: frozenset[int],
        start_token: int | None = None,
        chunks: tuple[int, int] = CPU_CHUNKS,
        drafts: bool = True,
        remembers: bool = True,
        prepare: Callable[[Sequence], None] | None = None,
        is_fatal: Callable[[Exception], bool] = lambda _: False,
    ) -> None:
        """The runner with the longest slots comes last.

        `prepare` gives a sequence its prompt once a slot is free; an error is of that one alone.
        `is_fatal` says after which errors of a pass no other may be tried.
        """
        self._pools = [SlotPool(runner, remembers=remembers) for runner in runners]
        self._decode = decode
        #: Tokens that end a text.
        self._eos = eos
        #: What an encoder-decoder model's text begins with.
        self._start_token = start_token
        self._chunk_beside, self._chunk_alone = chunks
        self._drafts = drafts
        self._prepare = prepare
        self._is_fatal = is_fatal
        self._waiting: deque[Sequence] = deque()
        self._checked_at = 0.0

    def add(self, seq: Sequence) -> None:
        """Queue a sequence."""
        self._waiting.append(seq)

    def put_back(self, seq: Sequence) -> None:
        """Queue one that had its turn, before all others."""
        self._waiting.appendleft(seq)

    @property
    def is_busy(self) -> bool:
        """Whether `step` has something to do."""
        return bool(self._waiting or self.num_running)

    @property
    def num_running(self) -> int:
        """Sequences that have a slot."""
        return sum(len(pool.running) for pool in self._pools)

    def keep_prefix(self, token_ids: list[int]) -> None:
        """Run the constant part of all prompts once and for all; nothing else may run."""
        for pool in self._pools:
            pool.keep_prefix(token_ids, self._chunk_alone)

    def step(self) -> list[Sequence]:
        """Admit who has waited longest, run one pass a pool, and return who finished by it."""
        now = monotonic()
        finished = []
        if now - self._checked_at >= CANCEL_CHECK_S:
            self._checked_at = now
            finished += finish_cancelled(self._waiting)
        for pool in self._pools:
            for seq in list(pool.running.values()):
                status = seq.stopped_by(now)
                if status is not None:
                    finished.append(self._end(pool, seq, status))
            alone = all(seq.is_prefilling for seq in pool.running.values())
            pool.budget = self._chunk_alone if alone else self._chunk_beside
        finished += self._admit()
        for pool in self._pools:
            chunks = self._schedule(pool)
            if chunks:
                finished += self._run(pool, chunks)
        return finished

    def _admit(self) -> list[Sequence]:
        """Give slots to those who wait, in order; returns who ended instead."""
        finished = []
        while self._waiting and any(pool.has_room for pool in self._pools):
            seq = self._waiting[0]
            if seq.watcher.is_cancelled():
                seq.finish(SequenceStatus.FINISHED_CANCELLED)
            elif not self._start(seq):
                break  # nobody overtakes
            self._waiting.popleft()
            if seq.status is not SequenceStatus.RUNNING:
                finished.append(seq)
        return finished

    def _start(self, seq: Sequence) -> bool:
        """Start or fail it; False while no slot that holds it is free."""
        now = monotonic()
        try:
            if self._prepare is not None and not seq.prompt_token_ids:
                self._prepare(seq)
        except Exception as error:  # noqa: BLE001 - whatever a tokenizer raises at a text
            seq.fail(error)
            return True
        longest = self._pools[-1]
        if not seq.prompt_token_ids or not longest.fits(seq):
            most = longest.runner.num_tokens
            seq.fail(ValueError(f"{longest.num_tokens(seq)} tokens; 1 to {most} fit"))
            return True
        pool = next((pool for pool in self._pools if pool.has_room and pool.fits(seq)), None)
        if pool is None:
            return False
        given = seq.prompt_token_ids if self._start_token is None else [self._start_token]
        seq.start(now, list(given), Detokenizer(self._decode), Sampler(seq.sampling))
        try:
            pool.allocate(seq)
        except Exception as error:
            if self._is_fatal(error):
                raise
            seq.fail(error)
        return True

    def _schedule(self, pool: SlotPool) -> list[TokenChunk]:
        """The next chunks of one group's sequences: next tokens first, then prompts, oldest first.

        See ModelRunner.group.
        """
        group_of = pool.runner.group
        groups = {group_of(len(seq.token_ids)) for seq in pool.running.values()}
        if not groups:
            return []
        # With two groups they take turns.
        group = next(iter(groups)) if len(groups) == 1 else 1 - pool.last_group
        pool.last_group = group
        drafting = self._drafts and len(pool.running) <= MAX_SEQS_DRAFTING
        chunks = []
        for seq in pool.running.values():
            if group_of(len(seq.token_ids)) != group:
                continue
            if seq.group != group:  # it grew into the group: all its positions change
                seq.group, seq.num_computed_tokens = group, 0
            if not seq.is_prefilling:
                stays = group_of(len(seq.token_ids) + MAX_DRAFT) == group
                chunks.append(seq.decode_chunk(drafting and stays))
            elif pool.budget > 0:
                chunks.append(seq.prefill_chunk(pool.budget))
                pool.budget -= len(chunks[-1].token_ids)
        return sorted(chunks, key=lambda chunk: (len(chunk.token_ids) > 1, chunk.slot))

    def _run(self, pool: SlotPool, chunks: list[TokenChunk]) -> list[Sequence]:
        """One pass. What fails together is tried one by one: only what causes it fails."""
        try:
            logits = pool.runner.forward(chunks)
            tokens = greedy(logits)
        except Exception as error:
            if self._is_fatal(error):
                raise
            if len(chunks) == 1:
                return [self._fail(pool, pool.running[chunks[0].slot], error)]
            log.warning("a pass over %d sequences failed; each is run alone", len(chunks))
            return [seq for chunk in chunks for seq in self._run(pool, [chunk])]
        finished, first = [], 0
        for chunk in chunks:
            after = first + chunk.num_logits
            seq = pool.running[chunk.slot]
            try:
                status = seq.postprocess(chunk, logits[first:after], tokens[first:after], self._eos)
            except NonFiniteLogits as error:
                finished.append(self._fail(pool, seq, error))
            else:
                if status is not None:
                    finished.append(self._end(pool, seq, status))
            first = after
        return finished

    def _end(self, pool: SlotPool, seq: Sequence, status: SequenceStatus) -> Sequence:
        pool.deallocate(seq, broken=False)
        seq.finish(status)
        return seq

    def _fail(self, pool: SlotPool, seq: Sequence, error: Exception) -> Sequence:
        pool.deallocate(seq, broken=True)
        seq.fail(error)
        return seq
