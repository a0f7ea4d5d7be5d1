"""Shows that a question was heard: a reaction and, in threads, a status line."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import KW_ONLY, dataclass, field

from bot.adapter import DeliveryError
from bot.delivery.texts import say
from bot.slack.client import SlackClient
from bot.slack.errors import SlackError
from bot.slack.parse import ReplyTo

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class SlackReactions:
    """Best effort; a workspace without the status line is asked for it once."""

    client: SlackClient
    _: KW_ONLY
    #: Longest time that this may take; it must not hold up the answer.
    heard_s: float
    _can_show_status: bool = field(init=False, default=True)

    async def heard(self, reply_to: str) -> None:
        to = ReplyTo.load(reply_to)
        try:
            async with asyncio.timeout(self.heard_s):
                if to.message:
                    await self.client.call(
                        "reactions.add", channel=to.channel, timestamp=to.message, name="eyes"
                    )
                if to.thread and self._can_show_status:
                    await self._show_status(to, say("writing"))
        except (DeliveryError, TimeoutError) as error:
            log.debug("it was not shown that a question was heard: %s", error)

    async def _show_status(self, to: ReplyTo, status: str) -> None:
        try:
            await self.client.call(
                "assistant.threads.setStatus",
                channel_id=to.channel,
                thread_ts=to.thread,
                status=status,
            )
        except SlackError as error:
            self._can_show_status = error.code == "ratelimited"
