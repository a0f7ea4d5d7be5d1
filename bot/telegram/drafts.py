"""Shows a growing answer in a private chat as a draft, where the server has drafts."""

from __future__ import annotations

import logging
from contextlib import suppress

from bot.adapter import DeliveryError
from bot.messages import Reply
from bot.telegram.client import TelegramClient
from bot.telegram.markup import Part
from bot.telegram.render import render
from bot.telegram.values import Target

log = logging.getLogger(__name__)

#: Drafts that fail before the first one succeeds: then this server has none.
MAX_FAILED = 3


class Drafts:
    """The drafts of all chats."""

    def __init__(self, client: TelegramClient) -> None:
        self._client = client
        #: None until the first was tried: an older server does not know them.
        self._there: bool | None = None
        self._failed = 0
        #: Questions whose text grows as a draft.
        self._growing: set[int] = set()

    async def show(self, target: Target, reply: Reply) -> bool:
        """Show the growing text as a draft. False when it must be shown by an edit."""
        if self._there is False or reply.job_id is None:
            return False
        part = render(reply)[0]
        try:
            shown = await self._client.draft(target.chat, reply.job_id, part, target.topic)
        except DeliveryError as error:
            if error.retry_after_s is not None:
                raise
            log.info("a draft was not shown, the message is edited instead: %s", error)
            self._failed += 1
            if self._there is None and self._failed >= MAX_FAILED:
                self._there = False
            return False
        self._there = shown
        if shown:
            self._growing.add(reply.job_id)
        return shown

    async def end(self, target: Target, job_id: int) -> None:
        """The answer stands in the message above; a draft stays visible for up to 30 seconds and
        cannot be taken back, so it is made small."""
        if job_id not in self._growing:
            return
        self._growing.discard(job_id)
        with suppress(DeliveryError):
            await self._client.draft(target.chat, job_id, Part(html="⬆️", plain="⬆️"), target.topic)
