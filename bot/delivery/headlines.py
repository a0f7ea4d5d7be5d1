"""Puts answers below the questions of the asker that they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.types import TextPart

#: Characters of a question above its answer.
MAX_HEADLINE_CHARS = 200
#: What would be read as Markdown in it.
_MARKS = re.compile(r"[\\\[\]*_`<>~]")


def in_parts(texts: Iterable[tuple[str, str]]) -> str:
    """Each text below the question that it answers, as Markdown."""
    return "\n\n".join(f"**{headline(question)}**\n\n{text}" for question, text in texts)


def in_parts_so_far(parts: tuple[TextPart, ...]) -> str:
    """What there is of an answer that is still written."""
    if len(parts) == 1:
        return parts[0].text
    return in_parts((part.question, part.text) for part in parts if part.text)


def headline(question: str) -> str:
    """A question on one line, no longer than tells which one it is; its signs are no Markdown."""
    text = " ".join(question.split())
    if len(text) > MAX_HEADLINE_CHARS:
        text = f"{text[: MAX_HEADLINE_CHARS - 1].rsplit(' ', 1)[0]}…"
    return _MARKS.sub(r"\\\g<0>", text)
