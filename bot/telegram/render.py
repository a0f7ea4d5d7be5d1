"""Turns a Reply into Telegram messages: HTML that holds no live mention and no disguised link."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from wcwidth import wcswidth

from bot.delivery.markdown import (
    Block,
    Code,
    Heading,
    ListBlock,
    Paragraph,
    Quote,
    Span,
    Table,
    parse,
    plain,
)
from bot.delivery.render import entry_lists, table_text
from bot.messages import Reply
from bot.telegram.markup import Part, Run, parts_of
from engine.invisible import without_invisible
from engine.types import Source

#: What Telegram itself would bring to life: addresses, mentions, links into the app.
_ALIVE = re.compile(
    r"(?P<url>https?://[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#][\w/@%.~#?&=+:,;!-]*)?(?![\w/.+%@-]))"
    r"|(?P<app>(?:tg|ton|tonsite)://\S*)"
    r"|(?P<at>(?<![\w/.+%@-])[\w/.+%-]*@[\w/.+%@-]*\w)",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]*[A-Za-z0-9]@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
#: A table wider than this breaks on a telephone; its rows become lists.
MAX_TABLE_WIDTH = 60
#: Lists of entries are short: nobody reads the tenth.
MAX_ENTRIES = 10

Runs = tuple[Run, ...]


def render(reply: Reply) -> list[Part]:
    """The messages that show `reply`, at least one."""
    allowed = {source.url for source in (*reply.sources, *reply.related) if source.url}
    allowed |= {match.document.url for match in reply.matches if match.document.url}
    blocks: list[Runs] = []
    if reply.notice:
        blocks.append(_safe([Run(text=without_invisible(reply.notice), italic=True)]))
    blocks += [_block(block, frozenset(allowed)) for block in parse(reply.text)]
    if reply.matches and not reply.sources:
        offered = tuple(Source.of(match) for match in reply.matches)
        blocks.append(_entries(reply.sources_title, offered))
    blocks += [_entries(title, sources) for title, sources in entry_lists(reply)]
    return parts_of([block for block in blocks if block], _safe) or [Part(html="…", plain="…")]


def _entries(title: str, sources: Sequence[Source]) -> Runs:
    """A headline and one line for each entry: its title, linked where it has an address."""
    runs = [Run(text=without_invisible(title), bold=True)] if title else []
    for source in sources[:MAX_ENTRIES]:
        runs.append(Run(text="\n• " if runs else "• "))
        name = " ".join(without_invisible(source.title).split())[:300] or source.id
        if source.url and not any(_mentions(name)):
            runs.append(Run(text=name, url=source.url))
        elif source.url:
            runs.append(Run(text=f"{name} ({source.url})"))
        else:
            runs.append(Run(text=name))
        if source.section:
            runs.append(Run(text=f" ({without_invisible(source.section)})"))
        if source.excerpt:
            runs.append(Run(text=f"\n{without_invisible(source.excerpt)}", italic=True))
    return _safe(runs)


def _block(block: Block, allowed: frozenset[str]) -> Runs:
    match block:
        case Paragraph(spans=spans):
            return _spans(spans, allowed)
        case Heading(spans=spans):
            return tuple(replace(run, bold=True) for run in _spans(spans, allowed))
        case Code(text=text, language=language):
            return (Run(text=text, pre=language),) if text.strip() else ()
        case ListBlock():
            return _list(block, allowed, 0)
        case Table():
            return _table(block, allowed)
        case Quote(blocks=blocks):
            inner = _lines(_block(block, allowed) for block in blocks)
            return tuple(run if run.pre is not None else replace(run, quote=True) for run in inner)
    return (Run(text="———"),)


def _lines(blocks: Iterable[Runs]) -> Runs:
    """Blocks one below the other within one block."""
    runs: list[Run] = []
    for block in blocks:
        if block:
            runs += [Run(text="\n"), *block] if runs else block
    return tuple(runs)


def _list(block: ListBlock, allowed: frozenset[str], depth: int) -> Runs:
    rows: list[Runs] = []
    for number, item in enumerate(block.items, block.start or 0):
        mark = "• " if block.start is None else f"{number}. "
        inner = [
            _list(child, allowed, depth + 1)
            if isinstance(child, ListBlock)
            else _block(child, allowed)
            for child in item
        ]
        rows.append((Run(text="   " * depth + mark), *_lines(inner)))
    return _lines(rows)


def _table(block: Table, allowed: frozenset[str]) -> Runs:
    """Aligned monospace; a list of its rows when it is too wide."""
    text = table_text(block, _width)
    rule = text.split("\n")[1]
    if len(rule) > MAX_TABLE_WIDTH:
        return _wide_table(block, allowed)
    return (Run(text=text, pre=""),)


def _wide_table(block: Table, allowed: frozenset[str]) -> Runs:
    head, *body = block.rows
    if not body:
        return _lines(_spans(cell, allowed) for cell in head)
    rows = []
    for row in body:
        cells = []
        for name, cell in zip(head, row, strict=False):
            label = plain(name).strip()
            named = (Run(text=f"{label}: "),) if label else ()
            cells.append((*named, *_spans(cell, allowed)))
        rows.append((Run(text="• "), *_lines(cells)))
    return _lines([tuple(_safe(row)) for row in rows])


def _width(text: str) -> int:
    return max(wcswidth(text), 0) or len(text)


def _spans(spans: tuple[Span, ...], allowed: frozenset[str]) -> Runs:
    return _safe(_linked(spans, allowed))


def _linked(spans: tuple[Span, ...], allowed: frozenset[str]) -> Iterator[Run]:
    """Runs in which a link is live only if it reads like its target or is one of our sources."""
    for index, span in enumerate(spans):
        following = spans[index + 1].url if index + 1 < len(spans) else None
        own = span.url is not None and (span.url in allowed or _reads_like(span.text, span.url))
        live = own and not any(_mentions(span.text))
        yield Run(
            text=span.text,
            bold=span.bold,
            italic=span.italic,
            strike=span.strike,
            code=span.code,
            # Monospace cannot be a link.
            url=span.url if live and not span.code else None,
        )
        shown = (live and not span.code) or _reads_like(span.text, span.url or "")
        if span.url is not None and not shown and following != span.url:
            yield Run(text=f" ({span.url.removeprefix('mailto:')})")


def _reads_like(text: str, url: str) -> bool:
    return text.strip() == url or f"mailto:{text.strip()}" == url


def _safe(runs: Iterable[Run]) -> Runs:
    """The same text with mentions and links into the app in monospace, which stops them.

    They are looked for across styles: Telegram reads "**@**somebody" as a mention, too.
    """
    runs = tuple(runs)
    borders = [0]
    for start, end in _mentions("".join(run.text for run in runs)):
        borders += [start, end]
    pieces: list[Run] = []
    at = 0
    for run in runs:
        end = at + len(run.text)
        cuts = sorted({at, end, *(border for border in borders if at < border < end)})
        for left, right in pairwise(cuts):
            piece = replace(run, text=run.text[left - at : right - at])
            stopped = bisect_right(borders, left) % 2 == 0 and run.pre is None
            pieces.append(Run(text=piece.text, code=True, quote=run.quote) if stopped else piece)
        at = end
    return tuple(pieces)


def _mentions(text: str) -> Iterator[tuple[int, int]]:
    for match in _ALIVE.finditer(text):
        if match["app"] or (match["at"] and not _EMAIL.fullmatch(match["at"])):
            yield match.span()
