"""Shows that a question was heard and that its answer is being written: 👀 and "typing"."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from time import monotonic

from bot.adapter import DeliveryError
from bot.remembered import remember
from bot.telegram.client import TelegramClient
from bot.telegram.values import Target

#: Telegram shows "typing" for five seconds.
TYPING_S = 5.0


@dataclass(eq=False, slots=True)
class TelegramReactions:
    """Best effort: none of this is worth an error."""

    client: TelegramClient
    _: KW_ONLY
    #: Longest time that this may take; it must not hold up the answer.
    heard_s: float
    typing_s: float = TYPING_S
    _typed_at: OrderedDict[int, float] = field(init=False, default_factory=OrderedDict)

    async def heard(self, reply_to: str) -> None:
        target = Target.read(reply_to)
        with suppress(TimeoutError):
            async with asyncio.timeout(self.heard_s):
                with suppress(DeliveryError):
                    if target.message is not None:
                        await self.client.react(target.chat, target.message, "👀")
                await self.typing(target)

    async def typing(self, target: Target) -> None:
        """Show that we type, once in the time for which Telegram shows it."""
        now = monotonic()
        if now - self._typed_at.get(target.chat, -self.typing_s) < self.typing_s:
            return
        remember(self._typed_at, target.chat, now)
        with suppress(DeliveryError):
            await self.client.typing(target.chat, target.topic)
