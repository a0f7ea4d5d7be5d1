"""Rewrites a follow-up for the search: with what the conversation was about before it."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.answer.asking import goes_on, meaningful, plain, points_back
from engine.answer.gist import gist_of
from engine.answer.small_talk import is_courtesy
from engine.retrieval.retrieval import QueryContext, as_query, query_text
from engine.types import Question, Turn

#: A follow-up of at most so many words that mean something cannot stand alone.
FEW_WORDS = 3
#: A question of at most so many words may still hang on a pronoun.
SHORT = 10
#: Earlier questions looked at to find one that was answered.
LOOK_BACK = 3
#: Entries of an earlier answer that say what the conversation is about, and characters of it: an
#: embedder reads some 900, and the question itself comes last.
MAX_TITLES, MAX_ABOUT_CHARS = 2, 400

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def context_of(question: Question, title_of: Callable[[str], str | None]) -> QueryContext | None:
    """What the search must know of the conversation; None for a first question and for thanks.

    `title_of` knows the title of an entry by its id.
    """
    text = query_in_context(question, title_of)
    if not text:
        return None
    shown = tuple(id_ for turn in question.history for id_ in turn.entry_ids)
    return QueryContext(text=text, needed=leans_back(question), shown_ids=shown)


def query_in_context(question: Question, title_of: Callable[[str], str | None]) -> str:
    """The question behind what the conversation was about: the title of the entry that was shown
    last, or the question before where none was; empty for a first question and for thanks."""
    text = query_text(question)
    if not text or is_courtesy(text):
        return ""
    for turn in reversed(question.history[-LOOK_BACK:]):
        if about := _about(turn, title_of):
            return as_query(f"{about} {text}")
    return ""


def leans_back(question: Question) -> bool:
    """Whether the question means nothing without what was said before ("and on Windows?")."""
    text = plain(query_text(question))
    words = _WORD.findall(text)
    if not question.history or not words or is_courtesy(text):
        return False
    if len(words) <= FEW_WORDS or (goes_on(text) and len(meaningful(text)) <= FEW_WORDS):
        return True
    return len(words) <= SHORT and points_back(words)


def _about(turn: Turn, title_of: Callable[[str], str | None]) -> str:
    titles = [title for id_ in turn.entry_ids[:MAX_TITLES] if (title := title_of(id_))]
    if not titles and is_courtesy(turn.question):
        return ""
    return as_query(" ".join(titles) or gist_of(turn.question).text)[:MAX_ABOUT_CHARS]
