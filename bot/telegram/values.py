"""The values that the parts of the Telegram adapter hand to each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.telegram.markup import Part
from engine.types import Document, Match

PLATFORM = "telegram"


#: Words and course (None: all) → entries, best first.
Search = Callable[[str, str | None], Awaitable[Sequence[Match]]]
#: Course → entries whose questions are worth a try.
Starters = Callable[[str | None], Sequence[Document]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The bot's own account."""

    id: int
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BotFacts:
    """What Telegram tells of a bot."""

    username: str
    #: Whether it sees every message of a group, not only those meant for it.
    reads_groups: bool
    joins_groups: bool
    #: Where Telegram delivers updates; empty where it is polled.
    webhook_url: str
    #: Why the last delivery there failed.
    webhook_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One button of an inline keyboard."""

    label: str
    value: str
    style: str | None = None


Keyboard = Sequence[Sequence[Button]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One result of an inline search."""

    id: str
    title: str
    description: str
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where an answer goes; `reply_to` of a Message is this as a string."""

    chat: int
    topic: int | None = None
    #: The message to reply to.
    message: int | None = None

    @property
    def private(self) -> bool:
        """Whether only one person reads there: groups have negative ids."""
        return self.chat > 0

    def __str__(self) -> str:
        return f"{self.chat}/{self.topic or ''}/{self.message or ''}"

    @classmethod
    def read(cls, text: str) -> Target:
        """The reverse of `str`."""
        chat, topic, message = text.split("/")
        return cls(
            chat=int(chat),
            topic=int(topic) if topic else None,
            message=int(message) if message else None,
        )
