"""Buttons, votes with their reasons, and questions to begin with."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass

from bot.adapter import DeliveryError, Desk
from bot.delivery.replies import VOTE_REASONS, votes
from bot.delivery.texts import say
from bot.messages import Message, Press, Reply
from bot.telegram.client import TelegramClient
from bot.telegram.parse import Pressed, Stopped
from bot.telegram.render import render
from bot.telegram.send import TelegramSender
from bot.telegram.values import PLATFORM, Button, Keyboard, Starters, Target

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class TelegramPresses:
    """Hands presses to the desk and shows what it says."""

    client: TelegramClient
    sender: TelegramSender
    desk: Desk
    _: KW_ONLY
    starters: Starters

    async def pressed(self, pressed: Pressed) -> None:
        kind, _, rest = pressed.data.partition(":")
        if kind == "try":
            await self._try(pressed, rest)
        elif kind in ("vote", "why"):
            await self._vote(pressed, kind, rest)
        else:
            reply = await self.desk.press(self._press(pressed, pressed.data))
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
            await self.toast(pressed, "" if reply.actions else text)
            press = self._press(pressed, pressed.data)
            with suppress(DeliveryError):
                await self.sender.edit(press.reply_to, press.message_id, reply)
            return
        await self.toast(pressed, text)

    async def _vote(self, pressed: Pressed, kind: str, rest: str) -> None:
        """Count the vote; a down-vote adds a row of reasons below the votes until one is given."""
        job_id, _, what = rest.partition(":")
        if kind == "why" and what not in VOTE_REASONS:
            return
        value = f"vote:{job_id}:{'down' if kind == 'why' else what}"
        reason = say(f"reason.{what}") if kind == "why" else ""
        reply = await self.desk.press(self._press(pressed, value, reason))
        await self.toast(pressed, reply.text if reply else "")
        if reply is None or reply.job_id is None or pressed.message is None:
            return
        rows = [row for row in pressed.keyboard if not row[0].value.startswith("why:")]
        buttons = tuple(
            Button(label=vote.label, value=vote.value)
            for vote in votes(reply.job_id, reply.language)
        )
        asks = value.endswith(":down") and not reason
        keyboard = [*(rows or [buttons]), *(_reasons(job_id, reply.language) if asks else ())]
        with suppress(DeliveryError):
            await self.client.swap_keyboard(pressed.chat or 0, pressed.message, keyboard)

    async def _try(self, pressed: Pressed, which: str) -> None:
        """One of the questions to begin with: as if the person had typed it."""
        course, _, entry = which.partition(":")
        starters = self.starters(course or None)
        question = next((item.question for item in starters if item.id == entry), None)
        if question is None:
            await self.toast(pressed, say("vote.gone", pressed.language))
            return
        press = self._press(pressed, pressed.data)
        await self.desk.receive(
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
        await self.toast(pressed, "")

    async def stopped(self, stopped: Stopped) -> None:
        """Somebody stopped an answer that grows as a draft."""
        pressed = Pressed(
            id="",
            user=stopped.user,
            language=stopped.language,
            data=f"stop:{stopped.draft}",
            chat=stopped.chat,
        )
        await self.desk.press(self._press(pressed, pressed.data))

    async def toast(self, pressed: Pressed, text: str) -> None:
        """Show a short line to who pressed."""
        try:
            await self.client.toast(pressed.id, text)
        except DeliveryError as error:  # it was pressed too long ago, before a restart
            log.info("the press of a button was not confirmed: %s", error)


def _reasons(job_id: str, language: str | None) -> Keyboard:
    buttons = [
        Button(label=say(f"reason.{reason}", language), value=f"why:{job_id}:{reason}")
        for reason in VOTE_REASONS
    ]
    return [buttons[:2], buttons[2:]]
