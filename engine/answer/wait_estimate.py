"""Estimates from measured speed how long a waiting question takes to be answered."""

from __future__ import annotations

from collections import deque

from engine.serving.admission import Admission


class WaitEstimate:
    """Told by the dispatcher what it does; asked by what people are shown."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._num_running = 0
        self._seconds: deque[float] = deque(maxlen=20)

    def started(self) -> None:
        """One more question is being answered."""
        self._num_running += 1

    def ended(self) -> None:
        """One question less is being answered."""
        self._num_running -= 1

    def measured(self, seconds: float) -> None:
        """The model wrote an answer within this time."""
        self._seconds.append(seconds)

    def eta_s(self, position: int) -> float | None:
        """Seconds until the question at `position` (1 = next) is answered; None before the first
        measurement."""
        if not self._seconds:
            return None
        one = sum(self._seconds) / len(self._seconds)
        ahead = position + self._num_running
        return one * -(-ahead // self._admission.num_places)
