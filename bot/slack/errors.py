"""What can go wrong at Slack, told apart by what helps against it."""

from __future__ import annotations

from typing import Any

from bot.adapter import DeliveryError, DeliveryRefused, MessageGone

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


def failure_of(method: str, response: Any) -> DeliveryError:
    """Our error for an answer of Slack's that is one."""
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
