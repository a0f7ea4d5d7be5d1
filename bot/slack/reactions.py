"""Signs that a question was heard: a reaction and, in threads, a status line."""

from __future__ import annotations

import asyncio
import logging

from bot.adapter import DeliveryError
from bot.slack.client import SlackError, SlackWeb
from bot.slack.parse import ReplyTo

log = logging.getLogger(__name__)

#: Longest time that signs of life may take.
HEARD_S = 3.0


class SlackSigns:
    """Best effort; a workspace without the status line is asked for it once."""

    def __init__(self, web: SlackWeb) -> None:
        self._web = web
        self._can_show_status = True

    async def heard(self, reply_to: str, status: str) -> None:
        """A reaction and, in threads, a status line; best effort."""
        to = ReplyTo.load(reply_to)
        try:
            async with asyncio.timeout(HEARD_S):
                if to.message:
                    await self._web.call(
                        "reactions.add", channel=to.channel, timestamp=to.message, name="eyes"
                    )
                if to.thread and self._can_show_status:
                    await self._show_status(to, status)
        except (DeliveryError, TimeoutError) as error:
            log.debug("no sign of life shown: %s", error)

    async def _show_status(self, to: ReplyTo, status: str) -> None:
        try:
            await self._web.call(
                "assistant.threads.setStatus",
                channel_id=to.channel,
                thread_ts=to.thread,
                status=status,
            )
        except SlackError as error:
            self._can_show_status = error.code == "ratelimited"
