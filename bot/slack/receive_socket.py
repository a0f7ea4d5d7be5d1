"""Socket Mode: one live websocket to Slack, replaced before it is dropped, never silently dead."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import KW_ONLY, dataclass, field
from time import monotonic
from typing import Any

import aiohttp

from bot.adapter import DeliveryError, PlatformLost
from bot.backoff import Backoff
from bot.slack.times import Times
from engine.stopping import unless

log = logging.getLogger(__name__)

#: What to acknowledge an envelope with; None leaves it to Slack to deliver it again.
Handle = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]


class SocketDead(PlatformLost):
    """Slack can no longer be heard over Socket Mode."""


@dataclass(eq=False, slots=True)
class _Connection:
    """One websocket and what became of it."""

    ws: aiohttp.ClientWebSocketResponse
    heard_at: float
    greeted: asyncio.Event = field(default_factory=asyncio.Event)
    #: Slack asked to move on, or it broke.
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str = ""


@dataclass(eq=False, slots=True)
class SlackSocket:
    """Receives envelopes, has them handled, acknowledges those that were.

    The SDK's own client asks for tickets without a pause, uses a stale one again, closes before it
    opens and never gives up; hence this one.
    """

    #: `apps.connections.open` in a minute; Slack allows few.
    MAX_OPENS = 10

    ticket: Callable[[], Awaitable[str]]
    handle: Handle
    _: KW_ONLY
    caught_up: Callable[[], Coroutine[Any, Any, None]]
    times: Times
    _opens: deque[float] = field(init=False, default_factory=deque)
    _handling: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _helping: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _connections: set[_Connection] = field(init=False, default_factory=set)
    _group: asyncio.TaskGroup | None = field(init=False, default=None)
    _current: _Connection | None = field(init=False, default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop`. Raises SocketDead."""
        dead: SocketDead | None = None
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            self._group = group
            try:
                await self._keep_connected(session, stop)
            except SocketDead as error:
                dead = error
            finally:
                await self._wind_up()
        if dead is not None:
            raise dead

    async def _wind_up(self) -> None:
        """Let what came in be stored and acknowledged, then hang up."""
        if self._handling:
            await asyncio.wait(self._handling, timeout=self.times.grace_s)
        for task in self._handling | self._helping:
            task.cancel()
        for connection in self._connections:
            await connection.ws.close()

    def _spawn(self, work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
        assert self._group is not None  # only called while running
        task = self._group.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _keep_connected(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        alive_at, backoff = monotonic(), Backoff(self.times.retry_s)
        while not stop.is_set():
            old = self._current
            try:
                new = await self._connect(session, stop)
            except (DeliveryError, aiohttp.ClientError, TimeoutError, OSError) as error:
                # The address holds a ticket and must not be logged.
                log.warning("no connection to Slack: %s", type(error).__name__)
                if old is not None and not old.ws.closed:
                    alive_at = old.heard_at
                self._give_up(alive_at)
                await unless(stop, asyncio.sleep(backoff.failed(error)))
                continue
            self._replace(old, new)
            since = monotonic()
            await self._watch(new, stop)
            alive_at = new.heard_at
            if new.reason == "link_disabled":
                raise SocketDead("Socket Mode was switched off for this app in Slack.")
            if monotonic() - since > self.times.settled_s:
                backoff.succeeded()
            if not stop.is_set() and (new.ws.closed or new.reason == "too_many_websockets"):
                await unless(stop, asyncio.sleep(backoff.failed()))

    def _give_up(self, alive_at: float) -> None:
        silence = monotonic() - alive_at
        if silence > self.times.silence_s:
            raise SocketDead(f"Slack was not heard for {silence:.0f} seconds.")

    def _replace(self, old: _Connection | None, new: _Connection) -> None:
        gap = old is None or old.ws.closed or old.reason == "silent"
        self._current = new
        if old is not None:
            self._spawn(self._close_later(old), self._helping)
        if gap:
            self._spawn(self.caught_up(), self._helping)

    async def _close_later(self, connection: _Connection) -> None:
        if not connection.ws.closed:
            await asyncio.sleep(self.times.overlap_s)
        await connection.ws.close()
        self._connections.discard(connection)

    async def _connect(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> _Connection:
        await self._allowance(stop)
        url = await self.ticket()
        async with asyncio.timeout(self.times.hello_s):
            ws = await session.ws_connect(url, autoping=False, max_msg_size=8 * 1024 * 1024)
        connection = _Connection(ws=ws, heard_at=monotonic())
        self._connections.add(connection)
        self._spawn(self._read(connection), self._helping)
        try:
            async with asyncio.timeout(self.times.hello_s):
                await connection.greeted.wait()
        except TimeoutError:
            log.info("Slack did not say hello; listening all the same")
        if ws.closed:
            raise TimeoutError  # it broke before it said hello
        return connection

    async def _allowance(self, stop: asyncio.Event) -> None:
        """Wait until Slack may be asked for a ticket again, but not longer than it may be away."""
        while self._opens and self._opens[0] <= monotonic() - 60:
            self._opens.popleft()
        if len(self._opens) >= self.MAX_OPENS:
            log.warning("too many connections to Slack within a minute; waiting")
            wait = self._opens[0] + 60 - monotonic()
            await unless(stop, asyncio.sleep(min(wait, self.times.silence_s)))
            if stop.is_set() or wait > self.times.silence_s:
                raise TimeoutError
        self._opens.append(monotonic())

    async def _watch(self, connection: _Connection, stop: asyncio.Event) -> None:
        """Return when the connection should be replaced, or at `stop`."""
        while not (stop.is_set() or connection.leaving.is_set()):
            await unless(stop, unless(connection.leaving, asyncio.sleep(self.times.ping_s)))
            if monotonic() - connection.heard_at > self.times.stale_s:
                log.warning("the connection to Slack is silent; replacing it")
                connection.reason = "silent"
                return
            if not connection.ws.closed:
                try:
                    await connection.ws.ping()
                except (OSError, RuntimeError):
                    return

    async def _read(self, connection: _Connection) -> None:
        ws = connection.ws
        try:
            while not ws.closed:
                frame = await ws.receive()
                connection.heard_at = monotonic()
                if frame.type is aiohttp.WSMsgType.PING:
                    await ws.pong(frame.data)
                elif frame.type is aiohttp.WSMsgType.TEXT:
                    self._take(connection, str(frame.data))
                elif frame.type is not aiohttp.WSMsgType.PONG:
                    break
        except (OSError, RuntimeError, aiohttp.ClientError):
            log.info("a connection to Slack broke")
        finally:
            await ws.close()
            connection.greeted.set()
            connection.leaving.set()

    def _take(self, connection: _Connection, text: str) -> None:
        try:
            envelope = json.loads(text)
        except ValueError:
            log.warning("Slack sent something that is no JSON")
            return
        kind = envelope.get("type") if isinstance(envelope, dict) else None
        if kind == "hello":
            connection.greeted.set()
        elif kind == "disconnect":
            connection.reason = str(envelope.get("reason") or "")
            log.info("Slack asks for a new connection: %s", connection.reason)
            connection.leaving.set()
        elif kind is not None and envelope.get("envelope_id"):
            connection.greeted.set()
            self._spawn(self._answer(connection, envelope), self._handling)

    async def _answer(self, connection: _Connection, envelope: Mapping[str, Any]) -> None:
        """Have one envelope handled; acknowledge it only when it was."""
        payload = envelope.get("payload")
        body = await self.handle(str(envelope["type"]), payload if payload else {})
        if body is None:
            return
        ack: dict[str, Any] = {"envelope_id": envelope["envelope_id"]}
        if body:
            ack["payload"] = body
        for target in (connection, self._current):
            if target is None or target.ws.closed:
                continue
            try:
                await target.ws.send_str(json.dumps(ack))
                return
            except (OSError, RuntimeError):
                continue
        log.info("an acknowledgement found no connection; Slack will deliver again")
