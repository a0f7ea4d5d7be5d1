"""How fast Slack lets us write: by method, by channel, and when it asked us to wait."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from bot.adapter import DeliveryError

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
#: Channels remembered at once.
MAX_CHANNELS = 1000


@dataclass(slots=True)
class Pace:
    """Keeps to Slack's limits, so that it need not be told by Slack."""

    #: New messages in a channel at once; one more every `channel_s` seconds.
    burst: int = 3
    channel_s: float = 1.0
    per_minute: Mapping[str, int] = field(default_factory=lambda: PER_MINUTE)
    others: int = PER_MINUTE_OTHERS
    clock: Callable[[], float] = monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _channels: dict[str, deque[float]] = field(default_factory=dict)
    _paused: dict[str, float] = field(default_factory=dict)
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    async def turn(self, method: str, channel: str, *, patient: bool) -> None:
        """Wait until this may be called.

        Raises DeliveryError instead when the caller is not patient: what is on its way to
        something better leaves room for what is final.
        """
        while (wait := self._wait_s(method, channel, patient=patient)) > 0:
            if not patient:
                raise DeliveryError("too much is being written", retry_after_s=wait)
            await self.sleep(wait)
        now = self.clock()
        self._calls[method].append(now)
        if method in _NEW:
            self._channels.setdefault(channel, deque(maxlen=self.burst)).append(now)
            if len(self._channels) > MAX_CHANNELS:
                self._channels.pop(next(iter(self._channels)))

    def pause(self, channel: str, seconds: float) -> None:
        """Slack asked to leave this channel alone for so long."""
        self._paused[channel] = self.clock() + seconds

    def _wait_s(self, method: str, channel: str, *, patient: bool) -> float:
        now = self.clock()
        until = self._paused.get(channel, 0.0)
        if until <= now:
            self._paused.pop(channel, None)
        sent = self._channels.get(channel)
        if method in _NEW and sent is not None and len(sent) == self.burst:
            until = max(until, sent[0] + self.burst * self.channel_s)
        calls = self._calls[method]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        limit = self.per_minute.get(method, self.others)
        limit = limit if patient else limit * 2 // 3
        if len(calls) >= limit:
            until = max(until, calls[len(calls) - limit] + 60)
        return until - now
