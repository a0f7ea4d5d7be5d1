"""The seam to a chat platform: what FAQ Desk needs of Slack, Telegram or a terminal."""

from __future__ import annotations

import asyncio
from typing import Protocol

from bot.messages import Message, Press, Reply


class DeliveryError(Exception):
    """The platform did not take a message this time; it may be tried again.

    The outcome may be unknown (a time-out): trying again means editing, never posting twice.
    """

    def __init__(self, message: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        #: Seconds the platform asked to wait for this conversation, if it did.
        self.retry_after_s = retry_after_s


class DeliveryRefused(DeliveryError):
    """The platform will never take it: the chat is gone or the bot was removed."""


class MessageGone(DeliveryError):
    """The message to edit no longer exists; a new one may be posted."""


class PlatformLost(Exception):
    """The platform can no longer be heard: the process must end and be started again."""


class Desk(Protocol):
    """What an adapter calls; `bot.desk.desk.FaqDesk` is the one in the product."""

    async def receive(self, message: Message) -> None:
        """Take in what a person wrote. When it returns, a question is committed to disk:
        only then may the platform be told that the message arrived.

        Raises StoreError when it could not be stored; the platform should deliver it again.
        """

    async def press(self, press: Press) -> Reply | None:
        """Act on a button. Returns what to show to the person who pressed (a short line, or a
        new version of the message that holds the button), or None."""

    async def ready(self) -> None:
        """Return when the FAQ was read, so that there are entries to show."""

    async def all_told(self) -> None:
        """Return when everything asked so far, also before a restart, has its final message."""


class ChatAdapter(Protocol):
    """One platform. `reply_to` and message ids are the adapter's own strings: they are stored
    with the question and come back after a restart."""

    platform: str
    #: Shortest time in seconds between two edits of one message while it is being written.
    edit_interval_s: float

    async def run(self, desk: Desk, stop: asyncio.Event) -> None:
        """Take in messages until `stop` is set.

        Raises when the platform can no longer be heard, so that the process ends and is
        restarted rather than staying deaf.
        """

    async def heard(self, reply_to: str) -> None:
        """Show at once that the message was seen: a reaction, typing. Never raises."""

    async def post(self, reply_to: str, reply: Reply) -> str:
        """Post a new message and return its id. Raises DeliveryError."""

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> str | None:
        """Make the message read like `reply`; doing it twice is harmless. Returns the id of the
        message that stands for it from now on, when it is another one.

        Raises DeliveryError; MessageGone when somebody deleted it.
        """

    def interrupt(self) -> bool:
        """Stop the answer that is awaited here, after Ctrl-C. False where there is none: then the
        program stops."""

    async def close(self) -> None:
        """Let go of connections, after the last message went out."""
