"""A workspace of the offline Slack: its channels, and the Web API methods that change them."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

BOT = "UBOT"
TEAM = "T1"
BOT_TOKEN = "xoxb-" + "1" * 12 + "-twin"
APP_TOKEN = "xapp-" + "1" * 12 + "-twin"

Json = dict[str, Any]


class Refused(Exception):
    """An `{"ok": false}` answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one call."""

    status: int = 200
    #: Error code of Slack's own answer.
    error: str = ""
    #: Body instead of JSON.
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    #: The call is carried out before it goes wrong.
    after: bool = False
    #: Hang up instead of answering.
    cut: bool = False


class Workspace:
    """State and rules; limits are those of the real one as far as they are known."""

    def __init__(self) -> None:
        #: Channel → messages, oldest first.
        self.channels: dict[str, list[Json]] = defaultdict(list)
        self.joined: set[str] = {"C1", "C2"}
        self.ephemerals: list[Json] = []
        self.reactions: list[tuple[str, str, str]] = []
        self.statuses: list[Json] = []
        self.views: list[Json] = []
        self.homes: dict[str, Json] = {}
        self.locales: dict[str, str] = {}
        self.calls: list[tuple[str, Json]] = []
        #: Messages that were posted to people, ever; edits do not count.
        self.posted = 0
        self.has_streams = True
        self.has_feedback = True
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.changed = asyncio.Condition()
        self._clock = 1_700_000_000

    def stamp(self) -> str:
        self._clock += 1
        return f"{self._clock}.000100"

    def now(self) -> Callable[[], str]:
        """Makes stamps of the real present, for what catches up by the clock."""
        start = time.time()
        numbers = itertools.count(1)
        return lambda: f"{start + next(numbers):.6f}"

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of `method` go wrong like this."""
        self.faults[method].extend(faults)

    async def notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, done: Callable[[], Any], timeout: float = 120.0) -> Any:
        """Wait until `done()` is true; returns it."""
        async with asyncio.timeout(timeout), self.changed:
            await self.changed.wait_for(done)
        return done()

    def message(self, channel: str, ts: str) -> Json:
        for message in self.channels[channel]:
            if message["ts"] == ts and not message.get("deleted"):
                return message
        raise Refused("message_not_found")

    def ours(self, channel: str) -> list[Json]:
        """Our messages that are there now, oldest first."""
        return [m for m in self.channels[channel] if m.get("user") == BOT and not m.get("deleted")]

    def add(self, channel: str, **values: Any) -> Json:
        message = {"ts": self.stamp(), **{k: v for k, v in values.items() if v is not None}}
        self.channels[channel].append(message)
        return message

    def called(self, method: str) -> list[Json]:
        return [arguments for name, arguments in self.calls if name == method]

    # The Web API

    def call(self, method: str, arguments: Json) -> Json:
        handler = getattr(self, "api_" + method.replace(".", "_"), None)
        if handler is None:
            raise Refused("unknown_method")
        return handler(**arguments) or {}

    def api_auth_test(self, **_: Any) -> Json:
        return {"team_id": TEAM, "user_id": BOT, "bot_id": "BBOT", "team": "Twin"}

    def api_users_info(self, user: str, **_: Any) -> Json:
        return {"user": {"id": user, "locale": self.locales.get(user, "en-US")}}

    def api_conversations_open(self, users: str, **_: Any) -> Json:
        return {"channel": {"id": "D" + users.removeprefix("U")}}

    def api_chat_postMessage(self, channel: str, **values: Any) -> Json:
        self._may_write(channel)
        check_message(values, 40_000, feedback=self.has_feedback)
        kept = {k: values.get(k) for k in ("text", "blocks", "thread_ts", "metadata")}
        message = self.add(channel, user=BOT, bot_id="BBOT", flags=values, **kept)
        self.posted += 1
        return {"channel": channel, "ts": message["ts"]}

    def api_chat_update(self, channel: str, ts: str, **values: Any) -> Json:
        message = self.message(channel, ts)
        if message["user"] != BOT:
            raise Refused("cant_update_message")
        if message.get("streaming"):
            raise Refused("streaming_state_conflict")
        check_message(values, 4_000, feedback=self.has_feedback)
        message.update({k: values[k] for k in ("text", "blocks", "metadata") if k in values})
        message.setdefault("versions", []).append(values.get("text"))
        return {"channel": channel, "ts": ts}

    def api_chat_delete(self, channel: str, ts: str, **_: Any) -> None:
        self.message(channel, ts)["deleted"] = True

    def api_chat_postEphemeral(self, channel: str, user: str, **values: Any) -> Json:
        self._may_write(channel)
        check_message(values, 40_000, feedback=self.has_feedback)
        self.ephemerals.append({"channel": channel, "user": user, **values})
        return {"message_ts": self.stamp()}

    def api_chat_startStream(self, channel: str, thread_ts: str, **values: Any) -> Json:
        if not self.has_streams:
            raise Refused("unknown_method")
        self._may_write(channel)
        if not channel.startswith("D") and not (
            values.get("recipient_user_id") and values.get("recipient_team_id")
        ):
            raise Refused("missing_recipient_user_id")
        text = values.get("markdown_text") or ""
        message = self.add(
            channel, user=BOT, bot_id="BBOT", thread_ts=thread_ts, text=text, streaming=True
        )
        message["versions"] = [text]
        self.posted += 1
        return {"channel": channel, "ts": message["ts"]}

    def api_chat_appendStream(self, channel: str, ts: str, markdown_text: str, **_: Any) -> Json:
        message = self.message(channel, ts)
        if not message.get("streaming"):
            raise Refused("message_not_in_streaming_state")
        message["text"] += markdown_text
        message["versions"].append(message["text"])
        return {"channel": channel, "ts": ts}

    def api_chat_stopStream(self, channel: str, ts: str, **_: Any) -> Json:
        message = self.message(channel, ts)
        if not message.get("streaming"):
            raise Refused("message_not_in_streaming_state")
        message["streaming"] = False
        return {"channel": channel, "ts": ts}

    def api_chat_getPermalink(self, channel: str, message_ts: str, **_: Any) -> Json:
        self.message(channel, message_ts)
        return {"permalink": f"https://twin.example/archives/{channel}/p{message_ts}"}

    def api_reactions_add(self, channel: str, timestamp: str, name: str, **_: Any) -> None:
        self.message(channel, timestamp)
        if (channel, timestamp, name) in self.reactions:
            raise Refused("already_reacted")
        self.reactions.append((channel, timestamp, name))

    def api_conversations_history(self, channel: str, **values: Any) -> Json:
        roots = [m for m in self.channels[channel] if m.get("thread_ts", m["ts"]) == m["ts"]]
        return self._page(roots, values, newest_first=True)

    def api_conversations_replies(self, channel: str, ts: str, **values: Any) -> Json:
        message = self.message(channel, ts)
        root = message.get("thread_ts", ts)
        if root != ts:  # of a reply Slack shows the reply alone
            return {"messages": [message]}
        thread = [m for m in self.channels[channel] if m.get("thread_ts", m["ts"]) == ts]
        return self._page(thread, values, newest_first=False)

    def api_assistant_threads_setStatus(self, **values: Any) -> None:
        self.statuses.append(values)

    def api_views_open(self, trigger_id: str, view: Any, **_: Any) -> Json:
        if not trigger_id:
            raise Refused("invalid_trigger_id")
        self.views.append(_decoded(view))
        return {"view": {"id": "V1"}}

    def api_views_publish(self, user_id: str, view: Any, **_: Any) -> None:
        self.homes[user_id] = _decoded(view)

    def _may_write(self, channel: str) -> None:
        if channel.startswith("C") and channel not in self.joined:
            raise Refused("not_in_channel")

    def _page(self, messages: list[Json], values: Json, *, newest_first: bool) -> Json:
        oldest, inclusive = str(values.get("oldest") or ""), _true(values.get("inclusive"))
        chosen = [
            m
            for m in messages
            if not m.get("deleted") and (m["ts"] > oldest or (inclusive and m["ts"] == oldest))
        ]
        if not _true(values.get("include_all_metadata")):
            chosen = [{k: v for k, v in m.items() if k != "metadata"} for m in chosen]
        if newest_first:
            chosen.reverse()
        return {"messages": chosen[: int(values.get("limit") or 100)]}


def check_message(values: Json, max_text: int, *, feedback: bool) -> None:
    """Refuse what Slack refuses."""
    text, blocks = values.get("text") or "", values.get("blocks") or []
    if not text and not blocks:
        raise Refused("no_text")
    if len(text) > max_text:
        raise Refused("msg_too_long")
    if len(blocks) > 50:
        raise Refused("invalid_blocks")
    total = 0
    action_ids: list[str] = []
    for block in blocks:
        kind = block["type"]
        if kind == "section":
            total += _text_size(block["text"], 3000)
        elif kind == "context":
            if not 1 <= len(block["elements"]) <= 10:
                raise Refused("invalid_blocks")
            total += sum(_text_size(element, 3000) for element in block["elements"])
        elif kind == "actions":
            if not 1 <= len(block["elements"]) <= 25:
                raise Refused("invalid_blocks")
            for element in block["elements"]:
                action_ids.append(element["action_id"])
                _check_element(element)
        elif kind == "context_actions" and feedback:
            for element in block["elements"]:
                action_ids.append(element["action_id"])
                for side in ("positive_button", "negative_button"):
                    _text_size(element[side]["text"], 75)
        else:
            raise Refused("invalid_blocks")
    if len(action_ids) != len(set(action_ids)):
        raise Refused("invalid_blocks")
    if total > 13_200:
        raise Refused("msg_blocks_too_long")


def _check_element(element: Json) -> None:
    if element["type"] == "button":
        _text_size(element["text"], 75)
        if len(element["value"]) > 2000:
            raise Refused("invalid_blocks")
    elif element["type"] == "static_select":
        options = element["options"]
        if not 1 <= len(options) <= 100 or element.get("initial_option", options[0]) not in options:
            raise Refused("invalid_blocks")
        for option in options:
            _text_size(option["text"], 75)
            if len(option["value"]) > 150:
                raise Refused("invalid_blocks")
    else:
        raise Refused("invalid_blocks")


def _text_size(text: Json, most: int) -> int:
    units = len(text["text"].encode("utf-16-le")) // 2
    if not 1 <= units <= most:
        raise Refused("invalid_blocks")
    return units


def shown(message: Json) -> str:
    """Everything a message shows, as mrkdwn."""
    parts: list[str] = []
    for block in message.get("blocks") or []:
        if block["type"] == "section":
            parts.append(block["text"]["text"])
        elif block["type"] == "context":
            parts += [element["text"] for element in block["elements"]]
    return "\n\n".join(parts) or str(message.get("text") or "")


def pressable(message: Json) -> dict[str, Json]:
    """Value → element of everything that can be pressed or chosen."""
    found: dict[str, Json] = {}
    for block in message.get("blocks") or []:
        for element in block.get("elements") or []:
            if element["type"] == "button":
                found[element["value"]] = element
            elif element["type"] == "static_select":
                found |= {option["value"]: element for option in element["options"]}
            elif element["type"] == "feedback_buttons":
                for side in ("positive_button", "negative_button"):
                    found[element[side]["value"]] = element
    return found


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _true(value: Any) -> bool:
    return str(value).lower() in ("true", "1")
