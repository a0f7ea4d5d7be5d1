"""Text that Slack shows growing: `chat.startStream` and its kin, where the workspace has them."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field

from bot.adapter import DeliveryError
from bot.remembered import remember
from bot.slack.client import SlackClient
from bot.slack.errors import OutcomeUnknown, SlackError
from bot.slack.parse import ReplyTo
from bot.slack.render import stream_text

log = logging.getLogger(__name__)

#: Characters of Markdown that a stream takes.
MAX_STREAM = 11_000
#: Refused once with one of these, a workspace has no streams.
_NO_STREAMS = frozenset(
    {
        "feature_not_enabled",
        "missing_scope",
        "not_allowed",
        "not_allowed_token_type",
        "team_not_allowed",
        "unknown_method",
    }
)


@dataclass(slots=True)
class _Stream:
    sent: str
    #: The message that said "writing"; it is removed when the answer is complete, because until
    #: then it holds the button that stops it.
    placeholder: str
    open: bool = True


@dataclass(eq=False, slots=True)
class SlackStreams:
    """The streams of this process. A stream is a message of its own: the answer moves into it."""

    client: SlackClient
    _streams: OrderedDict[str, _Stream] = field(init=False, default_factory=OrderedDict)
    _supported: bool = field(init=False, default=True)

    async def show(self, to: ReplyTo, message_id: str, markdown: str) -> str | None:
        """Show the text so far; the id of the message with it, None where it must be an edit."""
        text = stream_text(markdown)[:MAX_STREAM]
        stream = self._streams.get(message_id)
        if stream is None:
            return await self._open(to, message_id, text) if self._supported else None
        if not stream.open:
            return None
        if len(text) > len(stream.sent) and text.startswith(stream.sent):
            await self._append(to.channel, message_id, stream, text)
        return message_id if stream.open else None

    async def end(self, message_id: str) -> None:
        """Close the stream, if this message is one, so that it can be edited."""
        stream = self._streams.get(message_id)
        if stream is None or not stream.open:
            return
        channel, _, ts = message_id.partition("/")
        try:
            await self.client.write("chat.stopStream", channel, {"ts": ts})
        except SlackError as error:
            if error.code == "ratelimited":
                raise
        stream.open = False

    def forget(self, message_id: str) -> str:
        """The answer is complete; returns the message that it replaced, if there is one."""
        stream = self._streams.pop(message_id, None)
        return stream.placeholder if stream else ""

    async def _open(self, to: ReplyTo, message_id: str, text: str) -> str | None:
        public = not to.private
        values: dict[str, object] = {
            "thread_ts": to.thread,
            "recipient_user_id": to.user if public else None,
            "recipient_team_id": to.team if public else None,
            "markdown_text": text,
        }
        try:
            answer = await self.client.write("chat.startStream", to.channel, values, patient=False)
        except OutcomeUnknown:
            # A second attempt could leave two streams.
            remember(self._streams, message_id, _Stream(sent="", placeholder="", open=False))
            return None
        except SlackError as error:
            if error.code == "ratelimited":
                raise
            if error.code in _NO_STREAMS:
                log.info("this workspace has no streams (%s); messages are edited", error.code)
                self._supported = False
            remember(self._streams, message_id, _Stream(sent="", placeholder="", open=False))
            return None
        except DeliveryError:  # too many streams for now: this version is an edit
            return None
        moved = f"{answer.get('channel') or to.channel}/{answer.get('ts')}"
        remember(self._streams, moved, _Stream(sent=text, placeholder=message_id))
        return moved

    async def _append(self, channel: str, message_id: str, stream: _Stream, text: str) -> None:
        values: dict[str, object] = {
            "ts": message_id.partition("/")[2],
            "markdown_text": text[len(stream.sent) :],
        }
        try:
            await self.client.write("chat.appendStream", channel, values, patient=False)
        except OutcomeUnknown:
            # Appending again could say it twice: from now on the message is edited.
            await self.end(message_id)
        except SlackError as error:
            if error.code == "ratelimited":
                raise
            stream.open = False  # it lapsed in a pause
        else:
            stream.sent = text
