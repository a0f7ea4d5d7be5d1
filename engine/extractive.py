"""Answers without a model: the best entry, verbatim."""

from __future__ import annotations

from engine.excerpt import longest_excerpt
from engine.types import Match

#: Characters of an entry that are quoted; the source has the rest.
MAX_QUOTE_CHARS = 1500


def quote(match: Match, max_chars: int = MAX_QUOTE_CHARS) -> str:
    """The entry's own text; a longer one is cut at a sentence border, never inside code."""
    answer = match.document.answer.strip()
    if len(answer) <= max_chars:
        return answer
    kept = longest_excerpt(answer, lambda text: len(text) <= max_chars)
    return f"{kept}\n\n…" if kept else f"{answer[:max_chars].rstrip()} …"
