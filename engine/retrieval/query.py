"""What is searched for: the text of a question, alone and in its conversation."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from engine.corpus.text import clean_line
from engine.limits import SEARCHED_CHARS
from engine.types import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryContext:
    """What a question goes on from, as `engine.answer.query_rewriting` reads it."""

    #: The question behind what the conversation was about.
    text: str
    #: Whether the question means nothing without it.
    needed: bool
    #: Ids of the entries that were shown before.
    shown_ids: tuple[str, ...]


def query_text(question: Question) -> str:
    """The question as one clean line; empty when it holds no letter and no digit."""
    text = as_query(question.text)
    return text if any(char.isalnum() for char in text) else ""


def as_query(text: str) -> str:
    """`text` as one clean line that is not too long to be searched for."""
    # Cut first: what follows must cost the same for a megabyte. Twice: NFKC may lengthen.
    start = unicodedata.normalize("NFKC", text.lstrip()[:SEARCHED_CHARS])
    return clean_line(start)[:SEARCHED_CHARS]
