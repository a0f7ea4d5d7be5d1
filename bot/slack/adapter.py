"""Slack: the ChatAdapter over Socket Mode or signed HTTP requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from pydantic import SecretStr

from bot.adapter import DeliveryError, Desk
from bot.delivery.texts import say
from bot.messages import Reply
from bot.slack.app import Identity, bolt_app, over_http, over_socket
from bot.slack.catch_up import SeenMessages
from bot.slack.client import SlackWeb, TokenLost
from bot.slack.handlers import SlackListener
from bot.slack.members import SlackPeople
from bot.slack.pace import Pace
from bot.slack.presses import PLATFORM, SlackPresses
from bot.slack.reactions import SlackSigns
from bot.slack.receive_http import SignedRequests, SlackHttp
from bot.slack.receive_socket import SlackSocket, SocketDead, SocketTimes
from bot.slack.send import SlackWriter
from config.settings import ConfigError, SlackSettings
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds that what came in may take to be stored after a stop.
STOP_S = 3.0
#: Replies to commands are not kept anywhere: they are tried again if the wait is short.
MAX_COMMAND_WAIT_S = 30.0


class SlackAdapter:
    """See `bot.adapter.ChatAdapter`.

    Raises ConfigError when a token for the chosen mode is missing.
    """

    platform = PLATFORM
    edit_interval_s = 1.2

    def __init__(
        self,
        settings: SlackSettings,
        bot_token: SecretStr,
        app_token: SecretStr | None,
        signing_secret: SecretStr | None,
        store: JobStore,
        *,
        is_staff: Callable[[str], bool],
        status: Callable[[], Awaitable[str]] | None = None,
        starters: Callable[[], Sequence[str]] | None = None,
        pace: Pace | None = None,
        times: SocketTimes | None = None,
    ) -> None:
        http = settings.mode == "http" or (settings.mode == "auto" and app_token is None)
        if http and signing_secret is None:
            raise ConfigError(
                "Slack needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP mode) "
                "beside SLACK_BOT_TOKEN."
                if settings.mode == "auto"
                else "Slack's HTTP mode needs SLACK_SIGNING_SECRET."
            )
        if not http and app_token is None:
            raise ConfigError(
                "Slack's Socket Mode needs SLACK_APP_TOKEN, which starts with xapp-; "
                "HTTP mode needs SLACK_SIGNING_SECRET instead."
            )
        self._settings = settings
        self._app_token = app_token
        self._requests = None
        if http and signing_secret is not None:
            self._requests = SignedRequests(signing_secret.get_secret_value())
        self._store = store
        self._is_staff = is_staff
        self._status = status
        self._starters = starters
        self._times = times or SocketTimes()
        self._web = SlackWeb(bot_token.get_secret_value(), settings.base_url, pace or Pace())
        self._writer = SlackWriter(self._web)
        self._signs = SlackSigns(self._web)
        self._tasks: set[asyncio.Task[Any]] = set()
        #: The server of HTTP mode, once it runs.
        self.http: SlackHttp | None = None

    def __repr__(self) -> str:
        return "SlackAdapter()"

    async def heard(self, reply_to: str) -> None:
        """See ChatAdapter."""
        await self._signs.heard(reply_to, say("writing"))

    async def post(self, reply_to: str, reply: Reply) -> str:
        """See ChatAdapter."""
        while True:
            try:
                return await self._writer.post(reply_to, reply)
            except DeliveryError as error:
                wait = error.retry_after_s
                if reply.job_id is not None or wait is None or wait > MAX_COMMAND_WAIT_S:
                    raise
                await asyncio.sleep(wait)

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> str | None:
        """See ChatAdapter."""
        return await self._writer.edit(reply_to, message_id, reply)

    def interrupt(self) -> bool:
        """See ChatAdapter."""
        return False

    async def close(self) -> None:
        """See ChatAdapter; every call has a connection of its own."""

    async def run(self, desk: Desk, stop: asyncio.Event) -> None:
        """See ChatAdapter. Raises ConfigError when Slack refuses a token, SocketDead when it can
        no longer be heard."""
        me = await self._introduce(stop)
        if me is None:
            return
        log.info("connected to the Slack workspace %s", me.team)
        ended = asyncio.Event()
        failure: Exception | None = None
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(_either(stop, self._web.lost, ended))
            try:
                await self._serve(group, desk, me, ended)
            except (SocketDead, ConfigError, OSError) as error:
                failure = error
            finally:
                watch.cancel()
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=STOP_S)
                for task in self._tasks:
                    task.cancel()
        if failure is not None:
            raise failure
        if self._web.lost.is_set():
            raise ConfigError("Slack no longer accepts SLACK_BOT_TOKEN; install the app again.")

    async def _introduce(self, stop: asyncio.Event) -> Identity | None:
        """Who we are; None when stopped before Slack could be reached."""
        delay, waited = self._times.back_off[0], 0.0
        while not stop.is_set():
            try:
                answer = await self._web.call("auth.test")
            except TokenLost as error:
                raise ConfigError(
                    f"Slack refuses SLACK_BOT_TOKEN ({error.code}); copy it again from "
                    "“OAuth & Permissions” of the app."
                ) from None
            except DeliveryError as error:
                if waited >= self._times.deaf:
                    raise SocketDead(f"Slack could not be reached ({error}).") from None
                log.warning("Slack cannot be reached yet: %s", error)
                wait = max(delay, error.retry_after_s or 0)
                await _sleep(stop, wait)
                waited, delay = waited + wait, min(delay * 2, self._times.back_off[1])
            else:
                ids = {key: str(answer.get(key) or "") for key in ("team_id", "user_id", "bot_id")}
                return Identity(team=ids["team_id"], user=ids["user_id"], bot=ids["bot_id"])
        return None

    async def _serve(
        self, group: asyncio.TaskGroup, desk: Desk, me: Identity, ended: asyncio.Event
    ) -> None:
        def spawn(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
            task = group.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return task

        people = SlackPeople(self._settings, self._web, is_staff=self._is_staff)
        seen = SeenMessages(self._store)
        listener = SlackListener(
            self._web,
            self._writer,
            self._store,
            desk,
            spawn,
            team=me.team,
            me=me.ids,
            people=people,
            presses=SlackPresses(
                self._web,
                self._writer,
                desk,
                people,
                team=me.team,
                status=self._status,
                starters=self._starters,
            ),
            seen=seen,
            staff_reaction=self._settings.staff_reaction,
        )

        async def catch_up() -> None:
            await seen.missed(self._web, listener.event)

        app = bolt_app(self._web.client, me, listener.take_in)
        if self._requests is not None:
            host, _, port = self._settings.listen.rpartition(":")
            self.http = SlackHttp(
                self._requests, over_http(app), host=host or "127.0.0.1", port=int(port)
            )
            spawn(catch_up())
            await self.http.run(ended)
        else:
            socket = SlackSocket(
                self._ticket, over_socket(app), caught_up=catch_up, times=self._times
            )
            await socket.run(ended)

    async def _ticket(self) -> str:
        """The address of a new websocket."""
        assert self._app_token is not None  # the constructor saw to it
        token = self._app_token.get_secret_value()
        try:
            answer = await self._web.call("apps.connections.open", app_token=token)
        except TokenLost as error:
            raise ConfigError(
                f"Slack refuses SLACK_APP_TOKEN ({error.code}); it needs connections:write."
            ) from None
        return str(answer.get("url") or "")


async def _either(stop: asyncio.Event, lost: asyncio.Event, ended: asyncio.Event) -> None:
    """Set `ended` when one of the others is."""
    waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(lost.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        ended.set()
    finally:
        for wait in waits:
            wait.cancel()


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
