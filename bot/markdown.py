"""Reads Markdown into a small tree that each platform renders in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: Text that reasoning models write for themselves; an unclosed one runs to the end.
_REASONING = re.compile(
    r"<(think|thinking|reasoning|scratchpad)>.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL
)
#: Controls, bidirectional overrides, zero-width and tag characters: they hide text from a reader.
#: Joiners (U+200C/D) and the emoji selector (U+FE0F) are kept: scripts and emoji need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufe00-\ufe0e\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
#: Nested deeper than this, text is shown flat: a hostile text must not exhaust the stack.
MAX_DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text in one style. A line break inside a block is `\\n` in the text."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    #: http(s) or mailto target; the text may claim to be something else.
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A title, level 1–6."""

    level: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code block; the text has no final newline."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListBlock:
    """Items, each a sequence of blocks. `start` is the first number, None for bullets."""

    items: tuple[tuple[Block, ...], ...]
    start: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells; the first row is the head."""

    rows: tuple[tuple[tuple[Span, ...], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A block quotation."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A horizontal line."""


Block = Paragraph | Heading | Code | ListBlock | Table | Quote | Rule


def visible(text: str) -> str:
    """`text` without characters that a reader cannot see but a program obeys."""
    return _INVISIBLE.sub("", text)


def parse(markdown: str) -> tuple[Block, ...]:
    """The blocks of `markdown`. HTML in it is plain text; nothing is lost but reasoning tags.

    Never raises: whatever a model writes can be shown.
    """
    text = visible(_REASONING.sub("", markdown))
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_DEPTH * 2})
    reader.enable(["table", "strikethrough"])
    return tuple(_blocks(iter(reader.parse(text)), None))


def plain(spans: tuple[Span, ...]) -> str:
    """The bare text of `spans`."""
    return "".join(span.text for span in spans)


def _blocks(tokens: Iterator[Token], end: str | None) -> Iterator[Block]:
    """Blocks up to the token of type `end`."""
    for token in tokens:
        if token.type == end:
            return
        match token.type:
            case "paragraph_open":
                yield Paragraph(spans=_inline(tokens, "paragraph_close"))
            case "heading_open":
                yield Heading(level=int(token.tag[1:]), spans=_inline(tokens, "heading_close"))
            case "fence" | "code_block":
                language = token.info.split()[0] if token.info.split() else ""
                yield Code(text=token.content.removesuffix("\n"), language=language)
            case "bullet_list_open":
                yield ListBlock(items=tuple(_items(tokens, "bullet_list_close")))
            case "ordered_list_open":
                start = int(token.attrGet("start") or 1)
                yield ListBlock(items=tuple(_items(tokens, "ordered_list_close")), start=start)
            case "blockquote_open":
                yield Quote(blocks=tuple(_blocks(tokens, "blockquote_close")))
            case "table_open":
                yield Table(rows=tuple(_rows(tokens)))
            case "hr":
                yield Rule()
            case "inline":
                yield Paragraph(spans=tuple(_spans(token.children or [])))


def _inline(tokens: Iterator[Token], end: str) -> tuple[Span, ...]:
    spans: list[Span] = []
    for token in tokens:
        if token.type == end:
            break
        spans += _spans(token.children or [])
    return tuple(spans)


def _items(tokens: Iterator[Token], end: str) -> Iterator[tuple[Block, ...]]:
    for token in tokens:
        if token.type == end:
            return
        if token.type == "list_item_open":
            yield tuple(_blocks(tokens, "list_item_close"))


def _rows(tokens: Iterator[Token]) -> Iterator[tuple[tuple[Span, ...], ...]]:
    row: list[tuple[Span, ...]] = []
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "tr_open":
            row = []
        elif token.type == "inline":
            row.append(tuple(_spans(token.children or [])))
        elif token.type == "tr_close":
            yield tuple(row)


def _spans(tokens: list[Token]) -> Iterator[Span]:
    style = Span(text="")
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                style = replace(style, bold=token.nesting == 1)
            case "em_open" | "em_close":
                style = replace(style, italic=token.nesting == 1)
            case "s_open" | "s_close":
                style = replace(style, strike=token.nesting == 1)
            case "link_open":
                style = replace(style, url=_safe_url(str(token.attrGet("href") or "")))
            case "link_close":
                style = replace(style, url=None)
            case "code_inline":
                yield replace(style, text=token.content, code=True)
            case "softbreak" | "hardbreak":
                yield replace(style, text="\n")
            case "image":
                url = _safe_url(str(token.attrGet("src") or ""))
                yield replace(style, text=token.content or "image", url=style.url or url)
            case _:
                if token.content:
                    yield replace(style, text=token.content)


def _safe_url(url: str) -> str | None:
    return url if re.match(r"(https?://|mailto:)\S+\Z", url, re.IGNORECASE) else None
