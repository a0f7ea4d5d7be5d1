"""The Bolt app: Slack's envelopes and requests in, one call of ours, an acknowledgement out."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.parse import Payload
from bot.slack.receive_http import Dispatch
from bot.slack.receive_socket import Handle

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are in the workspace."""

    team: str
    user: str
    bot: str

    @property
    def ids(self) -> frozenset[str]:
        """The ids under which we write and are mentioned."""
        return frozenset(each for each in (self.user, self.bot) if each)


def bolt_app(
    client: AsyncWebClient, me: Identity, take_in: Callable[[Payload], Awaitable[None]]
) -> AsyncApp:
    """A Bolt app whose one middleware hands everything to `take_in`. When that raises, Slack gets
    no acknowledgement and delivers again."""

    # Bolt's own authorization would ask Slack, and acknowledge an event when that fails.
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=me.team,
            bot_token=client.token,
            bot_id=me.bot,
            bot_user_id=me.user,
        )

    # Below errors it warns of an unused token and logs bodies.
    logger = logging.getLogger(f"{__name__}.bolt")
    logger.setLevel(logging.ERROR)
    app = AsyncApp(
        logger=logger,
        client=client,
        authorize=authorize,
        process_before_response=True,
        # Socket Mode has no signatures; HTTP requests are checked before they come here.
        request_verification_enabled=False,
    )

    async def first(body: Mapping[str, Any]) -> BoltResponse:
        await take_in(body)
        return BoltResponse(status=200, body="")

    app.middleware(first)
    return app


def over_socket(app: AsyncApp) -> Handle:
    """How the socket has an envelope handled."""

    async def handle(kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        request = AsyncBoltRequest(mode="socket_mode", body=dict(payload))
        response = await app.async_dispatch(request)
        if response.status != 200:
            log.warning("a delivery of Slack (%s) was not taken; it will come again", kind)
            return None
        return {}

    return handle


def over_http(app: AsyncApp) -> Dispatch:
    """How the server has a request handled."""

    async def dispatch(body: str, headers: Mapping[str, str]) -> tuple[int, str, str]:
        request = AsyncBoltRequest(body=body, headers=dict(headers))
        response = await app.async_dispatch(request)
        kind = response.first_headers().get("content-type", "").partition(";")[0]
        return response.status, response.body or "", kind

    return dispatch
