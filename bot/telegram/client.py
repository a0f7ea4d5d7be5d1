"""The calls of the Bot API that we make: paced, with errors of ours and no token in them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from pydantic import SecretStr
from telegram import (
    BotCommand,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import InvalidToken

from bot.adapter import DeliveryRefused, MessageGone
from bot.telegram.bot import open_bot
from bot.telegram.errors import (
    FAILURES,
    MarkupRejected,
    Moved,
    NoSuchTopic,
    TokenRejected,
    Unchanged,
    failure_of,
)
from bot.telegram.markup import Part
from bot.telegram.pace import TelegramPace
from bot.telegram.values import Article, BotFacts, Button, Keyboard, Me
from config.logging import redact

log = logging.getLogger(__name__)

T = TypeVar("T")
BASIC_UPDATES = ("message", "edited_message", "callback_query", "inline_query", "my_chat_member")
#: The last is of Bot API 10.3.
ALL_UPDATES = (*BASIC_UPDATES, "stopped_message_generation")


class TelegramClient:
    """One bot on one server."""

    def __init__(
        self, token: SecretStr, base_url: str, pace: TelegramPace, *, timeout_s: float
    ) -> None:
        self._bot = open_bot(token, base_url, timeout_s=timeout_s)
        self._pace = pace
        self._moved: dict[int, int] = {}
        #: Not every server is of the latest version, and some refuse what they do not know.
        self._updates: tuple[str, ...] = ALL_UPDATES
        self._lean = False

    async def open(self) -> Me:
        """Who we are. Raises DeliveryError, TokenRejected among them."""
        await self._call(self._bot.initialize)
        return Me(id=self._bot.id, username=self._bot.bot.username or "")

    async def facts(self) -> BotFacts:
        """What Telegram says of the bot and its webhook; asks for no update."""
        await self.open()
        me, hook = self._bot.bot, None
        with suppress(TokenRejected):  # it was accepted just now: this server has no such method
            hook = await self._call(self._bot.get_webhook_info)
        return BotFacts(
            username=me.username or "",
            reads_groups=bool(me.can_read_all_group_messages),
            joins_groups=me.can_join_groups is not False,
            webhook_url=hook.url if hook else "",
            webhook_error=redact(hook.last_error_message or "") if hook else "",
        )

    async def close(self) -> None:
        await self._call(self._bot.shutdown)

    async def updates(self, offset: int, timeout_s: int) -> list[Any]:
        """What happened since `offset`, which everything before it is confirmed with."""
        return await self._with_kinds(lambda kinds: self._bot.raw_updates(offset, timeout_s, kinds))

    async def _with_kinds(self, work: Callable[[tuple[str, ...]], Awaitable[T]]) -> T:
        """`work` with all kinds of updates, or with those that every server knows."""
        try:
            return await self._call(lambda: work(self._updates))
        except MarkupRejected:
            if self._updates == BASIC_UPDATES:
                raise
        self._updates = BASIC_UPDATES
        return await self._call(lambda: work(self._updates))

    async def set_webhook(self, url: str, secret: str) -> None:
        await self._with_kinds(
            lambda kinds: self._bot.set_webhook(
                url, secret_token=secret, allowed_updates=list(kinds)
            )
        )

    async def delete_webhook(self) -> None:
        await self._call(self._bot.delete_webhook)

    # Messages

    async def send(
        self,
        chat: int,
        part: Part,
        *,
        topic: int | None = None,
        reply_to: int | None = None,
        keyboard: Keyboard = (),
    ) -> int:
        """Post a message, as plain text if Telegram rejects the markup; returns its id."""

        async def send(text: str, mode: str | None) -> int:
            sent = await self._bot.send_message(
                chat,
                text,
                parse_mode=mode,
                message_thread_id=topic,
                reply_parameters=_reply(reply_to),
                reply_markup=_markup(keyboard, lean=self._lean),
                link_preview_options=self._no_preview(),
            )
            return int(sent.message_id)

        chat = self._moved.get(chat, chat)
        try:
            return await self._formatted(chat, part, send)
        except NoSuchTopic:
            topic = None  # better beside the topic than nowhere
        except Moved as moved:
            self._moved[chat] = moved.chat
            chat, reply_to = moved.chat, None
        return await self._formatted(chat, part, send)

    async def edit(self, chat: int, message: int, part: Part, *, keyboard: Keyboard = ()) -> None:
        """Make the message read like `part`. Raises MessageGone when there is none any more."""
        if chat in self._moved:
            raise MessageGone

        async def edit(text: str, mode: str | None) -> None:
            await self._bot.edit_message_text(
                text,
                chat_id=chat,
                message_id=message,
                parse_mode=mode,
                reply_markup=_markup(keyboard, lean=self._lean),
                link_preview_options=self._no_preview(),
            )

        try:
            await self._formatted(chat, part, edit)
        except Unchanged:
            return
        except Moved as moved:
            self._moved[chat] = moved.chat
            raise MessageGone from None

    async def swap_keyboard(self, chat: int, message: int, keyboard: Keyboard) -> None:

        async def swap() -> None:
            await self._bot.edit_message_reply_markup(
                chat_id=chat, message_id=message, reply_markup=_markup(keyboard, lean=self._lean)
            )

        await self._pace.turn(chat)
        with suppress(Unchanged):
            await self._call(swap, chat)

    async def draft(self, chat: int, draft: int, part: Part, topic: int | None) -> bool:
        """Show growing text in a private chat. False when this server cannot."""

        async def show() -> bool:
            try:
                # can_stop: from Bot API 10.3 on there is a button for it; older ones ignore it.
                return await self._bot.send_message_draft(
                    chat,
                    draft,
                    part.html,
                    message_thread_id=topic,
                    parse_mode="HTML",
                    api_kwargs={"can_stop": True},
                )
            except InvalidToken:  # 404 for a method that the server does not know
                return False

        await self._pace.turn(chat)
        return await self._call(show, chat)

    # Signs and menus

    async def react(self, chat: int, message: int, emoji: str) -> None:
        await self._call(lambda: self._bot.set_message_reaction(chat, message, emoji), chat)

    async def typing(self, chat: int, topic: int | None) -> None:
        """Show for five seconds that we type."""
        await self._call(
            lambda: self._bot.send_chat_action(chat, "typing", message_thread_id=topic), chat
        )

    async def toast(self, query: str, text: str) -> None:
        """Answer the press of a button with a short line."""
        await self._call(lambda: self._bot.answer_callback_query(query, text[:200] or None))

    async def answer_inline(self, query: str, articles: Sequence[Article]) -> None:
        results = [
            InlineQueryResultArticle(
                id=article.id,
                title=article.title,
                description=article.description,
                input_message_content=InputTextMessageContent(
                    article.part.html,
                    parse_mode="HTML",
                    link_preview_options=self._no_preview(),
                ),
            )
            for article in articles
        ]
        await self._call(
            lambda: self._bot.answer_inline_query(query, results, cache_time=60, is_personal=True)
        )

    async def set_menu(
        self, commands: Sequence[tuple[str, str]], chat: int | None, language: str
    ) -> None:
        """The menu of commands: everybody's (`chat` None), or that of one private chat."""
        scope = BotCommandScopeDefault() if chat is None else BotCommandScopeChat(chat)
        menu = [BotCommand(name, description[:256]) for name, description in commands]
        await self._call(
            lambda: self._bot.set_my_commands(menu, scope=scope, language_code=language or None)
        )

    # Errors

    async def _formatted(
        self, chat: int, part: Part, put: Callable[[str, str | None], Awaitable[T]]
    ) -> T:
        """`put` the part as HTML; without the extras when the server does not know them; as plain
        text when it rejects the markup."""
        text: str = part.html
        mode: str | None = "HTML"
        while True:
            await self._pace.turn(chat)
            try:
                return await self._call(partial(put, text, mode), chat)
            except MarkupRejected as error:
                log.warning("Telegram rejected a message as it was: %s", error)
                if "not supported" in str(error) and not self._lean:
                    self._lean = True
                elif mode is not None:
                    text, mode = part.plain, None
                else:
                    raise DeliveryRefused(str(error)) from None

    def _no_preview(self) -> LinkPreviewOptions | None:
        return None if self._lean else LinkPreviewOptions(is_disabled=True)

    async def _call(self, work: Callable[[], Awaitable[T]], chat: int | None = None) -> T:
        """The result of `work`; every failure becomes a DeliveryError that says which."""
        try:
            return await work()
        except FAILURES as error:
            failure = failure_of(error)
        if chat is not None and failure.retry_after_s is not None:
            self._pace.pause(chat, failure.retry_after_s)
        # Outside of the handler: the library's errors hold addresses, which hold the token.
        raise failure


def _reply(message: int | None) -> ReplyParameters | None:
    if message is None:
        return None
    return ReplyParameters(message, allow_sending_without_reply=True)


def _markup(keyboard: Keyboard, *, lean: bool) -> InlineKeyboardMarkup | None:
    if not keyboard:
        return None
    return InlineKeyboardMarkup([[_button(button, lean) for button in row] for row in keyboard])


def _button(button: Button, lean: bool) -> InlineKeyboardButton:
    style = None if lean else button.style
    return InlineKeyboardButton(button.label, callback_data=button.value, style=style)
