"""The nouns of all rooms: what is asked, the entries, and what is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

#: What a model has written since the piece before.
Piece = NewType("Piece", str)
#: The whole checked text of an answer so far.
AnswerText = NewType("AnswerText", str)


@dataclass(frozen=True, slots=True)
class TextPart:
    """The answer so far to one of the questions of a message."""

    #: In the asker's words.
    question: str
    text: AnswerText


OnPiece = Callable[[Piece], None]
#: Gets one part for each question of the message, in their order.
OnText = Callable[[tuple[TextPart, ...]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One retrievable FAQ entry."""

    #: Stable across reloads: the entry's own id, or a hash of course, section and question.
    id: str
    #: Machine name of the course, such as `llm-zoomcamp`; empty when the source names none.
    course: str
    section: str
    #: The entry's question: shown as its title.
    question: str
    #: The entry's answer as Markdown.
    answer: str
    #: Where a reader can open the entry; only http(s).
    url: str | None = None
    #: The question in other words; searched and never shown.
    phrasings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An earlier question of the same conversation with the answer it got."""

    question: str
    #: Empty where nothing was found.
    answer: str
    #: Ids of the entries that it was answered from.
    entry_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person wants to know, with the conversation so far."""

    text: str
    #: Search in this course only; None searches all courses.
    course: str | None = None
    #: Oldest first.
    history: tuple[Turn, ...] = ()
    #: Language the asker is answered in (ISO 639-1), whatever language the FAQ is in; None where
    #: nobody reads the answer.
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A Document with its retrieval score; higher is better, comparable between questions."""

    document: Document
    score: float


class RetrievalMode(StrEnum):
    """Which signals made the score."""

    #: Words, English vectors and multilingual ones.
    ENSEMBLE = "ensemble"
    #: Words and English vectors: the multilingual embedder is not there, or not ready.
    HYBRID = "hybrid"
    #: Words and multilingual vectors: the question or the FAQ is not in English.
    MULTILINGUAL = "multilingual"
    #: No embedder (not installed, failed, or still loading): words alone.
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What the reader may open to check an answer."""

    id: str
    title: str
    section: str
    course: str
    url: str | None
    score: float
    #: How the entry begins, in plain text; empty where the answer itself tells.
    excerpt: str = ""
    #: The year that it is about, where that is over; None for an entry that holds today.
    year: int | None = None

    @classmethod
    def of(cls, match: Match, excerpt: str = "", year: int | None = None) -> Source:
        document = match.document
        return cls(
            id=document.id,
            title=document.question,
            section=document.section,
            course=document.course,
            url=document.url,
            score=round(match.score, 4),
            excerpt=excerpt,
            year=year,
        )


class Decision(StrEnum):
    """How the answer came about; stands in `ask --json`."""

    #: The model's own words, every claim found in the cited entries.
    ANSWERED = "answered"
    #: Too little of the model's text was supported: the best entry verbatim.
    QUOTED_UNSUPPORTED = "quoted_unsupported"
    #: The best entry is short and answers by itself: a model could add nothing.
    QUOTED_WHOLE = "quoted_whole"
    #: No model could be used (loading failed, crashed, out of memory, deadline): quoted.
    QUOTED_NO_MODEL = "quoted_no_model"
    #: Entries are close; none surely answers the question.
    NOT_SURE = "not_sure"
    #: It asks for a time, and the entries that are close speak of past editions or of none.
    NO_CURRENT_DATE = "no_current_date"
    #: The model read the entries and said that they hold no answer.
    MODEL_ABSTAINED = "model_abstained"
    #: The course has nothing close; entries of other courses are.
    OTHER_COURSES = "other_courses"
    #: No entry is close.
    NOT_COVERED = "not_covered"
    #: A greeting.
    GREETED = "greeted"
    #: Thanks, a farewell, an "ok".
    THANKED = "thanked"
    #: Something is wrong or wanted, and nobody could know what.
    VAGUE = "vague"
    #: Nothing to search for: empty, or no words in it.
    NO_QUESTION = "no_question"
    #: The course asked about is none of the FAQ's.
    UNKNOWN_COURSE = "unknown_course"
    #: Nothing to search in.
    NO_CORPUS = "no_corpus"
    #: An error of ours; the asker is told to ask again.
    FAILED = "failed"


class Tier(StrEnum):
    """What the reader is shown, by how sure we are."""

    #: The answer: the model's words or an entry, with its sources.
    ANSWER = "answer"
    #: The FAQ may answer it: the closest entries, each with its first sentence.
    CLOSEST = "closest"
    #: Nothing in the FAQ is close.
    NONE = "none"
    #: Thanks or a greeting: a kind word.
    COURTESY = "courtesy"
    #: Nobody could know what is meant: a question back.
    CLARIFY = "clarify"


_TIERS = {
    Decision.ANSWERED: Tier.ANSWER,
    Decision.QUOTED_UNSUPPORTED: Tier.ANSWER,
    Decision.QUOTED_WHOLE: Tier.ANSWER,
    Decision.QUOTED_NO_MODEL: Tier.ANSWER,
    Decision.NOT_SURE: Tier.CLOSEST,
    Decision.NO_CURRENT_DATE: Tier.CLOSEST,
    Decision.MODEL_ABSTAINED: Tier.CLOSEST,
    Decision.OTHER_COURSES: Tier.CLOSEST,
    Decision.GREETED: Tier.COURTESY,
    Decision.THANKED: Tier.COURTESY,
    Decision.VAGUE: Tier.CLARIFY,
    Decision.NO_QUESTION: Tier.CLARIFY,
}


class Verdict(StrEnum):
    """Whether the best entry answers a question."""

    ANSWERS = "answers"
    #: It is about the same; whether it answers the question is not sure.
    CLOSE = "close"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a reading of the question against the best entry came to."""

    verdict: Verdict
    #: How likely the best entry answers the question, from 0 to 1; None where nobody can tell.
    probability: float | None
    #: Who judged: `embedded`, `model` or the name of a cross-encoder.
    reader: str
    #: A sentence for staff: why this verdict.
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Seconds spent; None where the step did not run."""

    retrieve_s: float
    first_token_s: float | None = None
    generate_s: float | None = None
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was decided about a question, and what the FAQ and the model give for it. The words
    around that are for whoever shows it."""

    #: Markdown: what the model wrote or the entry says; empty unless `found`, and for the parts of
    #: a message, which have their own.
    text: str = ""
    #: The entry goes on: `text` is a part of it.
    shortened: bool = False
    decision: Decision
    #: A sentence for staff: why this decision.
    reason: str
    #: Entries the answer used, best first; empty unless `found`.
    sources: tuple[Source, ...] = ()
    #: The closest entries where it is not sure that they answer the question; under an answer,
    #: another entry that is nearly as close.
    related: tuple[Source, ...] = ()
    #: Alias of the model that wrote the text; None when no model did.
    model: str | None = None
    timings: Timings
    #: Sentences of the model that were dropped as unsupported, for staff and evaluation.
    dropped: tuple[str, ...] = ()
    #: Why each of `dropped` was; as many.
    dropped_because: tuple[str, ...] = ()
    #: The text names its sources by their places: [1] is the first.
    cites: bool = False
    #: What was searched, and who judged; None where nothing was.
    retrieval: RetrievalMode | None = None
    judgement: Judgement | None = None
    #: Languages of the question and of the FAQ (ISO 639-1), where they differ.
    languages: tuple[str, str] | None = None
    #: What the search found, best first, close or not; for staff.
    candidates: tuple[Source, ...] = ()
    #: Lines that were read of a long message; 0 where it was read whole.
    num_lines: int = 0
    #: Where the course publishes its dates, for who asks when.
    platform_url: str | None = None
    #: The questions of one message, each with its own answer; empty where it asks one.
    parts: tuple[AnswerPart, ...] = ()

    @property
    def tier(self) -> Tier:
        return _TIERS.get(self.decision, Tier.NONE)

    @property
    def each(self) -> tuple[Answer, ...]:
        """The answers to the questions of the message: those of its parts, or this one."""
        return tuple(part.answer for part in self.parts) or (self,)

    @property
    def leaves_open(self) -> bool:
        """Whether a question was asked that the FAQ does not surely answer."""
        return any(one.tier in (Tier.CLOSEST, Tier.NONE) for one in self.each)

    @property
    def found(self) -> bool:
        """Whether the FAQ holds an answer."""
        return self.tier is Tier.ANSWER

    @property
    def quoted(self) -> bool:
        """Whether `text` is an entry verbatim rather than the model's words."""
        return self.decision in _QUOTED and not self.parts


_QUOTED = (Decision.QUOTED_UNSUPPORTED, Decision.QUOTED_WHOLE, Decision.QUOTED_NO_MODEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPart:
    """One question of a message that asks several."""

    #: In the asker's words.
    question: str
    answer: Answer
