"""What one search is asked for, and what it finds: the text searched for, the entries and how sure
they are."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from engine.corpus.text import clean_line
from engine.limits import SEARCHED_CHARS
from engine.types import Match, Question, RetrievalMode


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What is known of a question and its best entry before anything reads one against the other.

    Scores are counted from the floor of the FAQ: what questions about something else score in it.
    """

    #: How far the best score is above the floor, in all and by signal; 0 without that signal.
    over: float
    over_lexical: float
    over_english: float
    over_multilingual: float
    #: How far the best entry is ahead of the next one that is not the same in other words.
    gap: float
    gap_english: float
    gap_multilingual: float
    #: Which share of the question's words, by how rare they are, stands in the entry, and in the
    #: entry's own question; and which share of the entry's own question stands in the question.
    #: 0 to 1.
    coverage: float
    in_title: float
    title_coverage: float
    #: Which share of the question's words the FAQ knows at all. 0 to 1.
    known: float
    #: How close the question is to the entry's own question; 1 for the same text.
    title: float
    #: The natural logarithm of one more than the number of different words in the question.
    length: float


class Intent(StrEnum):
    """What a message seems to be by its vector."""

    QUESTION = "question"
    COURTESY = "courtesy"
    #: It says that something is wrong, or asks for help, and names nothing.
    VAGUE = "vague"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    #: Best first, at most the number asked for.
    matches: tuple[Match, ...]
    mode: RetrievalMode
    #: The least `confidence` at which the FAQ is taken to hold something close.
    gate: float
    #: How likely one of the best entries is about the question, from 0 to 1; 0 without a match.
    confidence: float
    #: None without a match.
    features: Features | None = None
    #: Languages of the question and of the FAQ (ISO 639-1).
    question_language: str = "en"
    faq_language: str = "en"
    intent: Intent = Intent.QUESTION
    #: The course asked about does not cover it: these are entries of all courses.
    elsewhere: bool = False

    @property
    def covered(self) -> bool:
        """Whether the FAQ plausibly holds something close to the question."""
        return bool(self.matches) and self.confidence >= self.gate
