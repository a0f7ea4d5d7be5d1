"""Calls to Slack's Web API: paced, never repeated blindly, their errors told apart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapter import DeliveryError
from bot.slack.errors import OutcomeUnknown, TokenLost, failure_of
from bot.slack.pace import SlackPace

log = logging.getLogger(__name__)

#: Methods that take a form and no JSON. The SDK's own methods put their arguments into the address,
#: where they end up in the logs of proxies, and where not every server looks.
_FORMS = ("apps.", "auth.", "conversations.", "reactions.", "users.")


class SlackClient:
    """The Web API of one workspace."""

    def __init__(self, token: str, base_url: str, pace: SlackPace, *, timeout_s: int = 10) -> None:
        # No retry handlers: the SDK's would post a message twice whose answer got lost.
        self.sdk = AsyncWebClient(
            token=token,
            base_url=base_url if base_url.endswith("/") else base_url + "/",
            timeout=timeout_s,
            retry_handlers=[],
        )
        self.pace = pace
        #: Set when Slack refuses the token: nothing will work any more.
        self.lost = asyncio.Event()

    async def write(
        self, method: str, channel: str, values: Mapping[str, object], *, patient: bool = True
    ) -> dict[str, Any]:
        """Call a method that writes into `channel`, when it is its turn."""
        await self.pace.turn(method, channel, patient=patient)
        try:
            return await self.call(method, channel=channel, **values)
        except DeliveryError as error:
            if error.retry_after_s is not None:
                self.pace.pause(channel, error.retry_after_s)
            raise

    async def call(self, method: str, **values: object) -> dict[str, Any]:
        """Call a method, as the bot unless there is an `app_token`. Raises DeliveryError."""
        data, _ = await self.call_for_headers(method, **values)
        return data

    async def call_for_headers(
        self, method: str, **values: object
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """`call`, and the headers of the answer by their names in small letters."""
        arguments = {key: value for key, value in values.items() if value is not None}
        app_token = arguments.pop("app_token", None)
        headers = {"Authorization": f"Bearer {app_token}"} if app_token else None
        try:
            if method.startswith(_FORMS):
                form = {key: _form_value(value) for key, value in arguments.items()}
                response = await self.sdk.api_call(method, data=form, headers=headers)
            else:
                response = await self.sdk.api_call(method, json=arguments, headers=headers)
            data = response.data
        except SlackApiError as error:
            failure = failure_of(method, error.response)
            if isinstance(failure, TokenLost) and app_token is None:
                self.lost.set()
            raise failure from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise OutcomeUnknown(f"{method}: {type(error).__name__}") from None
        except (ValueError, AttributeError, TypeError) as error:  # junk instead of JSON
            raise OutcomeUnknown(f"{method}: junk in the answer, {type(error).__name__}") from None
        if not isinstance(data, dict):
            raise OutcomeUnknown(f"{method}: no JSON in the answer")
        return data, {name.lower(): str(value) for name, value in response.headers.items()}

    async def respond(self, url: str, message: Mapping[str, object], *, replace: bool) -> bool:
        """Post through the address that came with a command or press; False when it is used up."""
        body = {"response_type": "ephemeral", "replace_original": replace, **message}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
                session.post(url, json=body, allow_redirects=False) as response,
            ):
                return response.status == 200
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            # The address is as good as a password for half an hour: it is not logged.
            log.info("a response address could not be used: %s", type(error).__name__)
            return False


def _form_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
