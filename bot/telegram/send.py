"""Sends replies to Telegram: one message or several parts, edited until they are final."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress

from bot.adapter import DeliveryError, MessageGone
from bot.backoff import when_allowed
from bot.messages import Action, ActionStyle, Reply, ReplyState
from bot.telegram.client import TelegramClient
from bot.telegram.markup import Part
from bot.telegram.reactions import TelegramReactions
from bot.telegram.render import render
from bot.telegram.values import Button, Keyboard, Target
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

#: Buttons of one row: two votes fit, titles of courses do not.
MAX_ROW_CHARS = 12
#: Drafts that fail before the first one succeeds: then this server has none.
MAX_FAILED = 3


class TelegramSender:
    """The sending half of the adapter; see `bot.adapter.ChatAdapter`."""

    def __init__(
        self, client: TelegramClient, store: JobStore, reactions: TelegramReactions
    ) -> None:
        self._client = client
        self._store = store
        self._reactions = reactions
        self._drafts = Drafts(client)

    async def post(self, reply_to: str, reply: Reply) -> str:
        """See ChatAdapter. A question's message that was posted already is edited instead."""
        target = Target.read(reply_to)
        known = await self._parts(reply)
        if 1 in known:
            with suppress(MessageGone):
                await self._write(target, known, reply)
                return f"{target.chat}/{known[1]}"
            known = {}
        if reply.job_id is None:
            first = await when_allowed(lambda: self._write(target, known, reply))
        else:
            if target.message is not None:
                await self._remember(reply, target.chat, 0, target.message)
            first = await self._write(target, known, reply)
        return f"{target.chat}/{first}"

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> None:
        """See ChatAdapter. In groups the first version is followed by the last: edits count
        against the few messages that a group may get in a minute."""
        target = Target.read(reply_to)
        final = reply.state is ReplyState.FINAL
        if not final and not target.private:
            await self._reactions.typing(target)
            return
        if not final and reply.text and await self._drafts.show(target, reply):
            return
        known = {1: int(message_id.rpartition("/")[2])}
        if final:
            known = await self._parts(reply) | known
        await self._write(target, known, reply)
        if final and reply.job_id is not None:
            await self._drafts.end(target, reply.job_id)

    async def _write(self, target: Target, known: dict[int, int], reply: Reply) -> int:
        """Put the reply into the messages `known` (part → message) and new ones after them;
        returns the first. Buttons are below the last."""
        parts = render(reply)
        if reply.state is not ReplyState.FINAL:
            parts = parts[:1]
        keyboard = keyboard_of(reply.actions)
        for number, part in enumerate(parts, 1):
            buttons = keyboard if number == len(parts) else ()
            if number in known:
                await self._client.edit(target.chat, known[number], part, keyboard=buttons)
                continue
            known[number] = await self._client.send(
                target.chat,
                part,
                topic=target.topic,
                reply_to=target.message if number == 1 else None,
                keyboard=buttons,
            )
            await self._remember(reply, target.chat, number, known[number])
        return known[1]

    async def _parts(self, reply: Reply) -> dict[int, int]:
        """The messages of the answer so far."""
        if reply.job_id is None:
            return {}
        messages = await self._store.inbox.messages(reply.job_id)
        return {part: int(m.rpartition("/")[2]) for part, m in messages.items() if part > 0}

    async def _remember(self, reply: Reply, chat: int, part: int, message: int) -> None:
        """A reply to this message goes on with the question's conversation."""
        if reply.job_id is not None:
            await self._store.inbox.add_message(reply.job_id, f"{chat}/{message}", part)


def keyboard_of(actions: Sequence[Action]) -> Keyboard:
    """Short buttons beside each other, long ones each in a row of its own."""
    styles = {ActionStyle.PRIMARY: "primary", ActionStyle.DANGER: "danger"}
    buttons = [
        Button(
            label=f"✅ {action.label}" if action.current else action.label,
            value=action.value,
            style=styles.get(action.style),
        )
        for action in actions
        if len(action.value.encode()) <= 64
    ]
    short = [button for button in buttons if len(button.label) <= MAX_ROW_CHARS]
    if len(buttons) > 3:  # a choice, which is read from top to bottom
        return [[button] for button in buttons]
    return [*([short] if short else []), *([one] for one in buttons if one not in short)]


class Drafts:
    """Shows growing answers in private chats as drafts, where the server has drafts."""

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
        """Shrink the draft: the answer is in the message above, but a draft cannot be taken back
        and stays visible for up to 30 seconds."""
        if job_id not in self._growing:
            return
        self._growing.discard(job_id)
        with suppress(DeliveryError):
            await self._client.draft(target.chat, job_id, Part(html="⬆️", plain="⬆️"), target.topic)
