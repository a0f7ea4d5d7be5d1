"""What `ask --json` prints: others read it."""

from __future__ import annotations

import json

import pytest

from bot.operations.reports import answer_object
from engine.types import (
    Answer,
    AnswerPart,
    Decision,
    Judgement,
    Question,
    RetrievalMode,
    Source,
    Timings,
    Verdict,
)

QUESTION = Question(text="how to install kubectl on mac", course="ml", language="en")
SOURCE = Source(
    id="kubectl",
    title="How do I install kubectl on Windows?",
    section="Kubernetes",
    course="ml",
    url="https://example.org/faq#kubectl",
    score=0.66,
    excerpt="Download kubectl.exe.",
)
JUDGEMENT = Judgement(
    verdict=Verdict.CLOSE, probability=0.42, reader="embedded", reason="Another system."
)
#: Of a source, as it has been since the first version.
SOURCE_KEYS = ["id", "title", "section", "course", "url", "score"]
LEXICAL = "lexical"


def answer(decision: Decision, **changes: object) -> Answer:
    given: dict[str, object] = {
        "text": "Download kubectl.exe.",
        "decision": decision,
        "reason": "Another system.",
        "timings": Timings(retrieve_s=0.01, total_s=0.02),
        "retrieval": RetrievalMode.ENSEMBLE,
        "judgement": JUDGEMENT,
    }
    return Answer(**(given | changes))  # type: ignore[arg-type]


def test_the_closest_entries_are_told_with_how_they_begin_and_how_sure_that_is() -> None:
    closest = answer(Decision.NOT_SURE, related=(SOURCE,))

    printed = json.loads(json.dumps(answer_object(QUESTION, closest, LEXICAL, None)))

    assert printed == {
        "question": "how to install kubectl on mac",
        "course": "ml",
        "tier": "closest",
        "found": False,
        "answer": "I am not sure the FAQ answers this. These come closest:",
        "quoted": False,
        "sources": [],
        "model": None,
        "timings": {
            "retrieve_s": 0.01,
            "first_token_s": None,
            "generate_s": None,
            "total_s": 0.02,
        },
        "decision": "not_sure",
        "reason": "Another system.",
        "related": [
            {
                "id": "kubectl",
                "title": "How do I install kubectl on Windows?",
                "section": "Kubernetes",
                "course": "ml",
                "url": "https://example.org/faq#kubectl",
                "score": 0.66,
                "excerpt": "Download kubectl.exe.",
            }
        ],
        "dropped": [],
        "probability": 0.42,
        "relevance": "embedded",
        "support": None,
        "retrieval": "ensemble",
        "words_only": False,
        "asker_language": "en",
        "dropped_because": [],
        "model_asked": False,
        "lines_read": None,
        "platform_url": None,
        "candidates": [],
        "parts": [],
    }


def test_the_sources_of_an_answer_are_told_as_ever() -> None:
    quoted = answer(Decision.QUOTED_NO_MODEL, sources=(SOURCE,), related=(SOURCE,))

    printed = answer_object(QUESTION, quoted, LEXICAL, None)

    assert (printed["tier"], printed["found"], printed["quoted"]) == ("answer", True, True)
    assert [list(source) for source in printed["sources"]] == [SOURCE_KEYS]  # type: ignore[attr-defined]
    assert [list(source) for source in printed["related"]] == [[*SOURCE_KEYS, "excerpt"]]  # type: ignore[attr-defined]


def test_the_answer_is_what_is_said_without_titles_and_lists() -> None:
    quoted = answer(Decision.QUOTED_WHOLE, sources=(SOURCE,), shortened=True)
    none = answer(Decision.NOT_COVERED)
    both = answer(
        Decision.QUOTED_WHOLE,
        parts=(AnswerPart(question="1?", answer=quoted), AnswerPart(question="2?", answer=none)),
    )

    printed = answer_object(QUESTION, both, LEXICAL, "Ada")

    first = (
        "Download kubectl.exe.\n\n…\n\n*The entry goes on; open the source below to read the rest.*"
    )
    second = "The FAQ has no answer to this. Please ask Ada."
    assert [part["answer"] for part in printed["parts"]] == [first, second]  # type: ignore[attr-defined]
    assert printed["answer"] == f"**1?**\n\n{first}\n\n**2?**\n\n{second}"


@pytest.mark.parametrize(
    ("mode", "name", "words_only"),
    [
        (RetrievalMode.LEXICAL, "lexical", True),
        (RetrievalMode.HYBRID, "hybrid", False),
        (RetrievalMode.MULTILINGUAL, "multilingual", False),
        (RetrievalMode.ENSEMBLE, "ensemble", False),
        (None, None, False),
    ],
)
def test_it_is_told_when_words_alone_were_searched(
    mode: RetrievalMode | None, name: str | None, words_only: bool
) -> None:
    printed = answer_object(QUESTION, answer(Decision.NOT_COVERED, retrieval=mode), LEXICAL, None)

    assert (printed["retrieval"], printed["words_only"]) == (name, words_only)


@pytest.mark.parametrize("decision", [Decision.ANSWERED, Decision.QUOTED_UNSUPPORTED])
def test_who_checks_statements_is_told_where_a_model_wrote_some(decision: Decision) -> None:
    written = Timings(retrieve_s=0.01, first_token_s=0.1, generate_s=0.5, total_s=0.52)

    printed = answer_object(QUESTION, answer(decision, timings=written), "nobody/nli", None)

    assert printed["support"] == "nobody/nli"


def test_where_nobody_judged_there_is_no_probability() -> None:
    thanked = answer(Decision.THANKED, judgement=None, retrieval=None)

    printed = answer_object(QUESTION, thanked, LEXICAL, None)

    assert (printed["probability"], printed["relevance"], printed["tier"]) == (
        None,
        None,
        "courtesy",
    )


@pytest.mark.parametrize(
    ("decision", "tier", "found", "quoted"),
    [
        (Decision.ANSWERED, "answer", True, False),
        (Decision.QUOTED_UNSUPPORTED, "answer", True, True),
        (Decision.QUOTED_NO_MODEL, "answer", True, True),
        (Decision.NOT_SURE, "closest", False, False),
        (Decision.MODEL_ABSTAINED, "closest", False, False),
        (Decision.OTHER_COURSES, "closest", False, False),
        (Decision.NOT_COVERED, "none", False, False),
        (Decision.NO_CORPUS, "none", False, False),
        (Decision.UNKNOWN_COURSE, "none", False, False),
        (Decision.FAILED, "none", False, False),
        (Decision.GREETED, "courtesy", False, False),
        (Decision.THANKED, "courtesy", False, False),
        (Decision.VAGUE, "clarify", False, False),
        (Decision.NO_QUESTION, "clarify", False, False),
    ],
)
def test_the_tier_follows_from_the_decision(
    decision: Decision, tier: str, found: bool, quoted: bool
) -> None:
    printed = answer_object(QUESTION, answer(decision), LEXICAL, None)

    assert (printed["tier"], printed["found"], printed["quoted"]) == (tier, found, quoted)
