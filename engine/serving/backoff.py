"""How long to wait before an engine process is started again, and when to stop expecting it."""

from __future__ import annotations

from collections.abc import Sequence

#: Seconds before a start, by the number of failures in a row before it.
BACKOFF_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 120.0, 300.0, 900.0)
#: As many failures count at least where waiting rarely helps: the pauses begin with a minute.
_SLOW = 7
#: Failures in a row from which on questions are no longer kept waiting for the next start.
MAX_HOPEFUL_FAILURES = 2


class RestartBackoff:
    def __init__(self, pauses_s: Sequence[float] = BACKOFF_S) -> None:
        self._pauses_s = pauses_s
        self.num_failures = 0

    @property
    def seconds(self) -> float:
        return self._pauses_s[min(self.num_failures, len(self._pauses_s) - 1)]

    @property
    def should_retry(self) -> bool:
        """Whether the next start is worth waiting for."""
        return self.num_failures <= MAX_HOPEFUL_FAILURES

    def succeeded(self) -> None:
        self.num_failures = 0

    def failed(self) -> None:
        self.num_failures += 1

    def give_up(self) -> None:
        """Wait long: it failed for a reason that waiting rarely cures."""
        self.num_failures = max(self.num_failures + 1, _SLOW)
