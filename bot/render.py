"""Turns a Reply into what a platform shows."""

from __future__ import annotations

from bot.messages import Reply
from engine.types import Source


def plain_text(reply: Reply) -> str:
    """The reply for a terminal that is no terminal, a file or a script."""
    parts = []
    if reply.notice:
        parts.append(reply.notice)
    if reply.text:
        parts.append(reply.text)
    if reply.sources:
        lines = "\n".join(f"- {source_line(source)}" for source in reply.sources)
        parts.append(f"{reply.sources_title}:\n{lines}")
    return "\n\n".join(parts)


def source_line(source: Source) -> str:
    """Title, then where it stands, then the address where there is one."""
    where = ", ".join(part for part in (source.course, source.section) if part)
    place = f" ({where})" if where else ""
    address = f" {source.url}" if source.url else ""
    return f"{source.title}{place}{address}"
