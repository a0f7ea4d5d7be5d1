"""A Reply as Slack messages: blocks with a fallback text, within Slack's limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from bot.delivery.render import entry_lists, utf16_length
from bot.messages import Action, ActionStyle, Reply
from bot.slack.markup import MAX_SECTION, escape, line, link, pieces, split
from engine.invisible import without_invisible
from engine.types import Source

#: What Slack takes as JSON.
Json = dict[str, object]

#: Characters of all blocks of one message.
MAX_MESSAGE = 12_000
MAX_BLOCKS = 50
#: Characters of the text beside the blocks; `chat.update` refuses more than 4,000.
MAX_TEXT = 3_900
#: Characters of the label of a button or menu entry.
MAX_LABEL = 75
#: Kinds of actions that choose one of several.
_CHOICES = ("model", "course")
_STREAM = str.maketrans({"<": "‹", "@": "＠"})


class Level(IntEnum):
    """How much of the block kit a workspace takes; the next is tried when one is refused."""

    #: With the feedback buttons of 2025.
    NATIVE = 0
    #: Blocks that every workspace knows.
    PLAIN = 1
    #: No blocks at all.
    TEXT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One Slack message."""

    text: str
    blocks: list[Json] = field(default_factory=list)


def render(reply: Reply, *, level: Level = Level.NATIVE, asked: str = "") -> list[Part]:
    """The messages that show `reply`; more than one only when it is long.

    `asked` is the question where nobody can see it otherwise, as after a slash command.
    """
    head = _head(reply, asked)
    body = _sections(reply)
    tail = _tail(reply)
    if level is Level.TEXT:
        texts = list(split("\n\n".join([*head, *body, *tail]), MAX_TEXT)) or ["…"]
        return [Part(text=text) for text in texts]
    blocks = [(_context(text), text) for text in head]
    blocks += [(_section(text), text) for text in body]
    blocks += [(_context(text), text) for text in tail]
    parts = _pack(blocks or [(_section("…"), "…")])
    actions = _actions(reply.actions, level)
    if actions:
        if len(parts[-1].blocks) + len(actions) > MAX_BLOCKS:
            parts.append(Part(text="…"))
        parts[-1].blocks.extend(actions)
    return parts


def stream_text(markdown: str) -> str:
    """Markdown for a stream, made so that a longer text begins like the shorter one did.

    It is shown for seconds, until the final blocks replace it: mentions and links are disarmed by
    look-alike characters.
    """
    return without_invisible(markdown).translate(_STREAM).replace("](", "] (")


def reason_view(value: str, *, label: str, reasons: Mapping[str, str], reply_to: str) -> Json:
    """The window that asks what was wrong; `value` is that of the vote."""
    options = [{"text": _plain(text), "value": name} for name, text in reasons.items()]
    return {
        "type": "modal",
        "callback_id": "reason",
        "private_metadata": f"{value}\n{reply_to}"[:3000],
        "title": _plain("FAQ Desk"),
        "submit": _plain("OK"),
        "blocks": [
            _input("kind", label, {"type": "radio_buttons", "options": options}),
            _input(
                "words", "✏️", {"type": "plain_text_input", "multiline": True, "max_length": 400}
            ),
        ],
    }


def _input(name: str, label: str, element: Json) -> Json:
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": _plain(label),
        "element": {**element, "action_id": name},
    }


def home_view(status: str, starters: Sequence[str], *, welcome: str, how: str) -> Json:
    """The Home tab: what the assistant is, how it is, and questions to begin with."""
    blocks: list[Json] = [_section(text) for text in pieces(welcome, frozenset())]
    blocks += [_section(text) for text in pieces(status, frozenset())]
    if starters:
        blocks += [{"type": "divider"}, _section(escape(how))]
    for number, question in enumerate(starters[:20]):
        button = _button(Action(label=question, value=f"ask:{question}"), number)
        blocks.append({"type": "actions", "elements": [button]})
    return {"type": "home", "blocks": blocks[:100]}


# What stands in a message


def _head(reply: Reply, asked: str) -> list[str]:
    notice = line(reply.notice, 600)
    return [text for text in (asked, notice) if text]


def _sections(reply: Reply) -> list[str]:
    """The text in as few sections as it fits into."""
    held: list[str] = []
    for piece in pieces(reply.text, _addresses(reply)):
        if held and utf16_length(held[-1]) + utf16_length(piece) + 2 <= MAX_SECTION:
            held[-1] += "\n\n" + piece
        else:
            held.append(piece)
    return held


def _tail(reply: Reply) -> list[str]:
    offered = [f"• {link(m.document.question, m.document.url)}" for m in reply.matches]
    lists = [(reply.sources_title, offered)] if offered else []
    lists += [(title, [_entry(source) for source in own]) for title, own in entry_lists(reply)]
    texts: list[str] = []
    for title, lines in lists:
        head = f"*{line(title, 200)}*" if title else ""
        texts += split("\n".join([head, *lines]).strip())
    return texts


def _entry(source: Source) -> str:
    """An entry on one line, and below it how it begins where that is to be shown."""
    where = line(", ".join(part for part in (source.course, source.section) if part), 200)
    place = f" ({where})" if where else ""
    excerpt = f"\n   {line(source.excerpt, 300)}" if source.excerpt else ""
    return f"• {link(source.title, source.url)}{place}{excerpt}"


def _addresses(reply: Reply) -> frozenset[str]:
    """Addresses that may be behind another text: those of the entries of this reply."""
    known = {source.url for source in (*reply.sources, *reply.related)}
    known |= {match.document.url for match in reply.matches}
    if reply.answer is not None:
        known |= {source.url for source in reply.answer.sources + reply.answer.related}
    texts = " ".join(match.document.answer for match in reply.matches)
    return frozenset(url for url in known if url) | frozenset(
        re.findall(r"https?://[^\s()<>\[\]\"'`]+", texts)
    )


def _pack(blocks: list[tuple[Json, str]]) -> list[Part]:
    """Blocks with their text, spread over as few messages as the limits allow."""
    parts: list[tuple[list[Json], list[str], int]] = []
    for block, text in blocks:
        room = utf16_length(text)
        if not parts or parts[-1][2] + room > MAX_MESSAGE or len(parts[-1][0]) >= MAX_BLOCKS - 2:
            parts.append(([], [], 0))
        held, texts, used = parts[-1]
        parts[-1] = ([*held, block], [*texts, text], used + room)
    return [Part(text=_fallback(texts), blocks=held) for held, texts, _ in parts]


def _fallback(texts: list[str]) -> str:
    whole = "\n\n".join(texts)
    if utf16_length(whole) <= MAX_TEXT:
        return whole
    return next(split(whole, MAX_TEXT - 1)) + "…"


def _section(text: str) -> Json:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Json:
    # verbatim: Slack must not make links and mentions of its own out of what it reads.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _context(text: str) -> Json:
    return {"type": "context", "elements": [_mrkdwn(text)]}


# What can be pressed


def _actions(actions: Sequence[Action], level: Level) -> list[Json]:
    if not actions:
        return []
    kinds = {action.value.partition(":")[0] for action in actions}
    if len(actions) > 1 and len(kinds) == 1 and kinds <= set(_CHOICES):
        return [{"type": "actions", "elements": [_select(actions, kinds.pop())]}]
    votes = [action for action in actions if action.value.startswith("vote:")]
    blocks: list[Json] = []
    if len(votes) == 2 and level is Level.NATIVE:
        blocks.append({"type": "context_actions", "elements": [_feedback(votes)]})
        actions = [action for action in actions if action not in votes]
    buttons: list[Json] = [_button(action, number) for number, action in enumerate(actions[:25])]
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    return blocks


def _plain(text: str) -> Json:
    flat = " ".join(without_invisible(text).split()) or "…"
    short = flat if len(flat) <= MAX_LABEL else flat[: MAX_LABEL - 1] + "…"
    return {"type": "plain_text", "text": short, "emoji": True}


def _button(action: Action, number: int) -> Json:
    button: Json = {
        "type": "button",
        "action_id": f"press:{number}",
        "text": _plain(action.label),
        "value": action.value[:2000],
    }
    if action.style is not ActionStyle.PLAIN:
        button["style"] = action.style.value
    return button


def _feedback(votes: Sequence[Action]) -> Json:
    up, down = votes
    return {
        "type": "feedback_buttons",
        "action_id": "press:vote",
        "positive_button": {"text": _plain(up.label), "value": up.value},
        "negative_button": {"text": _plain(down.label), "value": down.value},
    }


def _select(actions: Sequence[Action], kind: str) -> Json:
    options: list[Json] = [
        {"text": _plain(action.label), "value": action.value[:150]} for action in actions[:100]
    ]
    select: Json = {"type": "static_select", "action_id": f"press:{kind}", "options": options}
    for action, option in zip(actions, options, strict=False):
        if action.current:
            select["initial_option"] = option
    return select
