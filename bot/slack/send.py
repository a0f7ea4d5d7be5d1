"""Writes replies into Slack: one message that is edited until it is final, whatever gets lost."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import replace

from bot.adapter import DeliveryError, DeliveryRefused, MessageGone
from bot.messages import Reply, ReplyState
from bot.remembered import remember
from bot.slack.client import SlackClient
from bot.slack.errors import MarkupRejected, OutcomeUnknown, SlackError
from bot.slack.markup import escape
from bot.slack.metadata import metadata, ours
from bot.slack.parse import ReplyTo
from bot.slack.render import Json, Level, Part, render
from bot.slack.streams import SlackStreams

log = logging.getLogger(__name__)

#: The id of a message that only one person sees: Slack keeps none.
EPHEMERAL = "ephemeral"
#: Seconds between two updates of a message that one person sees.
LOOK_S = 14.0
#: What a message that is no longer needed reads like where it cannot be deleted.
DONE = "⬇️"


class SlackSender:
    """The writing half of the adapter; see `bot.adapter.ChatAdapter`."""

    def __init__(self, client: SlackClient) -> None:
        self._client = client
        self._known: OrderedDict[str, None] = OrderedDict()
        self._streams = SlackStreams(client)
        #: Address for one person's eyes → when it was used last.
        self._used: OrderedDict[str, float] = OrderedDict()
        self._level = Level.NATIVE
        self._rejected = 0

    def asked_now(self, reply_to: str) -> None:
        """This process took the question in, so nothing was written about it before."""
        remember(self._known, reply_to, None)

    # Posting and editing

    async def post(self, reply_to: str, reply: Reply) -> str:
        to = ReplyTo.load(reply_to)
        if reply.ephemeral and (to.response_url or not to.private):
            return await self.whisper(to, reply)
        if reply.job_id is not None and reply_to not in self._known:
            # An earlier attempt, perhaps of an earlier process, may have come through.
            found = (await ours(self._client, to, reply.job_id)).get(0)
            if found:
                message_id = f"{to.channel}/{found[0]}"
                await self.edit(reply_to, message_id, reply)
                remember(self._known, reply_to, None)
                return message_id
        try:
            return await self._write(to, None, reply)
        except OutcomeUnknown:
            self._known.pop(reply_to, None)
            raise
        except DeliveryRefused:
            if to.response_url and reply.job_id is None:
                return await self.whisper(to, reply)
            raise

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> str | None:
        to = ReplyTo.load(reply_to)
        if message_id == EPHEMERAL and reply.state is not ReplyState.FINAL:
            return None  # the address takes few messages, and the last one must be among them
        if message_id == EPHEMERAL and not to.response_url:
            return await self._post_directly(to, render(reply)[0], None)
        if message_id == EPHEMERAL:
            # The address takes five messages: a display that is kept up to date gets them slowly.
            last = self._used.get(to.response_url)
            if last is None or not reply.ephemeral or self._client.pace.clock() - last >= LOOK_S:
                await self.replace(to, reply)
            return None
        if reply.state is ReplyState.WRITING and reply.text and to.thread:
            shown_in = await self._streams.show(to, message_id, reply.text)
            if shown_in is not None:
                return None if shown_in == message_id else shown_in
        await self._streams.end(message_id)
        await self._write(to, message_id, reply)
        if reply.state is ReplyState.FINAL:
            await self._tidy(to, reply_to, message_id, reply.job_id)
        return None

    async def _write(self, to: ReplyTo, message_id: str | None, reply: Reply) -> str:
        """All parts of the reply; in simpler blocks when the workspace refuses better ones."""
        for level in [level for level in Level if level >= self._level]:
            parts = render(reply, level=level, asked=_asked(to))
            try:
                written = await self._write_parts(to, message_id, parts, reply)
            except MarkupRejected as error:
                if level is Level.TEXT:
                    raise
                log.info("Slack refused blocks (%s); trying simpler ones", error.code)
                continue
            self._learn(level, reply)
            return written
        raise AssertionError("the last level either returns or raises")

    def _learn(self, level: Level, reply: Reply) -> None:
        """A workspace that refused the feedback buttons three times running has none."""
        if level is Level.NATIVE and any(a.value.startswith("vote:") for a in reply.actions):
            self._rejected = 0
        elif level is Level.PLAIN and self._level is Level.NATIVE:
            self._rejected += 1
            if self._rejected == 3:
                self._level = Level.PLAIN

    async def _write_parts(
        self, to: ReplyTo, message_id: str | None, parts: list[Part], reply: Reply
    ) -> str:
        final = reply.state is ReplyState.FINAL
        if message_id is None:
            message_id = await self._post_part(to, parts[0], reply.job_id, 0)
        else:
            await self._update_part(message_id, parts[0], reply.job_id, 0, patient=final)
        if not final or (len(parts) == 1 and reply.job_id is None):
            return message_id
        channel, _, ts = message_id.partition("/")
        there: dict[int, list[str]] = {}
        if len(parts) > 1 and reply.job_id is not None:
            there = await ours(self._client, to, reply.job_id, since=ts)
        for number, part in enumerate(parts[1:], 1):
            if number in there:
                known = f"{channel}/{there[number][0]}"
                await self._update_part(known, part, reply.job_id, number, patient=True)
            else:
                thread = to.thread or (ts if to.asked else "")
                below = replace(to, channel=channel, thread=thread)
                await self._post_part(below, part, reply.job_id, number)
        return message_id

    async def _post_part(self, to: ReplyTo, part: Part, job_id: int | None, number: int) -> str:
        values = {
            **_content(part, job_id, number),
            "thread_ts": to.thread or None,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        try:
            answer = await self._client.write("chat.postMessage", to.channel, values)
        except DeliveryRefused:
            if not to.asked or to.private or number:
                raise
            # A slash command reaches us from channels that we are not in.
            return await self._post_directly(to, part, job_id)
        return f"{answer.get('channel') or to.channel}/{answer.get('ts')}"

    async def _post_directly(self, to: ReplyTo, part: Part, job_id: int | None) -> str:
        """Post to the person's direct messages, in private and open to changes."""
        opened = await self._client.call("conversations.open", users=to.user)
        own = ReplyTo(channel=str(opened["channel"]["id"]), user=to.user)
        return await self._post_part(own, part, job_id, 0)

    async def _update_part(
        self, message_id: str, part: Part, job_id: int | None, number: int, *, patient: bool
    ) -> None:
        channel, _, ts = message_id.partition("/")
        # An update without blocks keeps the old ones; an empty list removes them.
        values = {**_content(part, job_id, number), "ts": ts, "blocks": part.blocks}
        try:
            await self._client.write("chat.update", channel, values, patient=patient)
        except SlackError as error:
            if "streaming" not in error.code:
                raise
            # Left open by an earlier process.
            await self._client.write("chat.stopStream", channel, {"ts": ts})
            await self._client.write("chat.update", channel, values, patient=patient)

    async def whisper(self, to: ReplyTo, reply: Reply) -> str:
        """A new message that one person sees: through the address that came with their command
        or press, or as an ephemeral message; where there is neither, one that all see."""
        part = render(reply, level=Level.PLAIN)[0]
        message: Json = {"text": part.text, "blocks": part.blocks}
        if to.response_url and await self._respond(to.response_url, message, replace=False):
            return EPHEMERAL
        values: dict[str, object] = {
            "user": to.user,
            # In a thread that has no replies yet nobody would see it.
            "thread_ts": to.thread if to.thread and to.thread != to.message else None,
            "text": part.text,
        }
        try:
            await self._client.write(
                "chat.postEphemeral", to.channel, {**values, "blocks": part.blocks}
            )
        except MarkupRejected:
            await self._client.write("chat.postEphemeral", to.channel, values)
        except SlackError as error:
            if error.retry_after_s is not None:
                raise
            log.info("no ephemeral message (%s); everybody sees it", error.code)
            return await self._post_part(to, part, None, 0)
        return EPHEMERAL

    async def replace(self, to: ReplyTo, reply: Reply) -> None:
        """The message that was pressed, or that answered a command, now reads like `reply`."""
        part = render(reply, level=Level.PLAIN)[0]
        message: Json = {"text": part.text, "blocks": part.blocks}
        if not await self._respond(to.response_url, message, replace=True):
            raise DeliveryError("an ephemeral message can no longer be changed")

    async def _respond(self, url: str, message: Json, *, replace: bool) -> bool:
        remember(self._used, url, self._client.pace.clock())
        return await self._client.respond(url, message, replace=replace)

    # Tidying up and looking

    async def _tidy(self, to: ReplyTo, reply_to: str, message_id: str, job_id: int | None) -> None:
        """Remove what the final message replaced; best effort."""
        placeholder = self._streams.forget(message_id)
        stale = [placeholder] if placeholder else []
        try:
            if job_id is not None and to.thread and reply_to not in self._known:
                # An earlier process may have left its placeholder beside the stream.
                there = await ours(self._client, to, job_id)
                stale += [f"{to.channel}/{ts}" for ts in there.get(0, [])]
            for each in set(stale) - {message_id}:
                await self._remove(each)
        except DeliveryError as error:
            log.info("a message that is no longer needed stays: %s", error)

    async def _remove(self, message_id: str) -> None:
        channel, _, ts = message_id.partition("/")
        try:
            await self._client.write("chat.delete", channel, {"ts": ts})
        except SlackError as error:
            if error.retry_after_s is not None or isinstance(error, MessageGone):
                raise
            gone: dict[str, object] = {"ts": ts, "text": DONE, "blocks": []}
            await self._client.write("chat.update", channel, gone)


def _content(part: Part, job_id: int | None, number: int) -> dict[str, object]:
    """What makes a message of the part; its text is taken as it is."""
    return {
        "text": part.text,
        "blocks": part.blocks or None,
        "metadata": metadata(job_id, number),
        "parse": "none",
        "link_names": False,
    }


def _asked(to: ReplyTo) -> str:
    """The question of a slash command, which the others in the channel did not see."""
    if not to.asked or to.private:
        return ""
    quoted = escape(" ".join(to.asked.split()))[:500]
    return f"<@{to.user}>: {quoted}"
