"""Styled text for Telegram: runs, their length in UTF-16 units, and cutting at good borders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby
from unicodedata import category

from bot.delivery.render import utf16_length

#: Telegram's limit of a message, counted after parsing, in UTF-16 units.
MAX_UNITS = 4096
#: Telegram ignores what is styled beyond 100 entities of a message.
MAX_ENTITIES = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Text in one style; each run becomes one nest of tags."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    quote: bool = False
    #: Monospace within a line.
    code: bool = False
    #: A code block; its language is "" where there is none.
    pre: str | None = None
    url: str | None = None

    @property
    def html(self) -> str:
        """The run as Telegram's HTML, but for `quote`. Monospace cannot be combined with more."""
        text = escape(self.text, quote=False)
        if self.pre is not None:
            language = re.sub(r"[^\w+#.-]", "", self.pre)[:32]
            if not language:
                return f"<pre>{text}</pre>"
            return f'<pre><code class="language-{escape(language)}">{text}</code></pre>'
        if self.code:
            return f"<code>{text}</code>"
        if self.url:
            text = f'<a href="{escape(self.url)}">{text}</a>'
        for tag, on in (("s", self.strike), ("i", self.italic), ("b", self.bold)):
            text = f"<{tag}>{text}</{tag}>" if on else text
        return text

    @property
    def entities(self) -> int:
        """How many entities the run becomes."""
        if self.pre is not None or self.code:
            return 1
        return sum((self.bold, self.italic, self.strike, self.quote, bool(self.url)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message; `plain` is what is left when Telegram rejects the markup."""

    html: str
    plain: str


def parts_of(
    blocks: list[tuple[Run, ...]],
    finish: Callable[[list[Run]], Iterable[Run]] = lambda runs: runs,
) -> list[Part]:
    """`blocks` in as few messages as hold them, cut between blocks where that can be. `finish` sees
    the runs of each message at last: a cut may have made something new of them."""
    parts: list[list[Run]] = []
    room, entities = 0, 0
    for block in blocks:
        for index, piece in enumerate(_pieces(block)):
            length, count = _length(piece), sum(run.entities for run in piece)
            fits = parts and index == 0 and length + 2 <= room and count <= entities
            if fits:
                parts[-1] += [Run(text="\n\n"), *piece]
                room, entities = room - length - 2, entities - count
            else:
                parts.append(list(piece))
                room, entities = MAX_UNITS - length, MAX_ENTITIES - count
    return [part for part in (_part(finish(runs)) for runs in parts) if part.plain.strip()]


def _part(runs: Iterable[Run]) -> Part:
    runs = list(runs)
    html = ""
    for quote, quoted in groupby(_joined(runs), key=lambda run: run.quote):
        inner = "".join(run.html for run in quoted)
        html += f"<blockquote>{inner}</blockquote>" if quote else inner
    return Part(html=html, plain="".join(run.text for run in runs))


def _joined(runs: Iterable[Run]) -> Iterator[Run]:
    for bare, same in groupby(runs, lambda run: replace(run, text="")):
        yield replace(bare, text="".join(run.text for run in same))


def _length(runs: tuple[Run, ...]) -> int:
    return sum(utf16_length(run.text) for run in runs)


def _pieces(block: tuple[Run, ...]) -> Iterator[tuple[Run, ...]]:
    """`block` in pieces of at most a message each."""
    rest = block
    while _length(rest) > MAX_UNITS or sum(run.entities for run in rest) > MAX_ENTITIES:
        text = "".join(run.text for run in rest)
        head, rest = _split(rest, _cut(text, _limit(rest)))
        yield head
    yield rest


def _limit(runs: tuple[Run, ...]) -> int:
    """How many characters of `runs` fit into one message."""
    length, size, entities = 0, 0, 0
    for run in runs:
        entities += run.entities
        if entities > MAX_ENTITIES:
            return max(1, length)
        for char in run.text:
            size += 2 if char > "\uffff" else 1
            if size > MAX_UNITS:
                return length
            length += 1
    return length


def _cut(text: str, limit: int) -> int:
    """Where to cut `text` at `limit` or a little before: after a line, a sentence, a word, or at
    least not within what a reader sees as one character."""
    for mark in ("\n\n", "\n", ". ", " "):
        at = text.rfind(mark, limit // 2, limit)
        if at > 0:
            return at + len(mark)
    at = limit
    while at > max(1, limit - 64) and _sticks(text[at - 1], text[at : at + 1]):
        at -= 1
    return at


def _sticks(before: str, after: str) -> bool:
    """Whether a reader sees these two as one: accents, joined or coloured emoji, flags."""
    joiners = "\u200d\ufe0f"
    return bool(after) and (
        before == "\u200d"
        or after in joiners
        or category(after).startswith("M")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")
    )


def _split(runs: tuple[Run, ...], at: int) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    head: list[Run] = []
    for index, run in enumerate(runs):
        if len(run.text) >= at:
            head.append(replace(run, text=run.text[:at]))
            tail = replace(run, text=run.text[at:])
            return tuple(head), ((tail, *runs[index + 1 :]) if tail.text else runs[index + 1 :])
        head.append(run)
        at -= len(run.text)
    return tuple(head), ()
