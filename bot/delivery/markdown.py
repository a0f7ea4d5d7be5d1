"""Reads Markdown into a small tree that each platform renders in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from engine.invisible import without_invisible

#: Text that reasoning models write for themselves; an unclosed one runs to the end.
_REASONING = re.compile(
    r"<(think|thinking|reasoning|scratchpad)>.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL
)
#: Lists and quotations nested deeper than this are shown flat.
MAX_DEPTH = 8
#: markdown-it drops what is nested deeper than its limit, and recursion ends somewhere: a text that
#: comes near it is not read as Markdown at all.
_MAX_NESTING = 100


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


def parse(markdown: str) -> tuple[Block, ...]:
    """The blocks of `markdown`. HTML in it is plain text; nothing is lost but reasoning tags.

    Never raises: whatever a model writes can be shown.
    """
    text = without_invisible(_REASONING.sub("", markdown))
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": _MAX_NESTING})
    reader.enable(["table", "strikethrough"])
    # A definition that nothing refers to would vanish.
    reader.disable("reference")
    tokens = reader.parse(text)
    if any(token.level >= _MAX_NESTING - 2 for token in tokens):
        return (Paragraph(spans=(Span(text=text.strip()),)),)
    return tuple(_blocks(iter(tokens), None, 0))


def plain(spans: tuple[Span, ...]) -> str:
    return "".join(span.text for span in spans)


def _blocks(tokens: Iterator[Token], end: str | None, depth: int) -> Iterator[Block]:
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
                yield from _code(token)
            case "bullet_list_open" | "ordered_list_open":
                start = int(token.attrGet("start") or 1) if token.tag == "ol" else None
                items = tuple(_items(tokens, token.type.replace("open", "close"), depth + 1))
                if depth < MAX_DEPTH:
                    yield ListBlock(items=items, start=start)
                else:
                    yield from (block for item in items for block in item)
            case "blockquote_open":
                blocks = tuple(_blocks(tokens, "blockquote_close", depth + 1))
                if depth < MAX_DEPTH:
                    yield Quote(blocks=blocks)
                else:
                    yield from blocks
            case "table_open":
                yield Table(rows=tuple(_rows(tokens)))
            case "hr":
                yield Rule()
            case "inline":
                yield Paragraph(spans=tuple(_spans(token.children or [])))


def _code(token: Token) -> Iterator[Block]:
    """The block; what stands beside the language on its first line goes above it."""
    language, _, rest = token.info.strip().partition(" ")
    if rest.strip():
        yield Paragraph(spans=(Span(text=rest.strip(), code=True),))
    yield Code(text=token.content.removesuffix("\n"), language=language)


def _inline(tokens: Iterator[Token], end: str) -> tuple[Span, ...]:
    spans: list[Span] = []
    for token in tokens:
        if token.type == end:
            break
        spans += _spans(token.children or [])
    return tuple(spans)


def _items(tokens: Iterator[Token], end: str, depth: int) -> Iterator[tuple[Block, ...]]:
    for token in tokens:
        if token.type == end:
            return
        if token.type == "list_item_open":
            yield tuple(_blocks(tokens, "list_item_close", depth))


def _rows(tokens: Iterator[Token]) -> Iterator[tuple[tuple[Span, ...], ...]]:
    row: list[tuple[Span, ...]] = []
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "inline":
            row.append(tuple(_spans(token.children or [])))
        elif token.type == "tr_close":
            yield tuple(row)
            row = []


def _spans(tokens: list[Token]) -> Iterator[Span]:
    style = Span(text="")
    unsafe = ""
    for token in tokens:
        # Once more: a character reference such as `&#8203;` has become a character by now.
        token.content = without_invisible(token.content)
        match token.type:
            case "strong_open" | "strong_close":
                style = replace(style, bold=token.nesting == 1)
            case "em_open" | "em_close":
                style = replace(style, italic=token.nesting == 1)
            case "s_open" | "s_close":
                style = replace(style, strike=token.nesting == 1)
            case "link_open":
                href = str(token.attrGet("href") or "")
                style = replace(style, url=_safe_url(href))
                unsafe = "" if style.url else href
            case "link_close":
                style = replace(style, url=None)
                if unsafe:
                    yield replace(style, text=f" ({unsafe})")
            case "code_inline":
                yield replace(style, text=token.content, code=True)
            case "softbreak" | "hardbreak":
                yield replace(style, text="\n")
            case "image":
                yield from _image(token, style)
            case _:
                if token.content:
                    yield replace(style, text=token.content)
        if token.type in ("link_open", "image") and token.attrGet("title"):
            yield replace(style, text=f"{token.attrGet('title')}: ")


def _image(token: Token, style: Span) -> Iterator[Span]:
    """A link to the picture; inside another link its address stands beside it."""
    source = str(token.attrGet("src") or "")
    url = _safe_url(source)
    yield replace(style, text=token.content or "image", url=style.url or url)
    if source and (url is None or style.url):
        yield replace(style, text=f" ({source})")


def _safe_url(url: str) -> str | None:
    return url if re.match(r"(https?://|mailto:)\S+\Z", url, re.IGNORECASE) else None
