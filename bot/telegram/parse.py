"""Reads a raw update: who wrote, pressed or searched what, and whether it is meant for us."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from telegram import CallbackQuery, ChatMember, ChatMemberUpdated, InlineQuery, Message, Update
from telegram import MessageEntity as Entity

from bot.telegram.complete import complete_update
from bot.telegram.values import Button, Me

#: The user id of somebody who writes as a group or channel: no number, so never an admin's.
ANONYMOUS = "chat:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message that is meant for us."""

    chat: int
    private: bool
    #: The topic of a forum.
    topic: int | None
    message: int
    user: str
    language: str | None
    #: Without the mention; a command starts with `/` and bears no `@bot`.
    text: str
    #: Neither text nor a caption in it, so there is nothing that we could read.
    wordless: bool = False
    edited: bool = False
    #: The message that this one replies to.
    reply_to: int | None = None
    #: It is for us only if `reply_to` is a message of ours, which the update does not tell.
    unsure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A button of one of our messages was pressed."""

    id: str
    user: str
    language: str | None
    data: str
    #: The message with the button; None when Telegram no longer shows it.
    chat: int | None = None
    private: bool = True
    topic: int | None = None
    message: int | None = None
    keyboard: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """Somebody types after our name, in whatever chat."""

    id: str
    user: str
    language: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Somebody pressed the stop button of a draft; drafts are numbered like questions."""

    user: str
    language: str | None
    draft: int
    chat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """We were added to a group."""

    chat: int
    user: str


Incoming = Written | Pressed | Searched | Stopped | Joined


def read(raw: dict[str, Any], me: Me) -> Incoming | None:
    """What the update is about; None when it is not for us. May raise on malformed ones."""
    if "stopped_message_generation" in raw:
        return _stopped(raw["stopped_message_generation"])
    update = Update.de_json(complete_update(raw), None)
    if update.message is not None:
        return _written(update.message, me, edited=False)
    if update.edited_message is not None:
        return _written(update.edited_message, me, edited=True)
    if update.callback_query is not None:
        return _pressed(update.callback_query)
    if update.inline_query is not None:
        return _searched(update.inline_query)
    if update.my_chat_member is not None:
        return _joined(update.my_chat_member)
    return None


def _written(message: Message, me: Me, *, edited: bool) -> Written | None:
    user = _author(message)
    if user is None or message.via_bot is not None or message.is_automatic_forward:
        return None
    text, mentioned = _without_mention(message, me)
    private = message.chat.type == "private"
    command = _command(message)
    if command:
        name, _, bot = command.partition("@")
        if bot and bot.lower() != me.username.lower():
            return None
        text = name + text.lstrip()[len(command) :]
        mentioned = mentioned or bool(bot) or name == "/ask"
    original = message.reply_to_message
    sure = private or mentioned or _answers_us(message, me)
    if not sure and (original is None or original.from_user or original.sender_chat):
        return None
    if not sure and _turns_elsewhere(message, me):
        return None
    if mentioned and text in ("", "/ask") and original is not None:
        # "@bot" in reply to somebody's question: that is the question.
        text = original.text or original.caption or ""
    if message.forward_origin is not None:
        # What somebody else wrote must not act in the name of who forwards it.
        text = text.lstrip("/")
    wordless = not (message.text or message.caption)
    if wordless and message.effective_attachment is None:
        return None  # a service message: somebody joined, pinned, renamed
    return Written(
        chat=message.chat.id,
        private=private,
        topic=_topic(message),
        message=message.message_id,
        user=user,
        language=message.from_user.language_code if message.from_user else None,
        text=text.strip(),
        wordless=wordless,
        edited=edited,
        reply_to=original.message_id if original else None,
        unsure=not sure,
    )


def _author(message: Message) -> str | None:
    if message.sender_chat is not None:
        return f"{ANONYMOUS}{message.sender_chat.id}"
    if message.from_user is None or message.from_user.is_bot:
        return None
    return str(message.from_user.id)


def _topic(message: Message) -> int | None:
    # Replies in ordinary groups have a thread id, too, but it is no topic.
    in_forum = message.is_topic_message or message.chat.is_forum
    return message.message_thread_id if in_forum else None


def _entities(message: Message) -> dict[Entity, str]:
    return message.parse_entities() if message.text else message.parse_caption_entities()


def _command(message: Message) -> str:
    """The command at the very beginning, with its `@bot`."""
    for entity, text in _entities(message).items():
        if entity.type == Entity.BOT_COMMAND and entity.offset == 0:
            return text
    return ""


def _is_us(entity: Entity, text: str, me: Me) -> bool:
    if entity.type == Entity.MENTION:
        return text.lower() == f"@{me.username}".lower()
    return (
        entity.type == Entity.TEXT_MENTION and entity.user is not None and entity.user.id == me.id
    )


def _without_mention(message: Message, me: Me) -> tuple[str, bool]:
    """The text without mentions of us, and whether there was one."""
    encoded = (message.text or message.caption or "").encode("utf-16-le")
    kept, at, mentioned = b"", 0, False
    for entity, text in sorted(_entities(message).items(), key=lambda pair: pair[0].offset):
        if _is_us(entity, text, me):
            kept += encoded[at : 2 * entity.offset]
            at = 2 * (entity.offset + entity.length)
            mentioned = True
    text = (kept + encoded[at:]).decode("utf-16-le", "replace")
    return text.strip() if mentioned else text, mentioned


def _answers_us(message: Message, me: Me) -> bool:
    """Whether it replies to one of our messages and does not turn to somebody else."""
    original = message.reply_to_message
    if original is None or original.from_user is None or original.from_user.id != me.id:
        return False
    if original.forum_topic_created is not None:
        return False  # everything in a topic "replies" to the message that opened it
    return not _turns_elsewhere(message, me)


def _turns_elsewhere(message: Message, me: Me) -> bool:
    """Whether it begins with the name of somebody else."""
    for entity, text in _entities(message).items():
        if entity.offset == 0 and entity.type in (Entity.MENTION, Entity.TEXT_MENTION):
            return not _is_us(entity, text, me)
    return False


def _pressed(query: CallbackQuery) -> Pressed:
    pressed = Pressed(
        id=query.id,
        user=str(query.from_user.id),
        language=query.from_user.language_code,
        data=query.data or "",
    )
    message = query.message
    if not isinstance(message, Message):
        return pressed
    markup = message.reply_markup.inline_keyboard if message.reply_markup else ()
    keyboard = tuple(
        tuple(
            Button(label=button.text, value=str(button.callback_data or "-"), style=button.style)
            for button in row
        )
        for row in markup
    )
    return replace(
        pressed,
        chat=message.chat.id,
        private=message.chat.type == "private",
        topic=_topic(message),
        message=message.message_id,
        keyboard=keyboard,
    )


def _searched(query: InlineQuery) -> Searched:
    return Searched(
        id=query.id,
        user=str(query.from_user.id),
        language=query.from_user.language_code,
        text=query.query,
    )


def _joined(change: ChatMemberUpdated) -> Joined | None:
    outside = (ChatMember.LEFT, ChatMember.BANNED)
    came = change.old_chat_member.status in outside and change.new_chat_member.status not in outside
    if not came or change.chat.type not in ("group", "supergroup"):
        return None
    return Joined(chat=change.chat.id, user=str(change.from_user.id))


def _stopped(stop: dict[str, Any]) -> Stopped:
    """Newer than the library: Bot API 10.3."""
    user = stop.get("from") or stop.get("user") or stop["chat"]
    return Stopped(
        user=str(user["id"]),
        language=user.get("language_code"),
        draft=int(stop["draft_id"]),
        chat=int(stop["chat"]["id"]),
    )
