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
from bot.slack.parse import PLATFORM, Payload, ReplyTo
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
        user = str((body.get("user") or {}).get("id") or "")
        container, message = body.get("container") or {}, body.get("message") or {}
        channel = str((body.get("channel") or {}).get("id") or container.get("channel_id") or "")
        to = ReplyTo(
            channel=channel,
            user=user,
            team=self.team,
            thread=str(message.get("thread_ts") or container.get("thread_ts") or ""),
            response_url=str(body.get("response_url") or ""),
        )
        stamp = str(message.get("ts") or container.get("message_ts") or "")
        press = Press(
            platform=PLATFORM,
            user_id=user,
            value=value,
            reply_to=to.dump(),
            message_id=f"{channel}/{stamp}",
            channel=channel,
            language=await self.members.language(user),
            private=to.private,
        )
        reply = await self.desk.press(press)
        if reply is None:
            return
        kind = value.partition(":")[0]
        down = kind == "vote" and value.endswith(":down") and reply.job_id is not None
        trigger = str(body.get("trigger_id") or "")
        if down and await self._ask_reason(trigger, press, to, reply.language):
            return
        if kind in ("gpu", "model", "course") and to.response_url:
            await self.sender.replace(to, reply)
        else:
            await self.sender.whisper(to, reply)

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
        value, _, reply_to = str(view.get("private_metadata") or "").partition("\n")
        state = (view.get("state") or {}).get("values") or {}
        picked = ((state.get("kind") or {}).get("kind") or {}).get("selected_option") or {}
        words = str(((state.get("words") or {}).get("words") or {}).get("value") or "").strip()
        reason = ": ".join(part for part in (str(picked.get("value") or ""), words) if part)
        if not reason:
            return
        user = str((body.get("user") or {}).get("id") or "")
        to = ReplyTo.load(reply_to)
        press = Press(
            platform=PLATFORM,
            user_id=user,
            value=value,
            reply_to=reply_to,
            message_id="",
            channel=to.channel,
            language=await self.members.language(user),
            private=to.private,
            text=reason[:500],
        )
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
