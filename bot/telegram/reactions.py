"""Shows that a question was heard and that its answer is being written: 👀 and "typing"."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic

from bot.adapter import DeliveryError
from bot.pace import MAX_KNOWN
from bot.telegram.client import TelegramClient
from bot.telegram.values import Target

#: Telegram shows "typing" for five seconds.
TYPING_S = 5.0


class TelegramReactions:
    """Best effort: none of this is worth an error."""

    def __init__(
        self, client: TelegramClient, *, heard_s: float, typing_s: float = TYPING_S
    ) -> None:
        """`heard_s`: longest time that this may take; it must not hold up the answer."""
        self._client = client
        self._heard_s = heard_s
        self._typing_s = typing_s
        self._typed_at: dict[int, float] = {}

    async def heard(self, reply_to: str) -> None:
        """See ChatAdapter."""
        target = Target.read(reply_to)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._heard_s):
                with suppress(DeliveryError):
                    if target.message is not None:
                        await self._client.react(target.chat, target.message, "👀")
                await self.typing(target)

    async def typing(self, target: Target) -> None:
        """Show that we type, once in the time for which Telegram shows it."""
        now = monotonic()
        if now - self._typed_at.get(target.chat, -self._typing_s) < self._typing_s:
            return
        self._typed_at[target.chat] = now
        if len(self._typed_at) > MAX_KNOWN:
            del self._typed_at[next(iter(self._typed_at))]
        with suppress(DeliveryError):
            await self._client.typing(target.chat, target.topic)
