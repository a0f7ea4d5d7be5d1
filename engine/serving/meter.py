"""Counts what the engine wrote: how fast lately, and how much within the last hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

from engine.protocol import Generation

HOUR_S = 3600.0
#: Generations whose speed makes the present one.
_NUM_RECENT = 20


class Meter:
    """Told of each finished generation."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._speeds: deque[float] = deque(maxlen=_NUM_RECENT)
        self._written: deque[tuple[float, int]] = deque()

    def note(self, generation: Generation) -> None:
        writing_s = generation.total_s - generation.first_token_s
        if generation.completion_tokens > 1 and writing_s > 0:
            self._speeds.append((generation.completion_tokens - 1) / writing_s)
        self._written.append((self._clock(), generation.completion_tokens))
        self._forget()

    def start_afresh(self) -> None:
        """Another model writes from now on: its speed is another."""
        self._began = self._clock()
        self._speeds.clear()

    @property
    def tokens_per_s(self) -> float | None:
        """Mean speed of the last generations, None before the first."""
        return sum(self._speeds) / len(self._speeds) if self._speeds else None

    @property
    def tokens_last_hour(self) -> int:
        """Tokens of all answers that ended within the last hour."""
        self._forget()
        return sum(tokens for _, tokens in self._written)

    @property
    def uptime_s(self) -> float:
        return self._clock() - self._began

    def _forget(self) -> None:
        oldest = self._clock() - HOUR_S
        while self._written and self._written[0][0] < oldest:
            self._written.popleft()
