"""What to do with each thing that people do on Telegram."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bot.adapter import DeliveryError, Desk
from bot.delivery.texts import say
from bot.desk.commands import course_key
from bot.messages import Action, Message, Press, Reply
from bot.telegram.client import TelegramApi
from bot.telegram.inline import Search, Starters, answer_inline
from bot.telegram.parse import Joined, Pressed, Searched, Stopped, Written, read
from bot.telegram.receive import PLATFORM
from bot.telegram.render import render
from bot.telegram.values import Button, Keyboard, Me, Target
from config.settings import TelegramSettings
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

#: Reasons of a down-vote, as keys of `bot.delivery.texts`.
REASONS = ("wrong", "outdated", "incomplete", "off_topic")
MAX_STARTERS = 4


class TelegramFront:
    """Turns updates into calls of the desk and shows what it says."""

    def __init__(
        self,
        settings: TelegramSettings,
        api: TelegramApi,
        store: JobStore,
        desk: Desk,
        me: Me,
        *,
        admins: Collection[int],
        search: Search | None,
        starters: Starters | None,
        post: Callable[[str, Reply], Awaitable[str]],
        edit: Callable[[str, str, Reply], Awaitable[None]],
        publish_menus: Callable[[], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._api = api
        self._store = store
        self._desk = desk
        self._me = me
        self._admins = {str(admin) for admin in admins}
        self._search = search
        self._starters = starters
        self._post = post
        self._edit = edit
        self._publish_menus = publish_menus
        #: Who was told in which chat that they are not answered: once is enough.
        self._told: set[tuple[int, str]] = set()

    async def handle(self, update: dict[str, Any]) -> None:
        """Act on one update. Raises StoreError, then it must come again."""
        incoming = read(update, self._me)
        match incoming:
            case Written():
                await self._written(incoming)
            case Pressed():
                await self._pressed(incoming)
            case Searched():
                await self._searched(incoming)
            case Stopped():
                await self._stopped(incoming)
            case Joined():
                await self._joined(incoming)

    def _allowed(self, user: str, chat: int | None) -> bool:
        if user in self._admins:
            return True
        users, chats = self._settings.allowed_users, self._settings.allowed_chats
        group = chat is not None and chat < 0
        if group and chats and chat not in chats:
            return False
        return not users or (user.isdecimal() and int(user) in users)

    # Messages

    async def _written(self, written: Written) -> None:
        if written.unsure:
            replied = f"{written.chat}/{written.reply_to}"
            if await self._store.inbox.job_of_message(PLATFORM, replied) is None:
                return
        target = Target(chat=written.chat, topic=written.topic, message=written.message)
        channel = f"{written.chat}/{written.topic}" if written.topic else str(written.chat)
        if written.text == "/id":
            # For the operator, who needs the ids for the settings: also where nobody may ask yet.
            ids = say("ids", written.language, user=f"`{written.user}`", channel=f"`{channel}`")
            await self._say(target, ids)
            return
        if not self._allowed(written.user, written.chat):
            if (written.chat, written.user) not in self._told:
                self._told.add((written.chat, written.user))
                await self._say(target, say("not_allowed", written.language))
            return
        text = written.text
        if written.edited and text.startswith("/"):
            return  # it was obeyed when it was written
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
            await self._desk.receive(message)

    async def _conversation(self, written: Written) -> str:
        """A private chat or topic in one; in groups a chain of replies, named after its root."""
        if written.private:
            return f"{written.chat}/{written.topic}" if written.topic else str(written.chat)
        if written.reply_to is not None:
            replied = f"{written.chat}/{written.reply_to}"
            job = await self._store.inbox.job_of_message(PLATFORM, replied)
            if job is not None:
                return job.conversation
        return f"{written.chat}:{written.message}"

    async def _start(self, message: Message, course: str) -> None:
        """The first thing that people send; a link to the bot may name their course with it."""
        if course:
            await self._desk.receive(replace(message, text=f"/course {course}"))
        await self._desk.ready()
        starters = self._starters(course or None)[:MAX_STARTERS] if self._starters else ()
        welcome = say("welcome", message.language)
        if starters:
            welcome += "\n\n" + say("starters", message.language)
        actions = tuple(
            Action(label=entry.question[:100], value=f"try:{course}:{entry.id}")
            for entry in starters
        )
        with suppress(DeliveryError):
            await self._post(message.reply_to, Reply(text=welcome, actions=actions))
        if message.private and message.user_id in self._admins:
            await self._publish_menus()  # Telegram takes theirs only once it knows the chat

    async def _joined(self, joined: Joined) -> None:
        key = "welcome.group" if self._allowed(joined.user, joined.chat) else "not_allowed"
        if key == "not_allowed":
            self._told.add((joined.chat, joined.user))
        await self._say(Target(chat=joined.chat), say(key))

    async def _say(self, target: Target, text: str) -> None:
        try:
            await self._post(str(target), Reply(text=text))
        except DeliveryError as error:
            log.warning("a notice was not delivered on Telegram: %s", error)

    # Buttons

    async def _pressed(self, pressed: Pressed) -> None:
        if not self._allowed(pressed.user, pressed.chat):
            await self._toast(pressed, say("not_allowed", pressed.language))
            return
        kind, _, rest = pressed.data.partition(":")
        if kind == "try":
            await self._try(pressed, rest)
        elif kind in ("vote", "why"):
            await self._vote(pressed, kind, rest)
        else:
            reply = await self._desk.press(self._press(pressed, pressed.data))
            await self._show(pressed, reply, ends=kind == "course" and pressed.private)

    def _press(self, pressed: Pressed, value: str, text: str = "") -> Press:
        chat = pressed.chat or int(pressed.user)
        target = Target(chat=chat, topic=pressed.topic, message=None)
        return Press(
            platform=PLATFORM,
            user_id=pressed.user,
            value=value,
            reply_to=str(target),
            message_id=f"{chat}/{pressed.message or ''}",
            channel=f"{chat}/{pressed.topic}" if pressed.topic else str(chat),
            language=pressed.language,
            private=pressed.private,
            text=text,
        )

    async def _show(self, pressed: Pressed, reply: Reply | None, *, ends: bool) -> None:
        """A short line for who pressed; a reply with buttons, or that ends a choice, replaces the
        message that was pressed."""
        text = render(reply)[0].plain if reply is not None else ""
        if reply is not None and (reply.actions or ends) and pressed.message is not None:
            await self._toast(pressed, "" if reply.actions else text)
            press = self._press(pressed, pressed.data)
            with suppress(DeliveryError):
                await self._edit(press.reply_to, press.message_id, reply)
            return
        await self._toast(pressed, text)

    async def _vote(self, pressed: Pressed, kind: str, rest: str) -> None:
        """Count the vote; a down-vote adds a row of reasons below the votes until one is given."""
        job_id, _, what = rest.partition(":")
        if kind == "why" and what not in REASONS:
            return
        value = f"vote:{job_id}:{'down' if kind == 'why' else what}"
        reason = say(f"reason.{what}") if kind == "why" else ""
        reply = await self._desk.press(self._press(pressed, value, reason))
        await self._toast(pressed, reply.text if reply else "")
        if reply is None or reply.job_id is None or pressed.message is None:
            return
        votes = [row for row in pressed.keyboard if not row[0].value.startswith("why:")]
        votes = votes or [_votes(job_id, reply.language)]
        asks = value.endswith(":down") and not reason
        keyboard = [*votes, *(_reasons(job_id, reply.language) if asks else ())]
        with suppress(DeliveryError):
            await self._api.swap_keyboard(pressed.chat or 0, pressed.message, keyboard)

    async def _try(self, pressed: Pressed, which: str) -> None:
        """One of the questions to begin with: as if the person had typed it."""
        course, _, entry = which.partition(":")
        starters = self._starters(course or None) if self._starters else ()
        question = next((item.question for item in starters if item.id == entry), None)
        if question is None:
            await self._toast(pressed, say("vote.gone", pressed.language))
            return
        press = self._press(pressed, pressed.data)
        await self._desk.receive(
            Message(
                platform=PLATFORM,
                conversation=str(pressed.chat or pressed.user),
                message_id=f"press-{pressed.id}",
                user_id=pressed.user,
                text=question,
                reply_to=press.reply_to,
                channel=press.channel,
                language=pressed.language,
                private=pressed.private,
            )
        )
        await self._toast(pressed, "")

    async def _stopped(self, stopped: Stopped) -> None:
        pressed = Pressed(
            id="",
            user=stopped.user,
            language=stopped.language,
            data=f"stop:{stopped.draft}",
            chat=stopped.chat,
        )
        await self._desk.press(self._press(pressed, pressed.data))

    async def _toast(self, pressed: Pressed, text: str) -> None:
        try:
            await self._api.toast(pressed.id, text)
        except DeliveryError as error:  # it was pressed too long ago, before a restart
            log.info("the press of a button was not confirmed: %s", error)

    async def _searched(self, searched: Searched) -> None:
        allowed = self._allowed(searched.user, None)
        await self._desk.ready()
        await answer_inline(
            self._api,
            searched,
            await self._store.get_value(course_key(PLATFORM, searched.user)) or None,
            self._search if allowed else None,
            self._starters if allowed else None,
        )


def _votes(job_id: str, language: str | None) -> tuple[Button, ...]:
    return tuple(
        Button(label=say(f"button.{what}", language), value=f"vote:{job_id}:{what}")
        for what in ("up", "down")
    )


def _reasons(job_id: str, language: str | None) -> Keyboard:
    buttons = [
        Button(label=say(f"reason.{reason}", language), value=f"why:{job_id}:{reason}")
        for reason in REASONS
    ]
    return [buttons[:2], buttons[2:]]
