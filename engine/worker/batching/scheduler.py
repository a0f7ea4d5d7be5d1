"""Continuous batching: many answers at once, one forward pass a step, rows joining at any step."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

import torch

from engine.errors import BrokenNumbers
from engine.generation import FinishReason
from engine.worker.batching.drafter import MAX_DRAFT
from engine.worker.batching.forward_batch import TokenChunk
from engine.worker.batching.outcome import Outcome
from engine.worker.batching.prefixes import Prefixes, Start
from engine.worker.batching.request_queue import RequestQueue
from engine.worker.batching.runner import Runner
from engine.worker.batching.sampling import greedy
from engine.worker.batching.sequence import Sequence, SequenceRequest
from engine.worker.watch import Watcher

log = logging.getLogger(__name__)

#: Tokens of prompts run in one step while other rows wait for their next token, and else. A step
#: of so many takes about 0.1 s on two cores, a few hundredths on a GPU.
CPU_CHUNKS = (128, 512)
CARD_CHUNKS = (1024, 4096)
#: Guessing ahead pays while a pass is bound by reading the weights.
MAX_ROWS_DRAFTING = 4


class Scheduler:
    """Runs requests in the order in which they come, as many at once as there are slots."""

    def __init__(
        self,
        runner: Runner,
        *,
        decode: Callable[[list[int]], str],
        ends: frozenset[int],
        start_token: int | None = None,
        chunks: tuple[int, int] = CPU_CHUNKS,
        drafts: bool = True,
        remembers: bool = True,
    ) -> None:
        self._runner = runner
        self._decode = decode
        #: Tokens that end a text.
        self._ends = ends
        #: What an encoder-decoder model's text begins with.
        self._start_token = start_token
        self._chunk_beside, self._chunk_alone = chunks
        self._drafts = drafts
        self._waiting = RequestQueue()
        self._rows: list[Sequence] = []
        self._free = list(range(runner.num_slots))
        #: Beginnings of prompts that need not be run again; `remembers` those of past rows too.
        self._prefixes = (
            Prefixes(runner.kv_cache, remembers=remembers) if runner.continues_prompt else None
        )
        self._last_group = 0

    def add(self, request: SequenceRequest, watcher: Watcher) -> None:
        """Queue a request; its watcher hears of each token."""
        self._waiting.add(request, watcher)

    @property
    def num_waiting(self) -> int:
        """Requests that have no slot yet."""
        return len(self._waiting)

    @property
    def num_running(self) -> int:
        """Requests that have one."""
        return len(self._rows)

    @property
    def wants_more(self) -> bool:
        """Whether another request would get a slot and be worked on in the next step."""
        backlog = sum(row.num_uncached for row in self._rows if row.is_reading)
        free = len(self._free) - len(self._waiting)
        return free > 0 and backlog < self._chunk_beside

    def holds(self, request: SequenceRequest) -> bool:
        """Whether a slot is long enough for it."""
        return self._num_tokens(request) <= self._runner.num_tokens

    def keep_prefix(self, ids: list[int]) -> None:
        """Run the constant part of all prompts once and for all; nothing else may run."""
        if self._prefixes is None or not ids or self._rows:
            return
        for start in range(0, len(ids), self._chunk_alone):
            part = ids[start : start + self._chunk_alone]
            whole = len(ids) + 1  # some token follows
            self._runner.forward(
                [TokenChunk(slot=0, start=start, ids=part, num_logits=1, row_tokens=whole)]
            )
        self._prefixes.keep(0, list(ids))

    def step(self) -> list[Outcome]:
        """Admit who has waited longest, run one pass, and tell who ended by it."""
        outcomes = self._waiting.drop()
        outcomes += [self._end(row, row.verdict(monotonic())) for row in self._dropped()]
        budget = self._admit(self._chunk(), outcomes)
        pieces = self._plan(budget)
        if pieces:
            outcomes += self._run(pieces)
        return outcomes

    def _chunk(self) -> int:
        alone = all(row.is_reading for row in self._rows)
        return self._chunk_alone if alone else self._chunk_beside

    def _dropped(self) -> list[Sequence]:
        now = monotonic()
        return [row for row in self._rows if row.verdict(now) is not None]

    def _admit(self, budget: int, outcomes: list[Outcome]) -> int:
        """Give free slots to those who wait; returns what is left of the step's budget."""
        reading = sum(row.num_uncached for row in self._rows if row.is_reading)
        while self._waiting and self._free and budget > reading:
            request, watcher = self._waiting.next()
            try:
                row = self._new_row(request, watcher)
                budget -= self._runner.admit(row.slot, request.prompt)
            except Exception as error:
                if self._breaks_all(error):
                    raise
                outcomes.append(Outcome.without_text(request, FinishReason.STOP, error))
                continue
            self._free.remove(row.slot)
            self._rows.append(row)
            reading += row.num_uncached if row.is_reading else 0
        return budget

    def _new_row(self, request: SequenceRequest, watcher: Watcher) -> Sequence:
        if not request.prompt or not self.holds(request):
            num_tokens = self._num_tokens(request)
            raise ValueError(f"{num_tokens} tokens; 1 to {self._runner.num_tokens} fit")
        group = self._runner.group(len(request.prompt))
        if self._prefixes is None:
            start = Start(min(self._free), cached=0, shares_prefix=False)
        else:
            start = self._prefixes.begin(self._free, request.prompt, group)
        return Sequence(
            request,
            watcher,
            slot=start.slot,
            tokens=list(request.prompt) if self._start_token is None else [self._start_token],
            cached=start.cached,
            group=group,
            shares_prefix=start.shares_prefix,
            decode=self._decode,
        )

    def _num_tokens(self, request: SequenceRequest) -> int:
        """Tokens that its row may have in the end."""
        new = request.max_new_tokens if self._runner.continues_prompt else 0
        return len(request.prompt) + new

    def _plan(self, budget: int) -> list[TokenChunk]:
        """The next pieces of one group's rows: next tokens first, then prompts, oldest first."""
        groups = {self._runner.group(len(row.tokens)) for row in self._rows}
        if not groups:
            return []
        # With two groups they take turns.
        group = next(iter(groups)) if len(groups) == 1 else 1 - self._last_group
        self._last_group = group
        drafting = self._drafts and len(self._rows) <= MAX_ROWS_DRAFTING
        pieces = []
        for row in self._rows:
            if self._runner.group(len(row.tokens)) != group:
                continue
            if row.group != group:  # it grew into the group: all its positions change
                row.group, row.cached = group, 0
            if not row.is_reading:
                stays = self._runner.group(len(row.tokens) + MAX_DRAFT) == group
                pieces.append(row.next_piece(drafting and stays))
            elif budget > 0:
                piece = row.chunk(budget)
                budget -= len(piece.ids)
                pieces.append(piece)
        return sorted(pieces, key=lambda piece: (len(piece.ids) > 1, piece.slot))

    def _run(self, pieces: list[TokenChunk]) -> list[Outcome]:
        """One pass. What fails together is tried one by one, so that only the guilty pay."""
        try:
            logits = self._runner.forward(pieces)
            tokens = greedy(logits)
        except Exception as error:
            if self._breaks_all(error):
                raise
            if len(pieces) == 1:
                return [self._end(self._row_of(pieces[0]), error)]
            log.warning("a pass over %d rows failed; each is run alone", len(pieces))
            return [outcome for piece in pieces for outcome in self._run([piece])]
        outcomes, first = [], 0
        for piece in pieces:
            after = first + piece.num_logits
            row = self._row_of(piece)
            try:
                reason = row.take(piece, logits[first:after], tokens[first:after], self._ends)
            except BrokenNumbers as error:
                outcomes.append(self._end(row, error))
            else:
                if reason is not None:
                    outcomes.append(self._end(row, reason))
            first = after
        return outcomes

    def _row_of(self, piece: TokenChunk) -> Sequence:
        return next(row for row in self._rows if row.slot == piece.slot)

    def _end(self, row: Sequence, why: FinishReason | Exception | None) -> Outcome:
        self._rows.remove(row)
        self._free.append(row.slot)
        failed = isinstance(why, Exception)
        if failed:
            self._runner.clear(row.slot)
        if self._prefixes is not None:
            known = [] if failed else row.tokens[: row.cached]
            self._prefixes.remember(row.slot, known, row.group)
        if not failed:
            row.finish()
        return Outcome(
            request=row.request,
            text="" if failed else row.text,
            reason=why if isinstance(why, FinishReason) else FinishReason.STOP,
            num_new_tokens=row.num_new,
            started_at=row.started_at,
            first_token_at=row.first_token_at,
            error=why if isinstance(why, Exception) else None,
        )

    def _breaks_all(self, error: Exception) -> bool:
        """Whether the device may be broken: after an unknown error on a GPU nothing is sure."""
        on_gpu = self._runner.kv_cache.layers[0].keys.device.type != "cpu"
        return on_gpu and not isinstance(error, ValueError | torch.OutOfMemoryError)
