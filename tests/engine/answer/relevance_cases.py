"""What a search has found, for those who judge it."""

from __future__ import annotations

from dataclasses import fields

from engine.retrieval.retrieval import Features, Retrieval
from engine.types import Document, Match, Question, RetrievalMode

NAMES = [field.name for field in fields(Features)]
NOTHING = Features(**dict.fromkeys(NAMES, 0.0))
#: The question is the entry's own; nothing else comes near.
SURE = Features(**dict.fromkeys(NAMES, 1.0) | {"length": 1.8})
QUESTION = Question(text="Which form do I fill in to join late?")


def entry(question: str, answer: str) -> Document:
    return Document(id=question, course="a", section="", question=question, answer=answer)


FORM = entry("Which form do I fill in to join late?", "Fill in the late form.")
OTHERS = tuple(entry(f"Other entry {n}", f"Text {n}.") for n in range(6))


def found(
    *documents: Document,
    features: Features = SURE,
    confidence: float = 0.9,
    mode: RetrievalMode = RetrievalMode.ENSEMBLE,
    elsewhere: bool = False,
) -> Retrieval:
    return Retrieval(
        matches=tuple(
            Match(document=document, score=1 - place / 10)
            for place, document in enumerate(documents or (FORM, *OTHERS))
        ),
        mode=mode,
        gate=0.24,
        confidence=confidence,
        features=features,
        elsewhere=elsewhere,
    )
