"""Calls to Slack's Web API: paced, never repeated blindly, their errors told apart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapter import DeliveryError, DeliveryRefused, MessageGone
from bot.slack.pace import SlackPace

log = logging.getLogger(__name__)

#: The workspace, the app or the token is lost: nothing can be heard or said any more.
FATAL = frozenset(
    {
        "account_inactive",
        "app_uninstalled",
        "invalid_auth",
        "not_authed",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
_REFUSED = frozenset(
    {
        "cannot_dm_bot",
        "channel_not_found",
        "is_archived",
        "messages_tab_disabled",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "user_disabled",
        "user_not_found",
    }
)
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
#: Answers of a server in trouble: the message may have been taken all the same.
_UNSURE = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
_MARKUP = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}
)
#: Methods that take a form and no JSON. The SDK puts their arguments into the address, where
#: they end up in the logs of proxies, and where not every server looks.
_FORMS = ("conversations.", "reactions.", "users.")
#: Longest Retry-After that is believed.
MAX_RETRY_AFTER_S = 3600.0


class SlackError(DeliveryError):
    """Slack answered with an error."""

    def __init__(self, method: str, code: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{method}: {code}", retry_after_s=retry_after_s)
        self.code = code


class OutcomeUnknown(DeliveryError):
    """No usable answer came: the message may have been taken."""


class MarkupRejected(SlackError):
    """Slack does not take these blocks."""


class NotDeliverable(SlackError, DeliveryRefused):
    """The conversation is closed to us."""


class NoSuchMessage(SlackError, MessageGone):
    """The message is gone, or no longer ours to change."""


class TokenLost(SlackError):
    """The token is no longer valid; see FATAL. What waits is delivered when there is a new one."""


class SlackClient:
    """The Web API of one workspace."""

    def __init__(self, token: str, base_url: str, pace: SlackPace) -> None:
        # No retry handlers: the SDK's would post a message twice whose answer got lost.
        self.sdk = AsyncWebClient(
            token=token,
            base_url=base_url if base_url.endswith("/") else base_url + "/",
            timeout=10,
            retry_handlers=[],
        )
        self.pace = pace
        #: Set when Slack refuses the token: nothing will work any more.
        self.lost = asyncio.Event()

    def __repr__(self) -> str:
        return "SlackClient()"

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
        """Call a method; returns Slack's answer. Raises DeliveryError or one of its kinds."""
        arguments = {key: value for key, value in values.items() if value is not None}
        try:
            if method.startswith(_FORMS):
                form = {key: _form_value(value) for key, value in arguments.items()}
                response = await self.sdk.api_call(method, data=form)
            else:
                response = await getattr(self.sdk, method.replace(".", "_"))(**arguments)
            data = response.data
        except SlackApiError as error:
            failure = _error(method, error.response)
            if isinstance(failure, TokenLost) and "token" not in arguments:
                self.lost.set()
            raise failure from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise OutcomeUnknown(f"{method}: {type(error).__name__}") from None
        except (ValueError, AttributeError, TypeError) as error:  # junk instead of JSON
            raise OutcomeUnknown(f"{method}: junk in the answer, {type(error).__name__}") from None
        if not isinstance(data, dict):
            raise OutcomeUnknown(f"{method}: no JSON in the answer")
        return data

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


def _error(method: str, response: Any) -> DeliveryError:
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
    data = getattr(response, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    if status == 429 or code in ("ratelimited", "rate_limited"):
        headers = getattr(response, "headers", None) or {}
        return SlackError(method, "ratelimited", retry_after_s=retry_after(headers))
    if code in FATAL:
        return TokenLost(method, code)
    if not status or status >= 500 or not code or code in _UNSURE:
        return OutcomeUnknown(f"{method}: {code or f'HTTP {status}'}")
    kinds = ((_REFUSED, NotDeliverable), (_GONE, NoSuchMessage), (_MARKUP, MarkupRejected))
    for codes, kind in kinds:
        if code in codes:
            return kind(method, code)
    return SlackError(method, code)


def _form_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def retry_after(headers: Any) -> float:
    """Seconds of a Retry-After header, whatever stands in it; 1 when that is no number."""
    value = next((v for k, v in headers.items() if str(k).lower() == "retry-after"), "")
    if isinstance(value, list):
        value = value[0] if value else ""
    try:
        seconds = float(str(value).strip())
    except ValueError:
        return 1.0
    return min(max(seconds, 0.1), MAX_RETRY_AFTER_S) if seconds == seconds else 1.0
