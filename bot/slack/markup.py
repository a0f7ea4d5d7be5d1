"""Turns Markdown into Slack's mrkdwn, without live mentions and disguised links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from itertools import groupby

from bot.delivery.markdown import (
    Block,
    Code,
    Heading,
    ListBlock,
    Paragraph,
    Quote,
    Rule,
    Span,
    Table,
    parse,
    plain,
)
from bot.delivery.render import table_text, utf16_length
from engine.invisible import without_invisible

#: Characters of the text of one section block.
MAX_SECTION = 3000
#: A longer address is shown, but nobody can press it.
MAX_URL = 1000
#: Characters of the fence around a piece of code.
_FENCE = len("```\n\n```")
_URL = re.compile(r"https?://[^\s<>|\"`\\^{}\x00-\x20]+", re.IGNORECASE)
#: What must not be cut in two: our own links, and escaped characters.
_ATOM = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A run of mrkdwn, or of code that is still bare."""

    text: str
    code: bool = False


def escape(text: str) -> str:
    """`text` as it reads, with nothing in it that Slack would act on."""
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def line(text: str, limit: int) -> str:
    """One escaped line of at most `limit` characters of `text`."""
    flat = " ".join(without_invisible(text).split())
    return escape(flat if len(flat) <= limit else flat[: limit - 1] + "…")


def link(label: str, url: str | None) -> str:
    """A live link with a text of ours or of the FAQ; the bare label without a usable address."""
    label = line(label, 300)
    if not url or len(url) > MAX_URL or not _URL.fullmatch(url):
        return label
    return f"<{escape(url)}|{label.replace('|', '¦')}>" if label else f"<{escape(url)}>"


def pieces(markdown: str, allowed: Set[str]) -> Iterator[str]:
    """The text as mrkdwn in pieces of at most MAX_SECTION; `allowed` are the addresses that may
    stand behind another text."""
    for chunk in _chunks(parse(markdown), allowed):
        yield from _split_code(chunk.text) if chunk.code else split(chunk.text)


def split(text: str, limit: int = MAX_SECTION) -> Iterator[str]:
    """`text` cut at paragraphs, lines or words, never within a link or an escaped character."""
    while utf16_length(text) > limit:
        cut = _cut(text, limit)
        yield text[:cut].rstrip()
        text = text[cut:].lstrip("\n ")
    if text.strip():
        yield text


def _cut(text: str, limit: int) -> int:
    end = limit
    while utf16_length(text[:end]) > limit:
        end -= max(1, (utf16_length(text[:end]) - limit) // 2)
    for mark in ("\n\n", "\n", " "):
        at = text.rfind(mark, end // 2, end)
        if at > 0:
            end = at
            break
    for atom in _ATOM.finditer(text):
        if atom.start() >= end:
            break
        if atom.end() > end and atom.start() > 0:
            return atom.start()
    return end


def _split_code(code: str) -> Iterator[str]:
    """Fenced pieces, cut between lines where the lines are short enough."""
    room = MAX_SECTION - _FENCE
    held = ""
    for row in code.split("\n"):
        for part in _cut_line(escape(row), room):
            if held and utf16_length(held) + utf16_length(part) + 1 > room:
                yield f"```\n{held}\n```"
                held = part
            else:
                held = f"{held}\n{part}" if held else part
    if held.strip():
        yield f"```\n{held}\n```"


def _cut_line(row: str, room: int) -> Iterator[str]:
    while utf16_length(row) > room:
        end = room // 2
        for atom in _ATOM.finditer(row, max(0, end - 5)):
            if atom.start() < end < atom.end():
                end = atom.start()
            break
        yield row[:end]
        row = row[end:]
    yield row


def _chunks(blocks: tuple[Block, ...], allowed: Set[str]) -> Iterator[Chunk]:
    for block in blocks:
        match block:
            case Paragraph(spans=spans):
                yield Chunk(text=_inline(spans, allowed))
            case Heading(spans=spans):
                yield Chunk(text=_styled(_inline(spans, allowed, flat=True), "*"))
            case Code(text=text, language=language):
                if language:
                    yield Chunk(text=_styled(line(language, 40), "_"))
                yield Chunk(text=text.replace("```", "'''"), code=True)
            case ListBlock():
                yield from _list(block, allowed)
            case Table():
                yield Chunk(text=table_text(block).replace("```", "'''"), code=True)
            case Quote(blocks=inner):
                for chunk in _chunks(inner, allowed):
                    quoted = "\n".join(f"> {row}" for row in chunk.text.split("\n"))
                    yield chunk if chunk.code else Chunk(text=quoted)
            case Rule():
                yield Chunk(text="———")


def _list(block: ListBlock, allowed: Set[str]) -> Iterator[Chunk]:
    """Runs of items as one chunk; code within an item stands on its own."""
    rows: list[str] = []
    for number, item in enumerate(block.items, block.start or 0):
        bullet = "•" if block.start is None else f"{number}."
        for chunk in _chunks(item, allowed) if item else [Chunk(text="")]:
            if chunk.code:
                if bullet:
                    rows.append(bullet)
                if rows:
                    yield Chunk(text="\n".join(rows))
                rows = []
                yield chunk
            else:
                first, *others = chunk.text.split("\n")
                rows.append(f"{bullet} {first}" if bullet else f"    {first}")
                rows += [f"    {row}" for row in others]
            bullet = ""
    if rows:
        yield Chunk(text="\n".join(rows))


def _inline(spans: tuple[Span, ...], allowed: Set[str], *, flat: bool = False) -> str:
    text = plain(spans)
    done: list[str] = []
    position = 0
    for span in _joined(spans):
        before = text[position - 1 : position]
        position += len(span.text)
        after = text[position : position + 1]
        shown = _span(span, allowed)
        # Slack reads a style mark only beside something that is no letter.
        if not (flat or span.code or before.isalnum() or after.isalnum()):
            for wanted, mark in ((span.strike, "~"), (span.italic, "_"), (span.bold, "*")):
                shown = _styled(shown, mark) if wanted else shown
        done.append(shown)
    return "".join(done)


def _joined(spans: tuple[Span, ...]) -> Iterator[Span]:
    """Neighbours of one style as one span: an address may be spread over several."""

    def style(numbered: tuple[int, Span]) -> tuple[Span, int | None]:
        number, span = numbered
        return replace(span, text=""), number if span.code else None

    for (bare, _), same in groupby(enumerate(spans), style):
        yield replace(bare, text="".join(span.text for _, span in same))


def _span(span: Span, allowed: Set[str]) -> str:
    if span.code:
        inner = escape(span.text.replace("`", "'").replace("\n", " "))
        shown = f"`{inner}`" if inner.strip() else inner
        return f"{shown} ({_live(span.url)})" if span.url else shown
    if span.url is None:
        return _with_links(span.text)
    if span.text.strip() in (span.url, span.url.removeprefix("mailto:")):
        return _live(span.url)
    if span.url in allowed and span.text.strip():
        return link(span.text, span.url)
    return f"{_with_links(span.text)} ({_live(span.url)})"


def _with_links(text: str) -> str:
    """Escaped text in which the addresses that stand there in full can be pressed."""
    done, position = [], 0
    for found in _URL.finditer(text):
        url = found.group().rstrip(".,;:!?)]}*_~'")
        done += [escape(text[position : found.start()]), _live(url)]
        position = found.start() + len(url)
    return "".join([*done, escape(text[position:])])


def _live(url: str) -> str:
    """A link that shows its own address."""
    if len(url) > MAX_URL or not _URL.fullmatch(url):
        return escape(url)
    return f"<{escape(url)}>"


def _styled(text: str, mark: str) -> str:
    core = text.strip()
    if not core or mark in core or "\n" in core:
        return text
    return text.replace(core, f"{mark}{core}{mark}", 1)
