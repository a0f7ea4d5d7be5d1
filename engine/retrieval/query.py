"""What is searched for: the text of a question, and what it goes on from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from engine.answer.asking import goes_on, meaningful, plain, points_back
from engine.answer.gist import gist_of
from engine.answer.small_talk import is_courtesy
from engine.corpus.text import clean_line
from engine.limits import SEARCHED_CHARS
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


def query_text(question: Question) -> str:
    """The question as one clean line; empty when it holds no letter and no digit."""
    text = _clean(question.text)
    return text if any(char.isalnum() for char in text) else ""


def query_in_context(question: Question, title_of: Callable[[str], str | None]) -> str:
    """The same behind what the conversation was about: the title of the entry that was shown last,
    or the question itself where none was.

    `title_of` knows the title of an entry by its id. Empty for a first question and for thanks.
    """
    text = query_text(question)
    if not text or is_courtesy(text):
        return ""
    for turn in reversed(question.history[-LOOK_BACK:]):
        if about := _about(turn, title_of):
            return _clean(f"{about} {text}")
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
    return _clean(" ".join(titles) or gist_of(turn.question).text)[:MAX_ABOUT_CHARS]


def _clean(text: str) -> str:
    # Cut first: what follows must cost the same for a megabyte. Twice: NFKC may lengthen.
    start = unicodedata.normalize("NFKC", text.lstrip()[:SEARCHED_CHARS])
    return clean_line(start)[:SEARCHED_CHARS]
