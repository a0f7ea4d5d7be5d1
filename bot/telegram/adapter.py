"""Telegram: private chats, groups and topics, inline search."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from pydantic import SecretStr

from bot.adapter import DeliveryError, Desk, MessageGone
from bot.messages import Action, ActionStyle, Reply, ReplyState
from bot.telegram.client import TelegramApi
from bot.telegram.drafts import Drafts
from bot.telegram.errors import TelegramLost, TokenRejected
from bot.telegram.handlers import TelegramFront
from bot.telegram.inline import Search, Starters
from bot.telegram.menu import publish_menus
from bot.telegram.pace import MAX_CHATS, Pace
from bot.telegram.receive import PLATFORM, TelegramListener, Times
from bot.telegram.render import render
from bot.telegram.values import Button, Keyboard, Me, Target
from bot.telegram.webhook import TelegramWebhook, check_secret
from config.settings import TelegramSettings
from engine.stopping import unless
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

#: Telegram shows "typing" for five seconds.
TYPING_S = 5.0
#: Buttons of one row: two votes fit, titles of courses do not.
MAX_ROW_CHARS = 12
#: Replies to commands are not kept anywhere: they are tried again if the wait is short.
MAX_COMMAND_WAIT_S = 30.0


class TelegramAdapter:
    """A ChatAdapter on the Bot API."""

    platform = PLATFORM
    edit_interval_s = 1.5

    def __init__(
        self,
        settings: TelegramSettings,
        token: SecretStr,
        store: JobStore,
        *,
        admins: Collection[int] = (),
        search: Search | None = None,
        starters: Starters | None = None,
        webhook_secret: SecretStr | None = None,
        pace: Pace | None = None,
        times: Times | None = None,
    ) -> None:
        self._settings = settings
        self._secret = webhook_secret.get_secret_value() if webhook_secret else ""
        check_secret(settings, self._secret)
        self._store = store
        self._admins = frozenset(admins)
        self._times = times or Times()
        self._api = TelegramApi(
            token, settings.base_url, pace or Pace(), timeout_s=self._times.call_s
        )
        self._search = search
        self._starters = starters
        self._drafts = Drafts(self._api)
        self._typed_at: dict[int, float] = {}
        #: In webhook mode, while it runs.
        self.webhook: TelegramWebhook | None = None

    # ChatAdapter

    async def run(self, desk: Desk, stop: asyncio.Event) -> None:
        """See ChatAdapter. Raises TelegramLost, TokenRejected or ConfigError."""
        front: TelegramFront | None = None

        async def handle(update: dict[str, Any]) -> None:
            if front is not None:
                await front.handle(update)

        listener = TelegramListener(
            self._api, self._store, handle, self._times, key=f"{PLATFORM}:offset"
        )
        me = await self._open(listener, stop)
        if me is None:
            return
        menus = partial(publish_menus, self._api, self._store, self._admins)
        front = TelegramFront(
            self._settings,
            self._api,
            self._store,
            desk,
            me,
            admins=self._admins,
            search=self._search,
            starters=self._starters,
            post=self.post,
            edit=self.edit,
            publish_menus=menus,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(listener, stop))
                group.create_task(listener.work(stop))
                group.create_task(menus())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def interrupt(self) -> bool:
        """See ChatAdapter."""
        return False

    async def close(self) -> None:
        """Let go of the connections, after the last message is out."""
        with suppress(DeliveryError):
            await self._api.close()

    async def _open(self, listener: TelegramListener, stop: asyncio.Event) -> Me | None:
        """Who we are, as soon as Telegram can be reached; None when `stop` comes first."""
        pause = self._times.retry_s[0]
        while not stop.is_set():
            try:
                me = await unless(stop, self._api.open())
                if me is not None:
                    await self._choose_way()
                return me
            except TokenRejected:
                raise
            except DeliveryError as error:
                log.warning("Telegram cannot be reached yet: %s", error)
                listener.check_silence(error)
                await unless(stop, asyncio.sleep(max(pause, error.retry_after_s or 0)))
                pause = min(pause * 2, self._times.retry_s[1])
        return None

    async def _choose_way(self) -> None:
        """Have Telegram call us or wait to be asked, as the settings say."""
        try:
            await self._api.set_webhook(self._settings.webhook_url, self._secret)
        except TokenRejected:
            # The token was good a moment ago: this server has no webhooks that could be in the way.
            if self._settings.webhook_url:
                raise

    async def _listen(self, listener: TelegramListener, stop: asyncio.Event) -> None:
        if self._settings.webhook_url:
            self.webhook = TelegramWebhook(self._settings, self._secret, listener)
            await self.webhook.run(stop)
        else:
            await listener.poll(stop)

    async def heard(self, reply_to: str) -> None:
        """See ChatAdapter."""
        target = Target.read(reply_to)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._times.heard_s):
                with suppress(DeliveryError):
                    if target.message is not None:
                        await self._api.react(target.chat, target.message, "👀")
                await self._type(target)

    async def post(self, reply_to: str, reply: Reply) -> str:
        """See ChatAdapter. A question's message that was posted already is edited instead."""
        target = Target.read(reply_to)
        known = await self._parts(reply)
        if 1 in known:
            with suppress(MessageGone):
                await self._write(target, known, reply)
                return f"{target.chat}/{known[1]}"
            known = {}
        if reply.job_id is not None and target.message is not None:
            await self._remember(reply, target.chat, 0, target.message)
        while True:
            try:
                first = await self._write(target, known, reply)
                return f"{target.chat}/{first}"
            except DeliveryError as error:
                wait = error.retry_after_s
                if reply.job_id is not None or wait is None or wait > MAX_COMMAND_WAIT_S:
                    raise
                await asyncio.sleep(wait)

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> None:
        """See ChatAdapter. In groups the first version is followed by the last: edits count
        against the few messages that a group may get in a minute."""
        target = Target.read(reply_to)
        final = reply.state is ReplyState.FINAL
        if not final and not target.private:
            await self._type(target)
            return
        if not final and reply.text and await self._drafts.show(target, reply):
            return
        known = {1: int(message_id.rpartition("/")[2])}
        if final:
            known = await self._parts(reply) | known
        await self._write(target, known, reply)
        if final and reply.job_id is not None:
            await self._drafts.end(target, reply.job_id)

    # Writing

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
                await self._api.edit(target.chat, known[number], part, keyboard=buttons)
                continue
            known[number] = await self._api.send(
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

    async def _type(self, target: Target) -> None:
        now = monotonic()
        if now - self._typed_at.get(target.chat, -TYPING_S) < TYPING_S:
            return
        self._typed_at[target.chat] = now
        if len(self._typed_at) > MAX_CHATS:
            del self._typed_at[next(iter(self._typed_at))]
        with suppress(DeliveryError):
            await self._api.typing(target.chat, target.topic)


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


__all__ = ["TelegramAdapter", "TelegramLost", "TokenRejected"]
