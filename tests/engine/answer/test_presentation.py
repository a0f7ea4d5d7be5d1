"""What is said for one question where no model writes it: an entry, the closest ones, or none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import CourseSettings, Settings
from engine.answer.assessment import Kind
from engine.answer.presentation import NEARLY_AS_CLOSE, Presentation
from engine.corpus.corpus import Corpus
from engine.protocol import FinishReason, Generation
from engine.types import Decision, Document, Match, Tier
from tests.engine.answer.presentation_cases import KEY, PUMP, TODAY, URL, VALVE, asked, entry, told
from tests.hostile import hostile

OLD = entry("old", "It starts on January 15, 2024.", "When does it start?")
EDITION = entry("edition", "Yes.", "Will there be a market in 2024?")


@pytest.fixture
def present(tmp_path: Path) -> Presentation:
    courses = {"garden": CourseSettings(platform_url=URL, contact="the gardener")}
    return Presentation(Settings(data_dir=tmp_path, courses=courses), lambda: TODAY)


def corpus(*documents: Document) -> Corpus:
    return Corpus(
        documents=documents,
        courses={"garden": "Garden"},
        problems=(),
        version="1",
        loaded_at=datetime(2026, 11, 29, tzinfo=UTC),
    )


def test_the_best_entry_is_quoted_with_its_source(present: Presentation) -> None:
    answer = present.quoted(asked("x", VALVE, KEY), Decision.QUOTED_WHOLE, "It is short.")

    assert answer.text == VALVE.answer
    assert answer.found
    assert [source.id for source in answer.sources] == ["valve"]
    assert [source.id for source in answer.candidates] == ["valve", "key"]
    assert answer.reason == "It is short."
    assert answer.model is None
    assert answer.timings.retrieve_s == 0.25


def test_who_quotes_an_entry_writes_nothing_however_long_the_model_tried(
    present: Presentation,
) -> None:
    generation = Generation(
        text="x",
        finish_reason=FinishReason.STOP,
        prompt_tokens=1,
        completion_tokens=1,
        document_ids=(),
        model="tiny",
        first_token_s=0.1234,
        total_s=1.2345,
    )

    quoted = present.quoted(asked("x", VALVE), Decision.QUOTED_UNSUPPORTED, "", generation)
    abstained = present.closest(asked("x", VALVE), Decision.MODEL_ABSTAINED, "", generation)

    assert quoted.model is None
    assert abstained.model == "tiny"
    assert quoted.timings.first_token_s == 0.123
    assert quoted.timings.generate_s == 1.234


@pytest.mark.parametrize(
    ("shown", "text", "shortened"),
    [
        ((), "Open the lid.\n\nThe key hangs beside it.", False),
        (("key",), "Open the lid.\n\nThe key hangs beside it.", False),
        (("valve",), "The key hangs beside it.", True),
    ],
    ids=["first", "after another entry", "after this one"],
)
def test_of_an_entry_just_shown_only_what_is_asked_is_quoted(
    present: Presentation, shown: tuple[str, ...], text: str, shortened: bool
) -> None:
    valve = entry("valve", "Open the lid.\n\nThe key hangs beside it.")

    answer = present.quoted(
        asked("and where is the key?", valve, shown=shown), Decision.QUOTED_WHOLE, ""
    )

    assert (answer.text, answer.shortened) == (text, shortened)


@pytest.mark.parametrize(
    ("second", "named"), [(NEARLY_AS_CLOSE, ["key"]), (NEARLY_AS_CLOSE - 0.01, [])]
)
def test_an_entry_that_is_nearly_as_close_is_named_under_the_answer(
    present: Presentation, second: float, named: list[str]
) -> None:
    answer = present.quoted(asked("x", VALVE, KEY, scores=(1.0, second)), Decision.QUOTED_WHOLE, "")

    assert [source.id for source in answer.related] == named


def test_nothing_is_nearly_as_close_as_the_only_entry(present: Presentation) -> None:
    assert present.nearly_as_close(asked("x", VALVE).matches, {"valve"}) == ()


def test_only_an_entry_that_is_about_the_past_as_a_whole_tells_its_year(
    present: Presentation,
) -> None:
    years = [
        present.source(Match(document=document, score=1.0)).year
        for document in (EDITION, OLD, VALVE)
    ]

    assert years == [2024, None, None]


def test_the_closest_entries_are_shown_with_how_they_begin(present: Presentation) -> None:
    answer = present.closest(asked("x", VALVE, KEY, PUMP), Decision.NOT_SURE, "Not sure.")

    assert answer.tier is Tier.CLOSEST
    assert [source.id for source in answer.related] == ["valve", "key", "pump"]
    assert {source.excerpt for source in answer.related} == {"Turn the key."}
    assert answer.sources == ()


@pytest.mark.parametrize(
    ("text", "shown", "below"),
    [
        ("and by hand?", ("e9",), ["e9"]),
        ("and by hand?", ("e8", "e9"), ["e8"]),
        ("and by hand?", ("e0",), []),
        ("and by hand?", ("removed",), []),
        ("Where do members of the club park their bicycles at night?", ("e9",), []),
        ("and by hand?", (), []),
    ],
)
def test_below_the_closest_stands_the_entry_that_a_follow_up_leans_on(
    present: Presentation, tmp_path: Path, text: str, shown: tuple[str, ...], below: list[str]
) -> None:
    entries = [entry(f"e{n}") for n in range(10)]
    scores = tuple(1 - n / 100 for n in range(10))
    num_related = Settings(data_dir=tmp_path).answer.num_related

    answer = present.closest(
        asked(text, *entries, scores=scores, shown=shown), Decision.NOT_SURE, ""
    )

    assert [source.id for source in answer.related] == [
        *(f"e{n}" for n in range(num_related)),
        *below,
    ]


def test_entries_of_other_courses_are_said_to_be_of_others(present: Presentation) -> None:
    answer = present.closest(asked("x", VALVE, elsewhere=True), Decision.NOT_SURE, "")

    assert answer.decision is Decision.OTHER_COURSES


@pytest.mark.parametrize(
    "text",
    [
        "When does it start?",
        "Wann geht es los?",
        "¿Cuándo empieza?",
        "Quando começa?",
        "Quand commence le cours ?",
        "Когда начало?",
    ],
)
def test_who_asks_when_is_told_where_dates_are_and_how_old_an_entry_is(
    present: Presentation, text: str
) -> None:
    answer = present.closest(asked(text, OLD, VALVE), Decision.NO_CURRENT_DATE, "")

    assert told(answer).startswith(f"Dates are published here: {URL}\n\n")
    assert answer.platform_url == URL
    assert [source.year for source in answer.related] == [2024, None]


def test_who_asks_something_else_is_told_of_no_dates(present: Presentation) -> None:
    answer = present.closest(asked("How does it start?", OLD), Decision.NOT_SURE, "")

    assert answer.platform_url is None
    assert URL not in told(answer)
    assert answer.related[0].year is None


def test_without_a_course_dates_are_those_of_the_closest_entry(present: Presentation) -> None:
    close = present.closest(asked("When?", OLD, course=None), Decision.NO_CURRENT_DATE, "")
    none = present.not_covered(asked("When does it start?", course=None), "")

    assert close.platform_url is None  # "When?" alone asks for no date
    assert none.platform_url is None
    asks = asked("When does it start?", OLD, course=None)
    assert present.closest(asks, Decision.NO_CURRENT_DATE, "").platform_url == URL


def test_a_course_without_a_page_of_dates_names_none(tmp_path: Path) -> None:
    present = Presentation(Settings(data_dir=tmp_path), lambda: TODAY)

    answer = present.closest(asked("When does it start?", OLD), Decision.NO_CURRENT_DATE, "")

    assert answer.platform_url is None
    assert told(answer).startswith("The FAQ has no current date")


def test_what_is_not_covered_is_said_with_whom_to_ask(present: Presentation) -> None:
    answer = present.not_covered(asked(covered=False), "Below the gate.")

    assert told(answer) == "The FAQ has no answer to this. Please ask the gardener."
    assert answer.tier is Tier.NONE
    assert answer.retrieval is None


@pytest.mark.parametrize(
    ("kind", "decision"), [(Kind.GREETING, Decision.GREETED), (Kind.THANKS, Decision.THANKED)]
)
def test_a_kind_word_is_returned(present: Presentation, kind: Kind, decision: Decision) -> None:
    assert present.kind_word(asked(kind=kind)).decision is decision


@pytest.mark.parametrize(
    ("text", "covered", "shown"),
    [
        ("the valve does not work", False, ["valve", "key"]),
        ("it does not work", False, []),
        ("it does not work", True, ["valve", "key"]),
    ],
)
def test_who_says_too_little_is_asked_back(
    present: Presentation, text: str, covered: bool, shown: list[str]
) -> None:
    answer = present.ask_back(asked(text, VALVE, KEY, kind=Kind.VAGUE, covered=covered))

    assert answer.decision is Decision.VAGUE
    assert [source.id for source in answer.related] == shown
    assert ("Perhaps" in told(answer)) is bool(shown)


@pytest.mark.parametrize(
    ("text", "course", "found", "decision"),
    [
        ("x", "garden", None, Decision.NO_CORPUS),
        ("x", "garden", corpus(), Decision.NO_CORPUS),
        ("x", "music", corpus(VALVE), Decision.UNKNOWN_COURSE),
        ("x", "garden", corpus(VALVE), Decision.NOT_COVERED),
        ("x", None, corpus(VALVE), Decision.NOT_COVERED),
        ("?!", "garden", corpus(VALVE), Decision.NO_QUESTION),
        ("", None, corpus(VALVE), Decision.NO_QUESTION),
    ],
)
def test_why_nothing_was_found_is_said(
    present: Presentation,
    text: str,
    course: str | None,
    found: Corpus | None,
    decision: Decision,
) -> None:
    assert present.nothing_found(asked(text, course=course), found).decision is decision


@hostile
def test_nothing_that_is_sent_breaks_it(present: Presentation, text: str) -> None:
    assert present.nothing_found(asked(text), corpus(VALVE)).tier is not Tier.ANSWER
    assert present.ask_back(asked(text, VALVE, kind=Kind.VAGUE)).tier is Tier.CLARIFY
