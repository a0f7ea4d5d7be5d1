"""An offline Slack: Web API, Socket Mode, signed HTTP events, and people who use it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

from tests.slack_workspace import (
    APP_TOKEN,
    BOT,
    BOT_TOKEN,
    TEAM,
    Fault,
    Json,
    Refused,
    Workspace,
    check_message,
    pressable,
)
from tests.waits import within

__all__ = ["APP_TOKEN", "BOT", "BOT_TOKEN", "SECRET", "TEAM", "Fault", "SlackTwin"]

SECRET = "twin-signing-secret"


class SlackTwin(Workspace):
    """`async with SlackTwin() as slack:` – then point a bot at `slack.base_url`."""

    def __init__(self) -> None:
        super().__init__()
        self.sockets: list[web.WebSocketResponse] = []
        self.opened = 0
        self.tickets: set[str] = set()
        self.says_hello = True
        #: Every connection is told to go away.
        self.too_many = False
        #: Pings get no answer and nothing is said any more: a half-open connection.
        self.half_open = False
        #: Events are posted there instead of going through a socket.
        self.http_target = ""
        #: Seconds to wait for an acknowledgement before delivering again; tries in all.
        self.ack_s = 60.0
        self.tries = 4
        #: (envelope id, retry number) of everything delivered, and the ids acknowledged.
        self.delivered: list[tuple[str, int]] = []
        self.acked: list[str] = []
        self._waiting: dict[str, tuple[web.WebSocketResponse, asyncio.Event]] = {}
        self._responses: dict[str, Json] = {}
        self._count = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self._link)
        app.router.add_post("/response/{name}", self._response)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.session.close()
        for ws in list(self.sockets):
            await ws.close()
        await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    def _next(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    @staticmethod
    async def pause() -> None:
        """Let others go on."""
        await asyncio.sleep(0.005)

    # Web API

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments: Json = dict(request.query)
        if request.content_type == "application/json":
            arguments |= await request.json()
        else:
            arguments |= dict(await request.post())
        self.calls.append((method, arguments))
        fault = self.faults[method].popleft() if self.faults[method] else Fault()
        broken = fault != Fault()
        answer: Json = {"ok": False, "error": fault.error} if fault.error else {"ok": True}
        if not broken or fault.after:
            answer = self._carry_out(request, method, arguments)
        await self.notify()
        if fault.cut:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if fault.body:
            return web.Response(status=fault.status, text=fault.body, content_type="text/html")
        if fault.error:
            answer = {"ok": False, "error": fault.error}
        return web.json_response(answer, status=fault.status, headers=fault.headers)

    def _carry_out(self, request: web.Request, method: str, arguments: Json) -> Json:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        expected = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if token != expected:
            return {"ok": False, "error": "invalid_auth"}
        arguments.pop("token", None)
        try:
            return {"ok": True, **self.call(method, arguments)}
        except Refused as refusal:
            return {"ok": False, "error": str(refusal)}

    def api_apps_connections_open(self, **_: Any) -> Json:
        ticket = self._next("ticket")
        self.tickets.add(ticket)
        self.opened += 1
        return {"url": f"ws://127.0.0.1:{self.port}/link?ticket={ticket}"}

    # Socket Mode

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets:
            return web.Response(status=403)
        self.tickets.discard(ticket)
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        if self.says_hello:
            await ws.send_json({"type": "hello", "num_connections": len(self.sockets) + 1})
        if self.too_many:
            await ws.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await ws.close()
            return ws
        self.sockets.append(ws)
        await self.notify()
        try:
            async for frame in ws:
                if frame.type is WSMsgType.PING and not self.half_open:
                    await ws.pong(frame.data)
                elif frame.type is WSMsgType.TEXT:
                    self._ack(json.loads(frame.data))
        finally:
            self.sockets.remove(ws)
            self.lapse(ws)
            await self.notify()
        return ws

    def _ack(self, message: Json) -> None:
        envelope = message["envelope_id"]
        self.acked.append(envelope)
        if envelope in self._waiting:
            self._waiting[envelope][1].set()

    def lapse(self, connection: web.WebSocketResponse | None = None) -> None:
        """Wait no longer for acknowledgements, of one connection or at all."""
        for ws, over in self._waiting.values():
            if connection in (None, ws):
                over.set()

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the bot to move to a new connection."""
        for ws in list(self.sockets):
            await ws.send_json({"type": "disconnect", "reason": reason})

    async def cut(self) -> None:
        """Drop all connections without a word."""
        for ws in list(self.sockets):
            transport = ws._req.transport if ws._req is not None else None
            if transport is not None:
                transport.abort()
        await self.until(lambda: not self.sockets)

    # Delivering

    async def deliver(self, kind: str, payload: Json, *, tries: int | None = None) -> bool:
        """Deliver until it is acknowledged, as Slack does; whether it was."""
        for attempt in range(tries or self.tries):
            if self.http_target:
                if await self._over_http(kind, payload, attempt) == 200:
                    return True
            elif await self._over_socket(kind, payload, attempt):
                return True
        return False

    async def _over_socket(self, kind: str, payload: Json, attempt: int) -> bool:
        await self.until(lambda: self.sockets)
        envelope = self._next("envelope")
        ws, over = self._waiting[envelope] = (self.sockets[-1], asyncio.Event())
        self.delivered.append((envelope, attempt))
        message: Json = {"type": kind, "envelope_id": envelope, "payload": payload}
        message["accepts_response_payload"] = kind != "events_api"
        if attempt:
            message |= {"retry_attempt": attempt, "retry_reason": "timeout"}
        with suppress(TimeoutError):
            async with asyncio.timeout(self.ack_s):
                with suppress(ConnectionError):  # it lapses when the twin has seen the end, too
                    await ws.send_json(message)
                await over.wait()
        return envelope in self.acked

    async def _over_http(self, kind: str, payload: Json, attempt: int) -> int:
        if kind == "events_api":
            body, content_type = json.dumps(payload), "application/json"
        elif kind == "slash_commands":
            body, content_type = urlencode(payload), "application/x-www-form-urlencoded"
        else:
            body = urlencode({"payload": json.dumps(payload)})
            content_type = "application/x-www-form-urlencoded"
        headers = signed(body) | {"Content-Type": content_type}
        if attempt:
            headers["X-Slack-Retry-Num"] = str(attempt)
        async with self.session.post(self.http_target, data=body, headers=headers) as response:
            return response.status

    async def event(self, event: Json) -> bool:
        """Deliver one event of the Events API."""
        return await self.deliver("events_api", _event_callback(event, self._next("Ev")))

    # People

    async def _write(
        self, channel: str, user: str, text: str, kinds: tuple[str, ...], **more: Any
    ) -> str:
        message = self.add(channel, user=user, text=text, **more)
        names = {"C": "channel", "D": "im", "G": "mpim"}
        event = {**message, "channel": channel, "channel_type": names[channel[0]]}
        deliveries: list[Awaitable[bool]] = [self.event({**event, "type": k}) for k in kinds]
        await within(asyncio.gather(*deliveries), 120)
        return str(message["ts"])

    async def mention(
        self, channel: str, user: str, text: str, *, thread: str | None = None
    ) -> str:
        """`@bot text`: arrives as two events; returns the stamp of the message."""
        kinds = ("message", "app_mention") if channel in self.joined else ("app_mention",)
        return await self._write(channel, user, f"<@{BOT}> {text}", kinds, thread_ts=thread)

    async def say(self, channel: str, user: str, text: str, **more: Any) -> str:
        """A message in a channel that mentions nobody."""
        return await self._write(channel, user, text, ("message",), **more)

    async def thread_reply(self, channel: str, thread: str, user: str, text: str) -> str:
        """A message in a thread."""
        return await self._write(channel, user, text, ("message",), thread_ts=thread)

    async def dm(self, user: str, text: str, *, thread: str | None = None) -> str:
        """A direct message to the bot; its channel is D + the rest of the user's id."""
        return await self._write(dm_of(user), user, text, ("message",), thread_ts=thread)

    async def slash(self, command: str, text: str, channel: str, user: str) -> bool:
        """A slash command; whether it was acknowledged (Slack tries once)."""
        payload = {
            "command": command,
            "text": text,
            "channel_id": channel,
            "user_id": user,
            "team_id": TEAM,
            "trigger_id": self._next("trigger"),
            "response_url": self.response_url(channel, user, None),
        }
        return await self.deliver("slash_commands", payload, tries=1)

    async def press(self, message: Json, value: str, user: str, channel: str = "C1") -> bool:
        """Press the button, vote or menu entry of that value."""
        element = pressable(message)[value]
        action: Json = {"type": element["type"], "action_id": element["action_id"]}
        if element["type"] == "static_select":
            action["selected_option"] = {"value": value}
        else:
            action["value"] = value
        ts = message.get("ts", "")
        container = {"message_ts": ts, "channel_id": channel, "thread_ts": message.get("thread_ts")}
        payload = self._interaction("block_actions", user) | {
            "channel": {"id": channel},
            "container": container,
            "actions": [action],
            "response_url": self.response_url(channel, user, message),
        }
        if ts:
            payload["message"] = {k: message.get(k) for k in ("ts", "thread_ts", "text")}
        return await self.deliver("interactive", payload, tries=1)

    async def submit(self, view: Json, user: str, values: dict[str, Json]) -> bool:
        """Send a window that was opened."""
        state = {"values": {name: {name: value} for name, value in values.items()}}
        payload = self._interaction("view_submission", user) | {"view": {**view, "state": state}}
        return await self.deliver("interactive", payload, tries=1)

    async def shortcut(self, channel: str, ts: str, user: str) -> bool:
        """The message shortcut, on that message."""
        payload = self._interaction("message_action", user) | {
            "callback_id": "answer",
            "channel": {"id": channel},
            "message": self.message(channel, ts),
            "response_url": self.response_url(channel, user, None),
        }
        return await self.deliver("interactive", payload, tries=1)

    async def reaction(self, channel: str, ts: str, user: str, name: str) -> bool:
        """Somebody reacts to a message."""
        item = {"type": "message", "channel": channel, "ts": ts}
        return await self.event(
            {"type": "reaction_added", "user": user, "reaction": name, "item": item}
        )

    async def open_home(self, user: str) -> bool:
        """Somebody looks at the Home tab."""
        return await self.event({"type": "app_home_opened", "user": user, "tab": "home"})

    def _interaction(self, kind: str, user: str) -> Json:
        return {
            "type": kind,
            "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM},
            "trigger_id": self._next("trigger"),
        }

    # response_url

    def response_url(self, channel: str, user: str, original: Json | None = None) -> str:
        """An address that takes five messages for one person."""
        name = self._next("response")
        kept = {"channel": channel, "user": user, "original": original, "uses": 0}
        self._responses[name] = kept
        return f"http://127.0.0.1:{self.port}/response/{name}"

    async def _response(self, request: web.Request) -> web.StreamResponse:
        kept = self._responses[request.match_info["name"]]
        kept["uses"] += 1
        if kept["uses"] > 5:
            return web.Response(status=404, text="used_url")
        values = await request.json()
        try:
            check_message(values, 40_000, feedback=self.has_feedback)
        except Refused as refusal:
            return web.Response(status=400, text=str(refusal))
        original = kept["original"]
        if values.get("replace_original") and original is not None:
            original.update(text=values["text"], blocks=values["blocks"])
        else:
            whisper = {"channel": kept["channel"], "user": kept["user"], **values}
            self.ephemerals.append(whisper)
            kept["original"] = whisper
        await self.notify()
        return web.Response(text="ok")


def dm_of(user: str) -> str:
    """The channel of a person's direct messages with the bot."""
    return "D" + user.removeprefix("U")


def signed(body: str, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers by which Slack signs a request."""
    stamp = str(int(time.time() if at is None else at))
    text = f"v0:{stamp}:{body}".encode()
    signature = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signature}"}


def _event_callback(event: Json, event_id: str) -> Json:
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": "A1",
        "event_id": event_id,
        "event": event,
        "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
    }
