"""Long polling: asks Telegram for updates and confirms those that are stored."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bot.adapter import DeliveryError
from bot.backoff import Backoff
from bot.telegram.client import TelegramClient
from bot.telegram.errors import TelegramLost, TokenRejected
from bot.telegram.receive import TelegramReceiver
from bot.telegram.times import Times
from engine.errors import StoreError
from engine.stopping import unless

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class TelegramPolling:
    """Hands what it gets to the receiver."""

    client: TelegramClient
    receiver: TelegramReceiver
    times: Times

    async def run(self, stop: asyncio.Event) -> None:
        """Ask for updates until `stop`. Raises TelegramLost, TokenRejected."""
        offset = await self.receiver.offset()
        backoff = Backoff(self.times.retry_s)
        while not stop.is_set():
            try:
                async with asyncio.timeout(self.times.silence_s):
                    updates = await unless(stop, self.client.updates(offset, self.times.poll_s))
                if updates is None:
                    return
                offset = await self.receiver.take_in(updates, offset)
                backoff.succeeded()
            except TokenRejected:
                raise
            except (DeliveryError, StoreError, TimeoutError) as error:
                log.warning("updates could not be taken in: %s", error)
                give_up(backoff, self.times, error)
                await unless(stop, asyncio.sleep(backoff.failed(error)))


def give_up(backoff: Backoff, times: Times, error: Exception) -> None:
    """Raises TelegramLost when Telegram has not been heard for too long."""
    if backoff.silent_s > times.silence_s:
        raise TelegramLost(f"Telegram has not been heard for {backoff.silent_s:.0f} s: {error}")
