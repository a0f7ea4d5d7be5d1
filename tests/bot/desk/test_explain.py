"""Staff are told in plain words why an answer is as it is."""

from __future__ import annotations

from bot.desk.explain import explain
from engine.types import (
    Answer,
    AnswerPart,
    Decision,
    Judgement,
    RetrievalMode,
    Source,
    Timings,
    Verdict,
)


def source(id_: str, title: str, score: float, year: int | None = None) -> Source:
    return Source(
        id=id_, title=title, section="Joining", course="ml", url=None, score=score, year=year
    )


JOIN = source("join", "Can I join late?", 1.25)
OLD = source("old", "When does the 2024 cohort start?", 0.8, 2024)


def answer(decision: Decision, **changes: object) -> Answer:
    given: dict[str, object] = {
        "text": "You can join.",
        "decision": decision,
        "reason": "Every statement was found in 1 of the FAQ's entries.",
        "timings": Timings(retrieve_s=0.03, generate_s=2.5, total_s=2.6),
        "retrieval": RetrievalMode.ENSEMBLE,
        "judgement": Judgement(
            verdict=Verdict.ANSWERS,
            probability=0.91,
            reader="embedded",
            reason="The best entry answers with a probability of 0.91.",
        ),
        "candidates": (JOIN, OLD),
    }
    return Answer(**(given | changes))  # type: ignore[arg-type]


def test_candidates_judgement_and_what_was_dropped_are_told() -> None:
    text = explain(
        answer(
            Decision.ANSWERED,
            sources=(JOIN,),
            model="smollm2-135m",
            dropped=("It costs 5 dollars.",),
            dropped_because=("its number stands in no entry so",),
        )
    )

    assert "Shown as the answer" in text
    assert "1. 1.25  Can I join late? [ml, Joining, `join`] (used)" in text
    assert "2. 0.80  When does the 2024 cohort start? [ml, Joining, `old`, about 2024]" in text
    assert "Judged by embedded: answers, probability 0.91." in text
    assert "“It costs 5 dollars.”: its number stands in no entry so" in text
    assert "smollm2-135m" in text
    assert "words, English vectors and multilingual vectors" in text


def test_each_part_of_a_message_is_told_by_itself() -> None:
    parts = (
        AnswerPart(question="can I join late?", answer=answer(Decision.ANSWERED, sources=(JOIN,))),
        AnswerPart(
            question="and is lunch free?",
            answer=answer(Decision.NOT_COVERED, reason="Nothing in the FAQ is close."),
        ),
    )
    text = explain(answer(Decision.ANSWERED, parts=parts, reason="It holds 2 questions."))

    assert text.startswith("It holds 2 questions.")
    assert text.index("**can I join late?**") < text.index("**and is lunch free?**")
    assert "Nothing in the FAQ is close" in text


def test_what_may_name_folders_is_not_told_in_public() -> None:
    failed = answer(Decision.QUOTED_NO_MODEL, reason="/srv/models/x cannot be read.")

    assert "/srv" in explain(failed)
    assert "/srv" not in explain(failed, public=True)


def test_an_answer_of_an_earlier_version_is_explained_as_far_as_it_goes() -> None:
    bare = Answer(
        text="You can join.",
        decision=Decision.ANSWERED,
        reason="Every statement was found.",
        timings=Timings(retrieve_s=0.0, total_s=1.0),
        dropped=("It costs 5 dollars.",),
    )

    assert "“It costs 5 dollars.”" in explain(bare)
