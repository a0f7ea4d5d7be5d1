"""Takes in what Slack delivers: decides whether it is for us and hands it to the desk."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from bot.adapter import DeliveryError, Desk
from bot.delivery.replies import private_reply
from bot.desk.commands import command_of
from bot.messages import Message
from bot.remembered import remember
from bot.slack.app import Identity
from bot.slack.catch_up import SlackCatchUp
from bot.slack.client import SlackClient
from bot.slack.members import SlackMembers
from bot.slack.parse import (
    PLATFORM,
    Payload,
    ReplyTo,
    Written,
    conversation,
    slash_text,
    text_in,
    written,
)
from bot.slack.presses import SlackPresses
from bot.slack.send import SlackSender
from engine.store.jobs import JobStore

log = logging.getLogger(__name__)

#: Slack waits three seconds for an acknowledgement; a command that takes longer goes on after it.
ACK_S = 2.0

T = TypeVar("T")


class Spawn(Protocol):
    """Runs something in the background for as long as the adapter runs."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> asyncio.Task[T]:
        """Start `work`."""


@dataclass(eq=False, slots=True)
class SlackHandlers:
    """Turns deliveries into calls of the desk and shows what it says."""

    client: SlackClient
    sender: SlackSender
    store: JobStore
    desk: Desk
    spawn: Spawn
    _: KW_ONLY
    me: Identity
    members: SlackMembers
    presses: SlackPresses
    catch_up: SlackCatchUp
    staff_reaction: str
    _taken: OrderedDict[str, asyncio.Task[BaseException | None]] = field(
        init=False, default_factory=OrderedDict
    )

    async def take_in(self, body: Payload) -> None:
        """Act on one delivery. When it returns, Slack may be told that it arrived; it raises
        (StoreError, DeliveryError) when Slack should deliver it again."""
        kind = body.get("type")
        if kind == "event_callback":
            await self.event(body.get("event") or {})
        elif body.get("command"):
            await self._slash(body)
        elif kind == "block_actions":
            await self._pressed(body)
        elif kind == "view_submission":
            await self._quick(self.presses.reasoned(body))
        elif kind == "message_action":
            await self._shortcut(body)

    # Messages

    async def event(self, event: Payload) -> None:
        """One event of the Events API, or a message found while catching up."""
        match event.get("type"):
            case "message" | "app_mention":
                found = written(event, me=self.me.ids)
                if found is not None:
                    await self._read(found)
            case "reaction_added":
                await self._reaction(event)
            case "app_home_opened" if event.get("tab") == "home":
                await self._quick(self.presses.show_home(text_in(event, "user")))

    async def _read(self, found: Written) -> None:
        place = await self._place(found.channel, found.thread)
        if not (found.private or found.to_us or await self._follows_up(found, place)):
            return
        if (
            not found.private
            and not found.to_us
            and not self.members.allowed(found.channel, found.user)
        ):
            return  # nobody addressed us: no refusal either
        await self._take(found, place, user=found.user)

    async def _place(self, channel: str, thread: str) -> str | None:
        """The conversation of a thread; None outside of threads."""
        if not thread:
            return None
        # The thread may hang on an answer to a slash command or a direct message.
        job = await self.store.by_placeholder(PLATFORM, f"{channel}/{thread}")
        return job.conversation if job else conversation(self.me.team, channel, thread)

    async def _follows_up(self, found: Written, place: str | None) -> bool:
        """Whether a message in a thread goes on with what was asked us there: not when it
        addresses somebody else, and from a bystander only when it asks something."""
        if place is None or found.to_others or not found.text:
            return False
        askers = await self.store.askers(PLATFORM, place)
        if found.user in askers:
            return True
        return bool(askers) and any(mark in found.text for mark in "?？؟")

    async def _take(self, found: Written, place: str | None, *, user: str) -> None:
        """Hand a message to the desk, on behalf of `user`."""
        private_chat = found.private and not found.thread
        if place is None:
            root = "" if found.private else found.ts
            place = conversation(self.me.team, found.channel, root)
        to = ReplyTo(
            channel=found.channel,
            user=user,
            team=self.me.team,
            thread="" if private_chat else found.thread or found.ts,
            message=found.ts,
        )
        await self._once(
            f"{found.channel}/{found.ts}", self._message(to, place, found.ts, found.text)
        )
        await self.catch_up.note(found.channel, found.ts, found.thread)

    def _message(self, to: ReplyTo, place: str, message_id: str, text: str) -> Message:
        return Message(
            platform=PLATFORM,
            conversation=place,
            message_id=message_id,
            user_id=to.user,
            text=text,
            reply_to=to.dump(),
            channel=to.channel,
            private=to.private,
        )

    async def _once(self, key: str, message: Message) -> None:
        """Hand it over once in this process: a mention arrives as two events, and Slack delivers
        again what it thinks is lost. The store sees to questions of earlier processes."""
        task = self._taken.get(key)
        if task is None:
            task = self.spawn(self._hand_over(message))
            remember(self._taken, key, task)
        command = command_of(message.text)
        if command is not None and command[0] != "ask":
            await asyncio.wait({task}, timeout=ACK_S)
            if not task.done():
                return
        error = await asyncio.shield(task)
        if error is not None:
            self._taken.pop(key, None)
            raise error

    async def _hand_over(self, message: Message) -> BaseException | None:
        """Give it to the desk; what goes wrong is returned, for every delivery to see."""
        try:
            message = replace(message, language=await self.members.language(message.user_id))
            if not self.members.allowed(message.channel, message.user_id):
                refusal = private_reply("not_allowed", message.language)
                await self.sender.post(message.reply_to, refusal)
                return None
            self.sender.asked_now(message.reply_to)
            await self.desk.receive(message)
        except DeliveryError as error:
            log.warning("a refusal was not delivered: %s", error)
        except Exception as error:  # noqa: BLE001 - the caller raises it: Slack delivers again
            log.error("a message could not be taken in: %s", error)
            return error
        return None

    # Somebody else's message

    async def _reaction(self, event: Payload) -> None:
        wanted = self.staff_reaction.strip(":")
        item, user = event.get("item") or {}, text_in(event, "user")
        if not wanted or event.get("reaction") != wanted or item.get("type") != "message":
            return
        if not self.members.is_staff(user):
            return
        channel, ts = text_in(item, "channel"), text_in(item, "ts")
        answer = await self.client.call(
            "conversations.replies", channel=channel, ts=ts, limit=1, inclusive=True
        )
        for message in answer.get("messages") or []:
            if message.get("ts") == ts:
                await self._answer_for(channel, message, user)

    async def _shortcut(self, body: Payload) -> None:
        channel, user = text_in(body, "channel", "id"), text_in(body, "user", "id")
        await self._answer_for(channel, body.get("message") or {}, user)

    async def _answer_for(self, channel: str, message: Payload, user: str) -> None:
        """Answer a message in its thread because `user` asked for it."""
        found = written({**message, "type": "message", "channel": channel}, me=self.me.ids)
        if found is not None:
            await self._take(found, await self._place(channel, found.thread), user=user)

    # Commands, buttons and menus

    async def _slash(self, body: Payload) -> None:
        channel, user = text_in(body, "channel_id"), text_in(body, "user_id")
        # Slack delivers a command once, so any number tells it from the next.
        trigger = text_in(body, "trigger_id") or uuid4().hex
        text = slash_text(text_in(body, "command"), text_in(body, "text"))
        question = command_of(text) is None
        await self._asked(channel, user, trigger, text, text_in(body, "response_url"), question)

    async def _asked(
        self, channel: str, user: str, trigger: str, text: str, response_url: str, question: bool
    ) -> None:
        """A question or command that is no message in the channel."""
        to = ReplyTo(
            channel=channel,
            user=user,
            team=self.me.team,
            response_url=response_url,
            asked=text[:500] if question else "",
        )
        root = f"/{trigger}" if question and not to.private else ""
        place = conversation(self.me.team, channel, root)
        await self._once(f"{channel}/{trigger}", self._message(to, place, trigger, text))

    async def _pressed(self, body: Payload) -> None:
        for action in body.get("actions") or []:
            value = text_in(action, "selected_option", "value") or text_in(action, "value")
            if value.startswith("ask:"):
                await self._starter(body, value.removeprefix("ask:"))
            elif value:
                await self._quick(self.presses.pressed(body, value))

    async def _starter(self, body: Payload, question: str) -> None:
        """A starter question of the Home tab is asked in the direct messages."""
        user = text_in(body, "user", "id")
        trigger = text_in(body, "trigger_id") or uuid4().hex
        opened = await self.client.call("conversations.open", users=user)
        await self._asked(text_in(opened, "channel", "id"), user, trigger, question, "", True)

    async def _quick(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, but acknowledge in time; what then goes wrong is logged."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001 - an adapter callback: the next must work
                log.warning("a press failed: %s", type(error).__name__)

        task = self.spawn(guarded())
        await asyncio.wait({task}, timeout=ACK_S)
