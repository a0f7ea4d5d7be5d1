"""The small HTTP server that a platform calls, behind the proxy that speaks https."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from config.settings import ConfigError

log = logging.getLogger(__name__)

_PORT = re.compile(r"[0-9]{1,5}")


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
        try:
            host, port = listen_address(self.setting, self.listen)
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as error:
                raise _cannot_listen(self.setting, self.listen, error) from None
            self.port = runner.addresses[0][1]
            self.listening.set()
            log.info("listening on %s:%d%s", host, self.port, self.path)
            await stop.wait()
        finally:
            await runner.cleanup()


def listen_address(setting: str, listen: str) -> tuple[str, int]:
    """Host and port of `listen`, which is the value of that setting; without a host this machine
    alone. Raises ConfigError."""
    host, _, port = listen.strip().rpartition(":")
    if not (_PORT.fullmatch(port) and int(port) < 2**16):
        raise ConfigError(f"{setting}: write a host and a port, such as 127.0.0.1:3000.")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def require_free(setting: str, listen: str) -> None:
    """Raise ConfigError where `listen` cannot be listened on, because it is taken or not ours."""
    host, port = listen_address(setting, listen)
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as asyncio does
            probe.bind(address)
            probe.listen(1)  # two may bind, one may listen
    except (OSError, UnicodeError) as error:
        raise _cannot_listen(setting, listen, error) from None


def _cannot_listen(setting: str, listen: str, error: Exception) -> ConfigError:
    reason = getattr(error, "strerror", None) or str(error)
    return ConfigError(
        f"{setting}: {listen} cannot be listened on ({reason}); end what listens there, or choose "
        "another port."
    )
