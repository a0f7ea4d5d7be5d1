"""How often one person may ask."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from time import monotonic

from bot.remembered import remember

WINDOW_S = 60.0


class RateLimit:
    """At most `per_minute` questions a person in any 60 seconds."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._asked: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait_s(self, platform: str, user_id: str) -> float:
        """Seconds until this person may ask again; 0 when now, and the question is counted."""
        now = self._clock()
        asked = self._asked.get((platform, user_id), deque())
        while asked and asked[0] <= now - WINDOW_S:
            asked.popleft()
        remember(self._asked, (platform, user_id), asked)
        if len(asked) >= self._per_minute:
            return asked[0] + WINDOW_S - now
        asked.append(now)
        return 0.0
