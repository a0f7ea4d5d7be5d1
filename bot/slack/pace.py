"""How fast Slack lets us write: by method and by channel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
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


@dataclass(eq=False, slots=True)
class SlackPace:
    """Keeps to Slack's limits, so that it need not be told by Slack."""

    _: KW_ONLY
    #: New messages in a channel at once; then one more every `channel_s` seconds.
    burst: int = 3
    channel_s: float = 1.0
    per_minute: Mapping[str, int] = field(default_factory=PER_MINUTE.copy)
    others: int = PER_MINUTE_OTHERS
    clock: Callable[[], float] = monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(clock=self.clock, sleep=self.sleep)

    async def turn(self, method: str, channel: str, *, patient: bool) -> None:
        """See Pace.turn. Without patience, a third of the calls is left to what is final."""
        count = self.per_minute.get(method, self.others)
        limits = [Limit(method, count if patient else count * 2 // 3, 60.0)]
        if method in _NEW:
            limits.append(Limit(f"new {channel}", self.burst, self.burst * self.channel_s))
        await self._pace.turn(channel, limits, patient=patient)

    def pause(self, channel: str, seconds: float) -> None:
        self._pace.pause(channel, seconds)
