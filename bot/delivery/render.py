"""Turns a Reply into plain text, and holds what the platforms' own renderers share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import zip_longest

from bot.delivery.markdown import Span, Table
from bot.messages import Reply
from engine.types import Source

#: A bold line, such as an entry's question: plain text shows it without Markdown's backslashes.
_HEADLINE = re.compile(r"^\*\*.*\*\*$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")


def plain_text(reply: Reply) -> str:
    """The reply for a terminal that is no terminal, a file or a script."""
    parts = []
    if reply.notice:
        parts.append(reply.notice)
    if reply.text:
        parts.append(_HEADLINE.sub(lambda line: _ESCAPED.sub(r"\1", line.group()), reply.text))
    for title, sources in entry_lists(reply):
        lines = [f"{title}:"] if title else []
        for source in sources:
            lines.append(f"- {source_line(source)}")
            lines += [f"  {source.excerpt}"] if source.excerpt else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def entry_lists(reply: Reply) -> Iterator[tuple[str, tuple[Source, ...]]]:
    """The lists of entries that stand below a reply, each under its headline (or none)."""
    for title, sources in (
        (reply.sources_title, reply.sources),
        (reply.related_title, reply.related),
    ):
        if sources:
            yield title, sources


def source_line(source: Source) -> str:
    """Title, then where it stands, then the address where there is one."""
    where = ", ".join(part for part in (source.course, source.section) if part)
    place = f" ({where})" if where else ""
    address = f" {source.url}" if source.url else ""
    return f"{source.title}{place}{address}"


def utf16_length(text: str) -> int:
    """The length of `text` as Slack's clients and Telegram count it."""
    return len(text) + sum(char > "\uffff" for char in text)


def table_text(table: Table, width: Callable[[str], int] = len) -> str:
    """The table in aligned columns for a fixed-width font; `width` measures a text in it."""
    rows = [[_cell(spans) for spans in row] for row in table.rows]
    widths = [max(map(width, column)) for column in zip_longest(*rows, fillvalue="")]
    lines = []
    for row in rows:
        cells = zip(row, widths, strict=False)
        lines.append(" | ".join(text + " " * (space - width(text)) for text, space in cells))
    lines.insert(1, "-+-".join("-" * space for space in widths))
    return "\n".join(line.rstrip() for line in lines)


def _cell(spans: tuple[Span, ...]) -> str:
    """The cell on one line, each address beside the text that hides it."""
    texts = [
        f"{span.text} ({span.url})" if span.url and span.url != span.text else span.text
        for span in spans
    ]
    return " ".join("".join(texts).split())
