"""Buttons, votes, menus, the window that asks for a reason, and the Home tab."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace

from bot.adapter import DeliveryError, Desk
from bot.delivery.replies import VOTE_REASONS
from bot.delivery.texts import say
from bot.messages import Press
from bot.slack.client import SlackClient
from bot.slack.members import SlackMembers
from bot.slack.parse import PLATFORM, Payload, ReplyTo, text_in
from bot.slack.render import home_view, reason_view
from bot.slack.send import SlackSender

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class SlackPresses:
    """Hands presses to the desk and shows what it says."""

    client: SlackClient
    sender: SlackSender
    desk: Desk
    members: SlackMembers
    _: KW_ONLY
    team: str
    status: Callable[[], Awaitable[str]]
    starters: Callable[[], Sequence[str]]

    async def pressed(self, body: Payload, value: str) -> None:
        """Somebody pressed the button, or chose the entry, of that value."""
        user = text_in(body, "user", "id")
        container, message = body.get("container") or {}, body.get("message") or {}
        to = ReplyTo(
            channel=text_in(body, "channel", "id") or text_in(container, "channel_id"),
            user=user,
            team=self.team,
            thread=text_in(message, "thread_ts") or text_in(container, "thread_ts"),
            response_url=text_in(body, "response_url"),
        )
        stamp = text_in(message, "ts") or text_in(container, "message_ts")
        press = await self._press(user, value, to, message_id=f"{to.channel}/{stamp}")
        reply = await self.desk.press(press)
        if reply is None:
            return
        kind = value.partition(":")[0]
        down = kind == "vote" and value.endswith(":down") and reply.job_id is not None
        if down and await self._ask_reason(text_in(body, "trigger_id"), press, to, reply.language):
            return
        if kind in ("gpu", "model", "course") and to.response_url:
            await self.sender.replace(to, reply)
        else:
            await self.sender.whisper(to, reply)

    async def _press(
        self, user: str, value: str, to: ReplyTo, *, message_id: str = "", text: str = ""
    ) -> Press:
        return Press(
            platform=PLATFORM,
            user_id=user,
            value=value,
            reply_to=to.dump(),
            message_id=message_id,
            channel=to.channel,
            language=await self.members.language(user),
            private=to.private,
            text=text,
        )

    async def _ask_reason(
        self, trigger: str, press: Press, to: ReplyTo, language: str | None
    ) -> bool:
        view = reason_view(
            press.value,
            label=say("vote.reason", language),
            reasons={name: say(f"reason.{name}", language) for name in VOTE_REASONS},
            reply_to=replace(to, response_url="").dump(),
        )
        try:
            await self.client.call("views.open", trigger_id=trigger, view=view)
        except DeliveryError as error:
            log.info("the reason of a vote could not be asked for: %s", error)
            return False
        return True

    async def reasoned(self, body: Payload) -> None:
        """The window with the reason of a down-vote was sent."""
        view = body.get("view") or {}
        if view.get("callback_id") != "reason":
            return
        value, _, reply_to = text_in(view, "private_metadata").partition("\n")
        picked = text_in(view, "state", "values", "kind", "kind", "selected_option", "value")
        words = text_in(view, "state", "values", "words", "words", "value").strip()
        reason = ": ".join(part for part in (picked, words) if part)
        if not reason:
            return
        to = ReplyTo.load(reply_to)
        press = await self._press(text_in(body, "user", "id"), value, to, text=reason[:500])
        reply = await self.desk.press(press)
        if reply is not None:
            await self.sender.whisper(to, reply)

    async def show_home(self, user: str) -> None:
        """Status and starter questions on somebody's Home tab."""
        language = await self.members.language(user)
        await self.desk.ready()
        view = home_view(
            await self.status(),
            self.starters(),
            welcome=say("welcome", language),
            how=say("starters", language),
        )
        await self.client.call("views.publish", user_id=user, view=view)
