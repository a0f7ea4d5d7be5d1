"""Up to where each conversation was read, so that nothing is missed while Slack is not heard."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import time
from typing import Any

from bot.adapter import DeliveryError
from bot.slack.client import SlackClient
from bot.slack.parse import Payload
from engine.errors import StoreError
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

KEY = "slack-seen"
#: Conversations that are read again after a gap: the most recent ones.
MAX_CHANNELS = 20
MAX_THREADS = 20
#: What is older than this is not answered any more.
MAX_AGE_S = 24 * 3600


@dataclass(eq=False, slots=True)
class SlackCatchUp:
    """The last message for us in each channel and thread: stamps only, in the job store."""

    client: SlackClient
    store: JobStore
    clock: Callable[[], float] = time
    #: `channel` or `channel/thread` → stamp of the last message there.
    _stamps: dict[str, str] | None = field(init=False, default=None)

    async def note(self, channel: str, ts: str, thread: str) -> None:
        """A message for us was taken in. Never raises: it only makes catching up shorter."""
        try:
            stamps = await self._load()
            for key in (channel, f"{channel}/{thread or ts}"):
                stamps[key] = max(ts, stamps.get(key, ""))
            self._shorten(stamps)
            await self.store.set_value(KEY, json.dumps(stamps))
        except StoreError as error:
            log.warning("it could not be noted up to where Slack was read: %s", error)

    async def run(self, take: Callable[[Payload], Awaitable[None]]) -> None:
        """Read again what was written since; never raises."""
        try:
            stamps = dict(await self._load())
            for key, stamp in sorted(stamps.items(), key=lambda item: item[1], reverse=True):
                for message in await self._read(key, stamp):
                    await take(message)
        except (StoreError, DeliveryError) as error:
            log.warning("catching up with Slack ended early: %s", error)

    async def _read(self, key: str, stamp: str) -> list[dict[str, Any]]:
        channel, _, thread = key.partition("/")
        oldest = max(stamp, f"{self.clock() - MAX_AGE_S:.6f}")
        values: dict[str, object] = {"channel": channel, "oldest": oldest, "limit": 200}
        if thread:
            values["ts"] = thread
        method = "conversations.replies" if thread else "conversations.history"
        try:
            answer = await self.client.call(method, **values)
        except DeliveryError as error:
            if error.retry_after_s is not None:
                raise
            log.info("a conversation could not be read again: %s", error)
            return []
        messages = [m for m in answer.get("messages") or [] if str(m.get("ts")) > oldest]
        messages.sort(key=lambda message: str(message.get("ts")))
        return [{**message, "type": "message", "channel": channel} for message in messages]

    async def _load(self) -> dict[str, str]:
        if self._stamps is None:
            text = await self.store.get_value(KEY)
            self._stamps = dict(json.loads(text)) if text else {}
        return self._stamps

    def _shorten(self, stamps: dict[str, str]) -> None:
        for threads, most in ((False, MAX_CHANNELS), (True, MAX_THREADS)):
            keys = sorted((k for k in stamps if ("/" in k) is threads), key=lambda k: stamps[k])
            for key in keys[: max(0, len(keys) - most)]:
                del stamps[key]
