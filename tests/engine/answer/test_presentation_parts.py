"""What is said for a message of several questions: each answer, and all sources together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import CourseSettings, Settings
from engine.answer.assessment import Assessment, Kind
from engine.answer.presentation import Presentation
from engine.types import Answer, Decision, Question, Timings
from tests.engine.answer.presentation_cases import TODAY, URL, VALVE, asked, source, told


@pytest.fixture
def present(tmp_path: Path) -> Presentation:
    courses = {"garden": CourseSettings(platform_url=URL, contact="the gardener")}
    return Presentation(Settings(data_dir=tmp_path, courses=courses), lambda: TODAY)


def answered(text: str, *ids: str, **changes: object) -> Answer:
    plain = Answer(
        text=text,
        decision=Decision.ANSWERED if ids else Decision.NOT_COVERED,
        reason="",
        sources=tuple(source(id) for id in ids),
        timings=Timings(retrieve_s=0.1, first_token_s=0.5, generate_s=1.0, total_s=2.0),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def together(present: Presentation, *answers: Answer) -> Answer:
    parts = tuple(
        Assessment(kind=Kind.QUESTION, question=Question(text=f"{n}?"), retrieval=None)
        for n, _ in enumerate(answers, 1)
    )
    return present.together(asked("x", VALVE, parts=parts), answers)


def test_each_question_has_its_answer_below_its_own_words(present: Presentation) -> None:
    answer = together(present, answered("One.", "valve"), answered("None."))

    assert told(answer) == (
        "**1?**\n\nOne.\n\n**2?**\n\nThe FAQ has no answer to this. Please ask the gardener."
    )
    assert [part.question for part in answer.parts] == ["1?", "2?"]
    assert answer.decision is Decision.ANSWERED
    assert answer.reason == "It holds 2 questions; 1 of them is answered."


def test_citations_of_each_part_are_those_of_all_sources_together(present: Presentation) -> None:
    answer = together(
        present,
        answered("A [1]. B [2].", "valve", "key", cites=True),
        answered("C [1], D [2], not [3] and [0].", "pump", "valve", cites=True),
    )

    assert [source.id for source in answer.sources] == ["valve", "key", "pump"]
    assert answer.parts[0].answer.text == "A [1]. B [2]."
    assert answer.parts[1].answer.text == "C [3], D [1], not [3] and [0]."
    assert answer.cites


def test_figures_in_brackets_of_a_part_that_cites_nothing_are_left_alone(
    present: Presentation,
) -> None:
    answer = together(
        present,
        answered("A [1].", "valve", cites=True),
        answered("Use x[1].", "key", decision=Decision.QUOTED_WHOLE),
    )

    assert answer.parts[1].answer.text == "Use x[1]."
    assert [source.id for source in answer.sources] == ["valve", "key"]


def test_what_is_a_source_of_one_part_is_not_merely_close_to_another(
    present: Presentation,
) -> None:
    answer = together(
        present,
        answered("A.", "valve", related=(source("pump"),)),
        answered("Close.", decision=Decision.NOT_SURE, related=(source("valve"), source("pump"))),
    )

    assert [one.id for one in answer.sources] == ["valve"]
    assert [one.id for one in answer.related] == ["pump"]


@pytest.mark.parametrize(
    ("decisions", "best"),
    [
        ([Decision.NOT_COVERED, Decision.QUOTED_WHOLE], Decision.QUOTED_WHOLE),
        ([Decision.NOT_SURE, Decision.NOT_COVERED], Decision.NOT_SURE),
        ([Decision.NOT_COVERED, Decision.VAGUE], Decision.VAGUE),
        ([Decision.THANKED, Decision.NOT_COVERED], Decision.NOT_COVERED),
    ],
)
def test_the_message_is_as_well_answered_as_its_best_part(
    present: Presentation, decisions: list[Decision], best: Decision
) -> None:
    answers = [answered("x", decision=decision) for decision in decisions]

    assert together(present, *answers).decision is best


def test_the_times_are_those_of_parts_that_are_written_side_by_side(present: Presentation) -> None:
    slow = Timings(retrieve_s=0.1, first_token_s=0.75, generate_s=3.0, total_s=4.0)
    none = Timings(retrieve_s=0.1, total_s=0.2)

    timings = together(
        present,
        answered("A.", "valve"),
        answered("B.", "key", timings=slow),
        answered("C.", timings=none),
    ).timings

    assert timings.first_token_s == 0.5
    assert timings.generate_s == 3.0
    assert timings.retrieve_s == 0.25


def test_what_was_dropped_from_each_part_is_kept(present: Presentation) -> None:
    answer = together(
        present,
        answered("A.", "valve", dropped=("x",), dropped_because=("unsupported",)),
        answered("B.", "key", dropped=("y",), dropped_because=("doubtful",)),
    )

    assert answer.dropped == ("x", "y")
    assert answer.dropped_because == ("unsupported", "doubtful")
