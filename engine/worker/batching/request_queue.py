"""Requests that have no slot yet, in the order in which they came."""

from __future__ import annotations

from collections import deque
from time import monotonic

from engine.generation import FinishReason
from engine.worker.batching.outcome import Outcome
from engine.worker.batching.sequence import SequenceRequest
from engine.worker.watch import Watcher

#: Seconds between looks through the queue, which may be long.
LOOK_S = 0.25


class RequestQueue:
    """A queue that whoever is no longer wanted leaves, wherever it stands."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[SequenceRequest, Watcher]] = deque()
        self._looked_at = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, request: SequenceRequest, watcher: Watcher) -> None:
        """Put a request at the end."""
        self._waiting.append((request, watcher))

    def next(self) -> tuple[SequenceRequest, Watcher]:
        """Take the one that waited longest."""
        return self._waiting.popleft()

    def drop(self) -> list[Outcome]:
        """The ends of those that were cancelled or are too late."""
        now = monotonic()
        if now - self._looked_at < LOOK_S:
            return []
        self._looked_at = now
        outcomes, kept = [], deque[tuple[SequenceRequest, Watcher]]()
        for request, watcher in self._waiting:
            cancelled = watcher.is_cancelled()
            if cancelled or now >= request.deadline:
                reason = FinishReason.CANCELLED if cancelled else FinishReason.DEADLINE
                outcomes.append(Outcome.without_text(request, reason))
            else:
                kept.append((request, watcher))
        self._waiting = kept
        return outcomes
