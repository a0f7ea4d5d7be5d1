"""How fast Slack lets us write: by method and by channel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

from bot.pace import Limit, Pace

#: Calls a minute in a workspace; Slack's tiers are a little above.
PER_MINUTE = {
    "chat.appendStream": 100,
    "chat.postEphemeral": 100,
    "chat.postMessage": 200,
    "chat.startStream": 20,
    "chat.stopStream": 20,
}
#: Of every other method, `chat.update` among them.
PER_MINUTE_OTHERS = 48
#: What counts as a new message in a channel.
_NEW = frozenset({"chat.postMessage", "chat.startStream"})


class SlackPace:
    """Keeps to Slack's limits, so that it need not be told by Slack."""

    def __init__(
        self,
        *,
        burst: int = 3,
        channel_s: float = 1.0,
        per_minute: Mapping[str, int] = PER_MINUTE,
        others: int = PER_MINUTE_OTHERS,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`burst` new messages in a channel at once; one more every `channel_s` seconds."""
        self._pace = Pace(clock=clock, sleep=sleep)
        self._burst = burst
        self._channel_s = channel_s
        self._per_minute = per_minute
        self._others = others
        self.clock = clock

    async def turn(self, method: str, channel: str, *, patient: bool) -> None:
        """See Pace.turn. Without patience, a third of the calls is left to what is final."""
        count = self._per_minute.get(method, self._others)
        limits = [Limit(method, count if patient else count * 2 // 3, 60.0)]
        if method in _NEW:
            limits.append(Limit(f"new {channel}", self._burst, self._burst * self._channel_s))
        await self._pace.turn(channel, limits, patient=patient)

    def pause(self, channel: str, seconds: float) -> None:
        self._pace.pause(channel, seconds)
