"""Telegram: private chats, groups and topics, inline search."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from functools import partial

from pydantic import SecretStr

from bot.adapter import DeliveryError, Desk
from bot.backoff import Backoff
from bot.delivery.texts import say, texts
from bot.desk.commands import commands_on
from bot.messages import Reply
from bot.telegram.client import TelegramClient
from bot.telegram.errors import TokenRejected
from bot.telegram.handlers import TelegramHandlers, TelegramUsers
from bot.telegram.pace import TelegramPace
from bot.telegram.presses import TelegramPresses
from bot.telegram.reactions import TYPING_S, TelegramReactions
from bot.telegram.receive import TelegramReceiver
from bot.telegram.receive_polling import TelegramPolling, give_up
from bot.telegram.receive_webhook import TelegramWebhook
from bot.telegram.send import TelegramSender
from bot.telegram.times import Times
from bot.telegram.values import PLATFORM, Me, Search, Starters
from config.settings import TelegramSettings
from engine.errors import StoreError
from engine.stopping import unless
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

#: Seconds between two edits of a message.
EDIT_INTERVAL_S = 1.5
#: In the store: which menus were published last.
MENU_KEY = "telegram:menu"


class TelegramAdapter:
    """A ChatAdapter on the Bot API."""

    platform = PLATFORM

    def __init__(
        self,
        settings: TelegramSettings,
        token: SecretStr,
        store: JobStore,
        *,
        admins: Collection[int],
        search: Search,
        starters: Starters,
        webhook_secret: SecretStr | None = None,
        pace: TelegramPace | None = None,
        times: Times | None = None,
        edit_interval_s: float = EDIT_INTERVAL_S,
        typing_s: float = TYPING_S,
    ) -> None:
        """Raises ConfigError when webhook mode has no secret."""
        self.edit_interval_s = edit_interval_s
        #: The server of webhook mode; None when Telegram is polled.
        self.webhook: TelegramWebhook | None = None
        if settings.webhook_url:
            secret = webhook_secret.get_secret_value() if webhook_secret else ""
            self.webhook = TelegramWebhook(settings, secret)
        self._store = store
        self._search = search
        self._starters = starters
        self._times = times or Times()
        self._users = TelegramUsers(settings, admins)
        self._client = TelegramClient(
            token, settings.base_url, pace or TelegramPace(), timeout_s=self._times.call_s
        )
        self._reactions = TelegramReactions(
            self._client, heard_s=self._times.heard_s, typing_s=typing_s
        )
        self._sender = TelegramSender(self._client, store, self._reactions)
        self._publish_menus = partial(_publish_menus, self._client, store, frozenset(admins))

    async def heard(self, reply_to: str) -> None:
        await self._reactions.heard(reply_to)

    async def post(self, reply_to: str, reply: Reply) -> str:
        return await self._sender.post(reply_to, reply)

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> None:
        await self._sender.edit(reply_to, message_id, reply)

    def interrupt(self) -> bool:
        return False

    async def close(self) -> None:
        with suppress(DeliveryError):
            await self._client.close()

    async def run(self, desk: Desk, stop: asyncio.Event) -> None:
        """See ChatAdapter. Raises TelegramLost, TokenRejected or ConfigError."""
        me = await self._open(stop)
        if me is None:
            return
        receiver = TelegramReceiver(self._store, self._handlers(desk, me).handle, self._times)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._receive(receiver, stop))
                group.create_task(receiver.work(stop))
                group.create_task(self._publish_menus())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def _handlers(self, desk: Desk, me: Me) -> TelegramHandlers:
        return TelegramHandlers(
            self._client,
            self._sender,
            self._store,
            desk,
            me,
            users=self._users,
            presses=TelegramPresses(self._client, self._sender, desk, starters=self._starters),
            search=self._search,
            starters=self._starters,
            publish_menus=self._publish_menus,
        )

    async def _open(self, stop: asyncio.Event) -> Me | None:
        """Who we are, as soon as Telegram can be reached; None when `stop` comes first."""
        backoff = Backoff(self._times.retry_s)
        while not stop.is_set():
            try:
                me = await unless(stop, self._client.open())
                if me is not None:
                    await self._choose_way()
                return me
            except TokenRejected:
                raise
            except DeliveryError as error:
                log.warning("Telegram cannot be reached yet: %s", error)
                give_up(backoff, self._times, error)
                await unless(stop, asyncio.sleep(backoff.failed(error)))
        return None

    async def _choose_way(self) -> None:
        """Have Telegram call us or wait to be asked, as the settings say."""
        try:
            if self.webhook is None:
                await self._client.delete_webhook()
            else:
                await self._client.set_webhook(self.webhook.url, self.webhook.secret)
        except TokenRejected:
            # The token was good a moment ago: this server has no webhooks that could be in the way.
            if self.webhook is not None:
                raise

    async def _receive(self, receiver: TelegramReceiver, stop: asyncio.Event) -> None:
        if self.webhook is None:
            await TelegramPolling(self._client, receiver, self._times).run(stop)
        else:
            await self.webhook.run(receiver, stop)


async def _publish_menus(client: TelegramClient, store: JobStore, admins: Collection[int]) -> None:
    """Publish the menu of commands, and a longer one in the private chats of staff; best effort."""
    everyones, staffs = (commands_on(PLATFORM, staff=staff) for staff in (False, True))
    wanted = f"1 {','.join(map(str, sorted(admins)))} {' '.join(staffs)}"
    wanted += f" {' '.join(texts().languages)}"
    try:
        if await store.get_value(MENU_KEY) == wanted:
            return
        complete = True
        for language in texts().languages:
            code = "" if language == "en" else language
            await client.set_menu(_menu(everyones, language), None, code)
            for admin in admins:
                try:
                    await client.set_menu(_menu(staffs, language), admin, code)
                except TokenRejected:
                    raise
                except DeliveryError as error:  # they have not written to the bot yet
                    complete = False
                    log.info("no menu for admin %d: %s", admin, error)
        if complete:
            await store.set_value(MENU_KEY, wanted)
    except (DeliveryError, StoreError) as error:
        log.warning("the menu of commands was not published: %s", error)


def _menu(names: Collection[str], language: str) -> list[tuple[str, str]]:
    return [(name, say(f"command.{name}", language)) for name in names]
