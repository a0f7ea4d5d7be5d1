"""What to do with each thing that people do on Telegram."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from hashlib import sha1
from typing import Any

from bot.adapter import DeliveryError, Desk
from bot.delivery.texts import say
from bot.desk.commands import course_key
from bot.messages import Action, Message, Reply
from bot.telegram.client import TelegramClient
from bot.telegram.parse import Joined, Pressed, Searched, Stopped, Written, read
from bot.telegram.presses import TelegramPresses
from bot.telegram.render import render
from bot.telegram.send import TelegramSender
from bot.telegram.values import PLATFORM, Article, Me, Search, Starters, Target
from config.settings import TelegramSettings
from engine.store.jobs import JobStore
from engine.types import Document, Match, Source

log = logging.getLogger(__name__)

MAX_STARTERS = 4
MAX_ARTICLES = 20


@dataclass(eq=False, slots=True)
class TelegramUsers:
    """The settings, asked about a person."""

    settings: TelegramSettings
    admins: Collection[int]

    def is_admin(self, user: str) -> bool:
        return user.isdecimal() and int(user) in self.admins

    def allowed(self, user: str, chat: int | None) -> bool:
        """Whether this person may be answered there; None is an inline search."""
        if self.is_admin(user):
            return True
        users, chats = self.settings.allowed_users, self.settings.allowed_chats
        group = chat is not None and chat < 0
        if group and chats and chat not in chats:
            return False
        return not users or (user.isdecimal() and int(user) in users)


@dataclass(eq=False, slots=True)
class TelegramHandlers:
    """Turns updates into calls of the desk and shows what it says."""

    client: TelegramClient
    sender: TelegramSender
    store: JobStore
    desk: Desk
    me: Me
    _: KW_ONLY
    users: TelegramUsers
    presses: TelegramPresses
    search: Search
    starters: Starters
    publish_menus: Callable[[], Awaitable[None]]
    #: Who was told in which chat that they are not answered: once is enough.
    _told: set[tuple[int, str]] = field(init=False, default_factory=set)

    async def handle(self, update: dict[str, Any]) -> None:
        """Act on one update. Raises StoreError, then it must come again."""
        incoming = read(update, self.me)
        match incoming:
            case Written():
                await self._written(incoming)
            case Pressed():
                await self._pressed(incoming)
            case Searched():
                await self._searched(incoming)
            case Stopped():
                await self.presses.stopped(incoming)
            case Joined():
                await self._joined(incoming)

    async def _pressed(self, pressed: Pressed) -> None:
        if self.users.allowed(pressed.user, pressed.chat):
            await self.presses.pressed(pressed)
        else:
            await self.presses.toast(pressed, say("not_allowed", pressed.language))

    # Messages

    async def _written(self, written: Written) -> None:
        if written.unsure:
            replied = f"{written.chat}/{written.reply_to}"
            if await self.store.inbox.job_of_message(PLATFORM, replied) is None:
                return
        target = Target(chat=written.chat, topic=written.topic, message=written.message)
        channel = f"{written.chat}/{written.topic}" if written.topic else str(written.chat)
        if written.text == "/id":
            # For the operator, who needs the ids for the settings: also where nobody may ask yet.
            ids = say("ids", written.language, user=f"`{written.user}`", channel=f"`{channel}`")
            await self._say(target, ids)
            return
        if not self.users.allowed(written.user, written.chat):
            if (written.chat, written.user) not in self._told:
                self._told.add((written.chat, written.user))
                await self._say(target, say("not_allowed", written.language))
            return
        text = written.text
        if written.edited and text.startswith("/"):
            return  # the command was carried out when it was written
        if written.wordless:
            if written.private:
                await self._say(target, say("text_only", written.language))
            return
        message = Message(
            platform=PLATFORM,
            conversation=await self._conversation(written),
            message_id=str(written.message),
            user_id=written.user,
            text=text,
            reply_to=str(target),
            channel=channel,
            language=written.language,
            private=written.private,
        )
        command, _, rest = text.partition(" ")
        if command == "/start":
            await self._start(message, rest.strip())
        else:
            await self.desk.receive(message)

    async def _conversation(self, written: Written) -> str:
        """A private chat or topic in one; in groups a chain of replies, named after its root."""
        if written.private:
            return f"{written.chat}/{written.topic}" if written.topic else str(written.chat)
        if written.reply_to is not None:
            replied = f"{written.chat}/{written.reply_to}"
            job = await self.store.inbox.job_of_message(PLATFORM, replied)
            if job is not None:
                return job.conversation
        return f"{written.chat}:{written.message}"

    async def _start(self, message: Message, course: str) -> None:
        """The first thing that people send; a link to the bot may name their course with it."""
        if course:
            await self.desk.receive(replace(message, text=f"/course {course}"))
        await self.desk.ready()
        starters = self.starters(course or None)[:MAX_STARTERS]
        welcome = say("welcome", message.language)
        if starters:
            welcome += "\n\n" + say("starters", message.language)
        actions = tuple(
            Action(label=entry.question[:100], value=f"try:{course}:{entry.id}")
            for entry in starters
        )
        with suppress(DeliveryError):
            await self.sender.post(message.reply_to, Reply(text=welcome, actions=actions))
        if message.private and self.users.is_admin(message.user_id):
            await self.publish_menus()  # Telegram takes theirs only once it knows the chat

    async def _joined(self, joined: Joined) -> None:
        key = "welcome.group" if self.users.allowed(joined.user, joined.chat) else "not_allowed"
        if key == "not_allowed":
            self._told.add((joined.chat, joined.user))
        await self._say(Target(chat=joined.chat), say(key))

    async def _say(self, target: Target, text: str) -> None:
        try:
            await self.sender.post(str(target), Reply(text=text))
        except DeliveryError as error:
            log.warning("a notice was not delivered on Telegram: %s", error)

    async def _searched(self, searched: Searched) -> None:
        """Show what the search finds in the person's course, else in all; no model and no queue, so
        it is quick."""
        await self.desk.ready()
        found: Sequence[Document] = ()
        if self.users.allowed(searched.user, None):
            chosen = await self.store.get_value(course_key(PLATFORM, searched.user)) or None
            words = searched.text[:500]
            if words.strip():
                matches = await self.search(words, chosen) or await self.search(words, None)
                found = [match.document for match in matches]
            else:
                found = self.starters(chosen) or self.starters(None)
        unique = {entry.id: entry for entry in found}
        articles = [_article(entry) for entry in list(unique.values())[:MAX_ARTICLES]]
        try:
            await self.client.answer_inline(searched.id, articles)
        except DeliveryError as error:
            log.info("an inline search was not answered: %s", error)


def _article(entry: Document) -> Article:
    match = Match(document=entry, score=0.0)
    sources = (Source.of(match),) if entry.url else ()
    reply = Reply(text=entry.answer, notice=entry.question, sources=sources)
    return Article(
        id=sha1(entry.id.encode(), usedforsecurity=False).hexdigest(),  # at most 64 bytes
        title=entry.question[:100],
        description=" ".join(entry.answer.split())[:150],
        part=render(reply)[0],
    )
