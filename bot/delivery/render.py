"""Turns a Reply into what a platform shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.messages import Reply
from engine.types import Source

_HEADLINE = re.compile(r"^\*\*.*\*\*$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")


def plain_text(reply: Reply) -> str:
    """The reply for a terminal that is no terminal, a file or a script."""
    parts = []
    if reply.notice:
        parts.append(reply.notice)
    if reply.text:
        parts.append(_HEADLINE.sub(_unescaped, reply.text))
    for title, sources in entry_lists(reply):
        lines = "\n".join(f"- {entry_text(source)}" for source in sources)
        parts.append(f"{title}:\n{lines}" if title else lines)
    return "\n\n".join(parts)


def _unescaped(headline: re.Match[str]) -> str:
    """A line of bold type for who reads Markdown as it is: without the marks against marks."""
    return _ESCAPED.sub(r"\1", headline.group())


def entry_lists(reply: Reply) -> Iterator[tuple[str, tuple[Source, ...]]]:
    """The lists of entries that stand below a reply, each under its headline (or none)."""
    for title, sources in (
        (reply.sources_title, reply.sources),
        (reply.related_title, reply.related),
    ):
        if sources:
            yield title, sources


def entry_text(source: Source) -> str:
    """Where the entry stands, and below it how it begins where that is to be shown."""
    return f"{source_line(source)}\n  {source.excerpt}" if source.excerpt else source_line(source)


def source_line(source: Source) -> str:
    """Title, then where it stands, then the address where there is one."""
    where = ", ".join(part for part in (source.course, source.section) if part)
    place = f" ({where})" if where else ""
    address = f" {source.url}" if source.url else ""
    return f"{source.title}{place}{address}"
