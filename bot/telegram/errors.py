"""What can go wrong at Telegram, in words of ours and without the token in them."""

from __future__ import annotations

from datetime import timedelta

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.adapter import DeliveryError, DeliveryRefused, MessageGone, PlatformLost
from config.logging import redact

#: What python-telegram-bot raises, also about junk instead of an answer.
FAILURES = (TelegramError, KeyError, TypeError, ValueError, AttributeError)

#: Phrases of Telegram's 400s that no repetition helps against.
_FINAL = (
    "chat not found",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "chat_write_forbidden",
    "topic_closed",
    "user is deactivated",
    "peer_id_invalid",
    "kicked",
)
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")


class TelegramLost(PlatformLost):
    """Telegram can no longer be heard."""


class TokenRejected(DeliveryError, PlatformLost):
    """Telegram does not accept TELEGRAM_BOT_TOKEN; get a new one from BotFather."""


class MarkupRejected(DeliveryError):
    """Telegram does not take the message as it is."""


class Unchanged(DeliveryError):
    """The message reads like that already."""


class NoSuchTopic(DeliveryRefused):
    """The topic of the forum is gone, or was none."""


class Moved(DeliveryError):
    """The group became a supergroup with another id."""

    def __init__(self, chat: int) -> None:
        super().__init__()
        self.chat = chat


def failure_of(error: Exception) -> DeliveryError:
    match error:
        case RetryAfter():
            return DeliveryError("Telegram asked to wait.", retry_after_s=_seconds(error))
        case ChatMigrated():
            return Moved(error.new_chat_id)
        case InvalidToken():
            return TokenRejected()
        case Forbidden():
            return DeliveryRefused(redact(str(error)))
        case BadRequest():
            return _refusal(redact(str(error)))
        case Conflict():
            return DeliveryError("Another program asks Telegram with the same token.")
        case TimedOut():
            return DeliveryError("Telegram did not answer in time; the outcome is unknown.")
    return DeliveryError(f"Telegram could not be reached: {redact(str(error))}")


def _refusal(reason: str) -> DeliveryError:
    lower = reason.lower()
    if "message is not modified" in lower:
        return Unchanged()
    if "thread not found" in lower:
        return NoSuchTopic(reason)
    if any(phrase in lower for phrase in _GONE):
        return MessageGone(reason)
    if any(phrase in lower for phrase in _FINAL):
        return DeliveryRefused(reason)
    return MarkupRejected(reason)


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    try:
        return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
    except (TypeError, ValueError):  # a server may send anything
        return 1.0
