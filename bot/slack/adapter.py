"""Slack: the ChatAdapter over Socket Mode or signed HTTP requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from pydantic import SecretStr

from bot.adapter import DeliveryError, Desk
from bot.backoff import Backoff, when_allowed
from bot.messages import Reply
from bot.slack.app import Identity, bolt_app, over_http, over_socket
from bot.slack.catch_up import SlackCatchUp
from bot.slack.client import SlackClient
from bot.slack.errors import TokenLost
from bot.slack.handlers import SlackHandlers, Spawn
from bot.slack.members import SlackMembers
from bot.slack.pace import SlackPace
from bot.slack.parse import PLATFORM, text_in
from bot.slack.presses import SlackPresses
from bot.slack.reactions import SlackReactions
from bot.slack.receive_http import SignedRequests, SlackHttp
from bot.slack.receive_socket import SlackSocket, SocketDead
from bot.slack.send import SlackSender
from bot.slack.times import Times
from config.platforms import slack_mode
from config.settings import ConfigError, SlackSettings
from engine.stopping import unless
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds between two edits of a message.
EDIT_INTERVAL_S = 1.2


class SlackAdapter:
    """A ChatAdapter on the Web API."""

    platform = PLATFORM

    def __init__(
        self,
        settings: SlackSettings,
        bot_token: SecretStr,
        app_token: SecretStr | None,
        signing_secret: SecretStr | None,
        store: JobStore,
        *,
        is_staff: Callable[[str], bool],
        status: Callable[[], Awaitable[str]],
        starters: Callable[[], Sequence[str]],
        pace: SlackPace | None = None,
        times: Times | None = None,
        edit_interval_s: float = EDIT_INTERVAL_S,
    ) -> None:
        """Raises ConfigError when a token for the chosen mode is missing."""
        self.edit_interval_s = edit_interval_s
        #: The server of HTTP mode; None in Socket Mode.
        self.http = _server(settings, app_token, signing_secret)
        self._settings = settings
        self._app_token = app_token
        self._store = store
        self._status = status
        self._starters = starters
        self._times = times or Times()
        self._client = SlackClient(
            bot_token.get_secret_value(), settings.base_url, pace or SlackPace()
        )
        self._sender = SlackSender(self._client)
        self._reactions = SlackReactions(self._client, heard_s=self._times.heard_s)
        self._members = SlackMembers(
            settings, self._client, is_staff=is_staff, language_s=self._times.language_s
        )
        self._tasks: set[asyncio.Task[Any]] = set()

    async def heard(self, reply_to: str) -> None:
        await self._reactions.heard(reply_to)

    async def post(self, reply_to: str, reply: Reply) -> str:
        if reply.job_id is not None:
            return await self._sender.post(reply_to, reply)
        return await when_allowed(lambda: self._sender.post(reply_to, reply))

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> str | None:
        return await self._sender.edit(reply_to, message_id, reply)

    def interrupt(self) -> bool:
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
            watch = group.create_task(self._until_lost(stop, ended))
            try:
                await self._receive(group, desk, me, ended)
            except (SocketDead, ConfigError) as error:
                failure = error
            finally:
                watch.cancel()
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=self._times.grace_s)
                for task in self._tasks:
                    task.cancel()
        if failure is not None:
            raise failure
        if self._client.lost.is_set():
            raise ConfigError("Slack no longer accepts SLACK_BOT_TOKEN; install the app again.")

    async def _until_lost(self, stop: asyncio.Event, ended: asyncio.Event) -> None:
        """Set `ended` at `stop`, or when the token is no longer accepted."""
        await unless(stop, self._client.lost.wait())
        ended.set()

    async def _introduce(self, stop: asyncio.Event) -> Identity | None:
        """Who we are; None when stopped before Slack could be reached."""
        backoff = Backoff(self._times.retry_s)
        while not stop.is_set():
            try:
                answer = await self._client.call("auth.test")
            except TokenLost as error:
                raise ConfigError(
                    f"Slack refuses SLACK_BOT_TOKEN ({error.code}); copy it again from "
                    "“OAuth & Permissions” of the app."
                ) from None
            except DeliveryError as error:
                if backoff.silent_s > self._times.silence_s:
                    raise SocketDead(f"Slack could not be reached ({error}).") from None
                log.warning("Slack cannot be reached yet: %s", error)
                await unless(stop, asyncio.sleep(backoff.failed(error)))
            else:
                return Identity(
                    team=text_in(answer, "team_id"),
                    user=text_in(answer, "user_id"),
                    bot=text_in(answer, "bot_id"),
                )
        return None

    async def _receive(
        self, group: asyncio.TaskGroup, desk: Desk, me: Identity, ended: asyncio.Event
    ) -> None:
        def spawn(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
            task = group.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return task

        catch_up = SlackCatchUp(self._client, self._store)
        handlers = self._handlers(desk, me, spawn, catch_up)
        app = bolt_app(self._client.sdk, me, handlers.take_in)
        if self.http is not None:
            spawn(catch_up.run(handlers.event))
            await self.http.run(over_http(app), ended)
        else:
            socket = SlackSocket(
                self._ticket,
                over_socket(app),
                caught_up=lambda: catch_up.run(handlers.event),
                times=self._times,
            )
            await socket.run(ended)

    def _handlers(
        self, desk: Desk, me: Identity, spawn: Spawn, catch_up: SlackCatchUp
    ) -> SlackHandlers:
        return SlackHandlers(
            self._client,
            self._sender,
            self._store,
            desk,
            spawn,
            me=me,
            members=self._members,
            presses=SlackPresses(
                self._client,
                self._sender,
                desk,
                self._members,
                team=me.team,
                status=self._status,
                starters=self._starters,
            ),
            catch_up=catch_up,
            staff_reaction=self._settings.staff_reaction,
        )

    async def _ticket(self) -> str:
        """The address of a new websocket."""
        assert self._app_token is not None  # the constructor saw to it
        token = self._app_token.get_secret_value()
        try:
            answer = await self._client.call("apps.connections.open", app_token=token)
        except TokenLost as error:
            raise ConfigError(
                f"Slack refuses SLACK_APP_TOKEN ({error.code}); it needs connections:write."
            ) from None
        return text_in(answer, "url")


def _server(
    settings: SlackSettings, app_token: SecretStr | None, signing_secret: SecretStr | None
) -> SlackHttp | None:
    """The server of HTTP mode; None in Socket Mode. Raises ConfigError."""
    if slack_mode(settings, app_token, signing_secret) == "socket":
        return None
    assert signing_secret is not None  # the mode says so
    return SlackHttp(SignedRequests(signing_secret.get_secret_value()), settings.listen)
