"""The server that Telegram calls in webhook mode; without the secret it answers nobody."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from functools import partial
from urllib.parse import urlsplit

from aiohttp import web

from bot.http_server import HttpServer
from bot.telegram.receive import TelegramReceiver
from config.platforms import require_webhook
from config.settings import TelegramSettings
from engine.errors import StoreError

log = logging.getLogger(__name__)

MAX_BYTES = 1024 * 1024
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class TelegramWebhook:
    """Stores each update before it says 200; anything else makes Telegram bring it again."""

    def __init__(self, settings: TelegramSettings, secret: str) -> None:
        """Raises ConfigError when Telegram could not call the webhook, or anybody could."""
        require_webhook(settings, secret)
        self.url = settings.webhook_url
        self.secret = secret
        path = urlsplit(self.url).path or "/"
        self.server = HttpServer(
            "telegram.webhook_listen", settings.webhook_listen, path, MAX_BYTES, grace_s=2.0
        )

    async def run(self, receiver: TelegramReceiver, stop: asyncio.Event) -> None:
        """Serve until `stop`. Raises ConfigError when it cannot listen there."""
        await self.server.run(partial(self._take, receiver), stop)

    async def _take(self, receiver: TelegramReceiver, request: web.Request) -> web.Response:
        shown = request.headers.get(HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, self.secret.encode()):
            return web.Response(status=401)
        try:
            update = json.loads(await request.read())
        except (ValueError, RecursionError):
            return web.Response(status=400)
        try:
            stored = await receiver.take_one(update)
        except StoreError as error:
            log.error("an update of Telegram was not stored, it will bring it again: %s", error)
            return web.Response(status=503)
        return web.Response(status=200 if stored else 400)
