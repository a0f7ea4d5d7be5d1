"""HTTP mode: Slack's requests, checked for their signature before anything reads them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from time import time

from aiohttp import web

from bot.http_server import HttpServer
from config.settings import ConfigError

MAX_BODY = 256 * 1024
#: Seconds a request may be old or early.
MAX_AGE_S = 300
_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)

#: Body and headers of a request that is Slack's → status, body and content type of the answer.
Dispatch = Callable[[str, Mapping[str, str]], Awaitable[tuple[int, str, str]]]


class SignedRequests:
    """Knows which requests are Slack's; every signature is good once."""

    def __init__(self, secret: str, clock: Callable[[], float] = time) -> None:
        if not secret.strip():
            raise ConfigError("Slack's HTTP mode needs SLACK_SIGNING_SECRET.")
        self._secret = secret.encode()
        self._clock = clock
        self._seen: dict[str, float] = {}

    def genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether Slack signed this within the last minutes."""
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        signature = headers.get("X-Slack-Signature", "")
        if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
            return False
        if abs(self._clock() - int(timestamp)) > MAX_AGE_S:
            return False
        signed = b"v0:" + timestamp.encode() + b":" + body
        expected = "v0=" + hmac.new(self._secret, signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, signature)

    def first(self, signature: str) -> bool:
        """Whether this request did not come before; a replay must not run twice."""
        now = self._clock()
        for old in [key for key, at in self._seen.items() if at < now - 2 * MAX_AGE_S]:
            del self._seen[old]
        if signature in self._seen:
            return False
        self._seen[signature] = now
        return True

    def failed(self, signature: str) -> None:
        """The request was not handled; the same one may come again."""
        self._seen.pop(signature, None)


class SlackHttp:
    """One address for events, commands and interactions."""

    def __init__(self, requests: SignedRequests, listen: str) -> None:
        self._requests = requests
        self.server = HttpServer("slack.listen", listen, "/slack/events", MAX_BODY, grace_s=60.0)

    async def run(self, dispatch: Dispatch, stop: asyncio.Event) -> None:
        """Serve until `stop`. Raises ConfigError when it cannot listen there."""
        await self.server.run(partial(self._receive, dispatch), stop)

    async def _receive(self, dispatch: Dispatch, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
            text = body.decode("utf-8")
        except (web.HTTPRequestEntityTooLarge, UnicodeDecodeError):
            return web.Response(status=401)
        if not self._requests.genuine(request.headers, body):
            return web.Response(status=401)
        signature = request.headers["X-Slack-Signature"]
        if not self._requests.first(signature):
            return web.Response(status=200)
        status, answer, kind = 500, "", ""
        try:
            status, answer, kind = await dispatch(text, request.headers)
        finally:
            if status >= 300:
                self._requests.failed(signature)
        return web.Response(status=status, text=answer, content_type=kind or "text/plain")
