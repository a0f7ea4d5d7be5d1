"""What Slack sends, read: who wrote what, where, and whether it is meant for us."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass
from typing import Any

PLATFORM = "slack"

#: Message subtypes that are still somebody writing something.
_WRITTEN = {"", "file_share", "thread_broadcast", "me_message"}
_TOKEN = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_OTHERS = re.compile(r"<@([UW][A-Z0-9]+)|<!(?:here|channel|everyone|subteam)")
#: Words that `/faq WORD` takes as a command rather than a question.
_WORDS = {"help", "status", "new", "cancel"}

#: Something Slack sent as JSON.
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """Where an answer goes; stored with the question as a string."""

    channel: str
    user: str
    #: The workspace.
    team: str = ""
    #: Root of the thread to answer in; "" answers in the channel itself.
    thread: str = ""
    #: The message that asked; "" after a slash command.
    message: str = ""
    #: Takes messages that only the asker sees, for half an hour and five times.
    response_url: str = ""
    #: The question of a slash command, which the channel does not see.
    asked: str = ""

    def dump(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value})

    @classmethod
    def load(cls, text: str) -> ReplyTo:
        """What `dump` wrote."""
        return cls(**{"channel": "", "user": "", **json.loads(text)})

    @property
    def private(self) -> bool:
        """Whether nobody but the person reads it."""
        return self.channel.startswith("D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message that a person wrote where we can read it."""

    channel: str
    ts: str
    #: Root of its thread; "" outside of threads.
    thread: str
    user: str
    #: For reading: without the mention of us, tokens and escapes resolved.
    text: str
    #: We are mentioned.
    to_us: bool
    #: Somebody else is mentioned.
    to_others: bool

    @property
    def private(self) -> bool:
        """A direct message: everything in it is for us."""
        return self.channel.startswith("D")


def text_in(payload: Payload, *keys: str) -> str:
    """The string at the end of a path of keys; empty where Slack left any of it out, or sent
    something else on the way."""
    value: Any = payload
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return str(value or "")


def written(event: Payload, *, me: Set[str]) -> Written | None:
    """The message of a `message` or `app_mention` event; None when no person wrote one.

    `me` holds our own ids: what we and other bots write is never answered.
    """
    channel, ts, user = (text_in(event, key) for key in ("channel", "ts", "user"))
    if not (channel and ts and user) or user in me or event.get("bot_id"):
        return None
    subtype = text_in(event, "subtype")
    if subtype not in _WRITTEN or event.get("hidden") or user == "USLACKBOT":
        return None
    text, thread = text_in(event, "text"), text_in(event, "thread_ts")
    mentioned = {found.group(1) or "!" for found in _OTHERS.finditer(text)}
    return Written(
        channel=channel,
        ts=ts,
        thread="" if thread == ts else thread,
        user=user,
        text=readable(text, me),
        to_us=event.get("type") == "app_mention" or bool(mentioned & me),
        to_others=bool(mentioned - me),
    )


def readable(text: str, me: Set[str]) -> str:
    """Slack's markup as a person reads it, without the mention of us."""

    def word(found: re.Match[str]) -> str:
        target, label = found.group(1), found.group(2)
        if target.startswith("@"):
            return "" if target[1:] in me else "@" + (label or target[1:])
        if target.startswith("#"):
            return "#" + (label or target[1:])
        if target.startswith("!"):
            return label or "@" + target[1:].split("^")[0]
        address = target.removeprefix("mailto:")
        return address if not label or label == address else f"{label} ({target})"

    plain = _TOKEN.sub(word, text)
    for escaped, char in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        plain = plain.replace(escaped, char)
    return plain.strip()


def slash_text(command: str, text: str) -> str:
    """A slash command as the desk takes it: `/faq QUESTION` is the question."""
    text = readable(text, frozenset())
    if command.lstrip("/") != "faq":
        return f"{command} {text}".strip()
    if not text:
        return "/help"
    return f"/{text.lower()}" if text.lower() in _WORDS else text


def conversation(team: str, channel: str, root: str) -> str:
    """The key of a conversation; `root` is "" for a direct message outside of threads."""
    return f"{team}:{channel}:{root}" if root else f"{team}:{channel}"
