"""What the tests of presentation share: entries, and a question on its way."""

from __future__ import annotations

from datetime import date
from time import monotonic

from bot.delivery.replies import answer_text
from engine.answer.assessment import Assessment, Kind
from engine.answer.presentation import Asked
from engine.retrieval.retrieval import Retrieval
from engine.types import Answer, Document, Match, Question, RetrievalMode, Source, Turn

TODAY = date(2026, 11, 29)
URL = "https://courses.example.org/garden"


def entry(id: str, answer: str = "Turn the key. Then wait.", title: str = "") -> Document:
    return Document(
        id=id, course="garden", section="", question=title or f"About the {id}", answer=answer
    )


VALVE, KEY, PUMP = entry("valve"), entry("key"), entry("pump")


def asked(
    text: str = "How do I open the valve?",
    *documents: Document,
    kind: Kind = Kind.QUESTION,
    scores: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7),
    covered: bool = True,
    parts: tuple[Assessment, ...] = (),
    course: str | None = "garden",
    shown: tuple[str, ...] = (),
    **changes: object,
) -> Asked:
    retrieval = Retrieval(
        matches=tuple(
            Match(document=document, score=score)
            for document, score in zip(documents, scores, strict=False)
        ),
        mode=RetrievalMode.LEXICAL,
        gate=0.5,
        confidence=0.9 if covered else 0.1,
        **changes,  # type: ignore[arg-type]
    )
    history = (Turn(question="x", answer="y", entry_ids=shown),) if shown else ()
    assessment = Assessment(
        kind=kind,
        question=Question(text=text, course=course, history=history),
        retrieval=retrieval,
        parts=parts,
        retrieve_s=0.25,
    )
    return Asked(assessment=assessment, started=monotonic())


def told(answer: Answer) -> str:
    """The words that go with it."""
    return answer_text(answer, None, "the gardener")


def source(id: str) -> Source:
    return Source(id=id, title=id, section="", course="garden", url=None, score=1.0)
