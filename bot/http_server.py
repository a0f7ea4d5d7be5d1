"""The small HTTP server that a platform calls, behind the proxy that speaks https."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from config.settings import ConfigError

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class HttpServer:
    """Serves one path; `listen` is host and port, as the setting of that name says."""

    setting: str
    listen: str
    path: str
    max_bytes: int
    #: Seconds that requests may take to end after a stop.
    grace_s: float
    #: Where it listens, once it does: port 0 takes a free one.
    port: int = field(init=False, default=0)
    listening: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    async def run(
        self, handle: Callable[[web.Request], Awaitable[web.StreamResponse]], stop: asyncio.Event
    ) -> None:
        """Answer with `handle` until `stop`. Raises ConfigError when it cannot listen there."""
        app = web.Application(client_max_size=self.max_bytes)
        app.router.add_post(self.path, handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=self.grace_s)
        await runner.setup()
        host, _, port = self.listen.rpartition(":")
        try:
            try:
                await web.TCPSite(runner, host or "127.0.0.1", int(port)).start()
            except (OSError, ValueError, OverflowError) as error:
                raise ConfigError(
                    f"{self.setting}: {self.listen} cannot be listened on ({error})."
                ) from None
            self.port = runner.addresses[0][1]
            self.listening.set()
            log.info("listening on %s:%d%s", host or "127.0.0.1", self.port, self.path)
            await stop.wait()
        finally:
            await runner.cleanup()
