"""What is searched for: the text of a question, and the same in the light of earlier ones."""

from __future__ import annotations

import re
import unicodedata

from engine.answer.small_talk import is_courtesy
from engine.corpus.text import clean_line
from engine.types import Question

#: A follow-up of at most so many words that mean something cannot stand alone.
FEW_WORDS = 3
#: A question of at most so many words may still hang on a pronoun.
SHORT = 8
#: Earlier questions looked at to find one that stands alone.
LOOK_BACK = 3


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_CONTINUES = re.compile(
    r"(?i)(and|but|or|also|then|so|what about|how about|what if|same|else|otherwise|instead)\b"
)
_POINTS_BACK = _words("it its that this these those they them one ones same")
_EMPTY_WORDS = _POINTS_BACK | _words(
    """a an the and or but so also then on in at of for to from with by as if about is are was were
    be been do does did can could should would will may must how what when where which who why i me
    my we our you your he she there other not no yes please just too"""
)


def query_text(question: Question, max_chars: int) -> str:
    """The question as one clean line; empty when it holds no letter and no digit."""
    text = _clean(question.text, max_chars)
    return text if any(char.isalnum() for char in text) else ""


def query_in_context(question: Question, max_chars: int) -> str:
    """The same with the earlier question it leans on in front ("and on Windows?").

    Empty for a first question, for one that can stand alone, and for a mere thank-you.
    """
    text = query_text(question, max_chars)
    if not text or not question.history or not _leans_back(text):
        return ""
    parts = [text]
    for turn in reversed(question.history[-LOOK_BACK:]):
        earlier = _clean(turn.question, max_chars)
        if not is_courtesy(earlier):
            parts.insert(0, earlier)
            if not _leans_back(earlier):
                break
    return " ".join(parts)[-max_chars:] if len(parts) > 1 else ""


def _clean(text: str, max_chars: int) -> str:
    # Cut first: what follows must cost the same for a megabyte. Twice: NFKC may lengthen.
    start = unicodedata.normalize("NFKC", text.lstrip()[:max_chars])
    return clean_line(start)[:max_chars]


def _leans_back(text: str) -> bool:
    words = _WORD.findall(text.lower())
    if not words or is_courtesy(text):
        return False
    meaning = [word for word in words if word not in _EMPTY_WORDS]
    if len(meaning) <= FEW_WORDS and (len(words) <= FEW_WORDS or _CONTINUES.match(text.lstrip())):
        return True
    return len(words) <= SHORT and any(word in _POINTS_BACK for word in words)
