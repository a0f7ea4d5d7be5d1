"""The server that Telegram calls in webhook mode; without the secret it answers nobody."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from urllib.parse import urlsplit

from aiohttp import web

from bot.telegram.receive import TelegramListener
from config.settings import ConfigError, TelegramSettings
from engine.errors import StoreError

log = logging.getLogger(__name__)

MAX_BYTES = 1024 * 1024
HEADER = "X-Telegram-Bot-Api-Secret-Token"


def check_secret(settings: TelegramSettings, secret: str) -> None:
    """Raises ConfigError when the webhook would be open to anybody."""
    if settings.webhook_url and not re.fullmatch(r"[\w-]{16,256}", secret, re.ASCII):
        raise ConfigError(
            "telegram.webhook_url needs TELEGRAM_WEBHOOK_SECRET: 16 to 256 letters, digits, `_` "
            "and `-`. Make one up, for example with `openssl rand -hex 32`."
        )


class TelegramWebhook:
    """Stores each update before it says 200; anything else makes Telegram bring it again."""

    def __init__(self, settings: TelegramSettings, secret: str, listener: TelegramListener) -> None:
        self._url = urlsplit(settings.webhook_url)
        self._listen = settings.webhook_listen
        self._secret = secret
        self._listener = listener
        #: Where it listens, once it does; the settings may leave the choice to the system.
        self.port = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`."""
        app = web.Application(client_max_size=MAX_BYTES)
        app.router.add_post(self._url.path or "/", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        host, _, port = self._listen.rpartition(":")
        try:
            await web.TCPSite(runner, host or "127.0.0.1", int(port)).start()
        except (OSError, ValueError) as error:
            await runner.cleanup()
            raise ConfigError(
                f"telegram.webhook_listen: {self._listen} cannot be listened on ({error})."
            ) from None
        self.port = runner.addresses[0][1]
        try:
            await stop.wait()
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        shown = request.headers.get(HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, self._secret.encode()):
            return web.Response(status=401)
        try:
            update = json.loads(await request.read())
        except (ValueError, RecursionError):
            return web.Response(status=400)
        try:
            stored = await self._listener.take_one(update)
        except StoreError as error:
            log.error("an update of Telegram was not stored, it will bring it again: %s", error)
            return web.Response(status=503)
        return web.Response(status=200 if stored else 400)
