"""What is answered without a model: courtesy, questions back, and what the FAQ does not hold."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.delivery.replies import answer_text
from engine.types import Answer, Decision, Question, Tier, Turn, Verdict
from tests.engine.answer.answering_cases import CERTIFICATE, GOOD, QUESTION, answer, answerer, never
from tests.fakes import ScriptedGenerator
from tests.harness import FAQ, ListCorpus


def told(answer: Answer) -> str:
    """What the asker reads of it."""
    return answer_text(answer, None, None)


async def test_an_uncovered_question_does_not_reach_the_model(tmp_path: Path) -> None:
    found = await answer(tmp_path, never, "Who won the football match yesterday?")

    assert found.decision is Decision.NOT_COVERED
    assert (found.tier, found.found, found.quoted) == (Tier.NONE, False, False)
    assert "the course staff" in told(found)
    assert (found.sources, found.related) == ((), ())


@pytest.mark.parametrize("text", ["", "   ", "?!…", "🤷🏽‍♀️", "\u200b\u200d"])
async def test_nothing_to_search_for(text: str, tmp_path: Path) -> None:
    assert (await answer(tmp_path, GOOD, text)).decision is Decision.NO_QUESTION


async def test_an_unknown_course_is_named_with_the_known_ones(tmp_path: Path) -> None:
    found = await answer(tmp_path, GOOD, course="course-z")

    assert found.decision is Decision.UNKNOWN_COURSE
    assert "course-z" in found.reason
    assert "course-a, course-b" in found.reason


async def test_an_empty_faq_is_said(tmp_path: Path) -> None:
    async with answerer(tmp_path, ScriptedGenerator({}), ListCorpus(())) as one:
        found = await one.answer(Question(text=QUESTION), request_id="1")

    assert found.decision is Decision.NO_CORPUS


async def test_a_question_is_searched_for_once(tmp_path: Path) -> None:
    searched: list[str] = []
    script = ScriptedGenerator({QUESTION: GOOD})
    async with answerer(tmp_path, script, searched=searched) as one:
        assessment = await one.assess(Question(text=QUESTION))
        found = await one.answer(Question(text=QUESTION), request_id="1", assessment=assessment)
        await one.answer(Question(text=CERTIFICATE), request_id="2")

    assert found.decision is Decision.ANSWERED
    assert searched == [QUESTION, CERTIFICATE]


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("Thanks!", Decision.THANKED),
        ("Vielen Dank, hat geklappt", Decision.THANKED),
        ("👍", Decision.THANKED),
        ("Hello everyone", Decision.GREETED),
        ("¡Hola!", Decision.GREETED),
    ],
)
async def test_courtesy_is_returned_without_a_search(
    tmp_path: Path, text: str, decision: Decision
) -> None:
    searched: list[str] = []
    async with answerer(tmp_path, ScriptedGenerator(never), searched=searched) as one:
        found = await one.answer(Question(text=text), request_id="1")

    assert searched == []
    assert found.decision is decision
    assert found.tier is Tier.COURTESY
    assert not found.found
    assert (found.sources, found.related, found.judgement, found.retrieval) == ((), (), None, None)
    assert found.timings.retrieve_s == 0


@pytest.mark.parametrize(
    "text", ["it does not work", "help me please", "es geht nicht", "ça ne marche pas", "???"]
)
async def test_who_says_nothing_is_asked_back(tmp_path: Path, text: str) -> None:
    found = await answer(tmp_path, never, text)

    assert found.decision is Decision.VAGUE
    assert found.tier is Tier.CLARIFY
    assert not found.found
    assert told(found).startswith("Which error, tool or step do you mean?")
    assert found.sources == ()


async def test_who_names_one_thing_is_shown_what_there_is_about_it(tmp_path: Path) -> None:
    found = await answer(tmp_path, never, "kernel")

    assert found.decision is Decision.VAGUE
    assert [source.id for source in found.related][:1] == ["cuda-memory"]
    assert told(found).endswith("Perhaps it is one of these:")


async def test_a_thing_that_the_faq_does_not_know_is_not_asked_back_for(tmp_path: Path) -> None:
    assert (await answer(tmp_path, never, "kafka not working")).decision is Decision.NOT_COVERED


async def test_a_noun_after_another_question_is_no_riddle(tmp_path: Path) -> None:
    history = (Turn(question="How do I get a certificate?", answer=FAQ[1].answer),)
    async with answerer(tmp_path, ScriptedGenerator({})) as one:
        found = await one.answer(Question(text="and the model?", history=history), request_id="1")

    assert found.tier is not Tier.CLARIFY


async def test_an_empty_faq_is_said_even_to_a_complaint(tmp_path: Path) -> None:
    async with answerer(tmp_path, ScriptedGenerator({}), ListCorpus(())) as one:
        found = await one.answer(Question(text="it does not work"), request_id="1")

    assert found.decision is Decision.NO_CORPUS


async def test_what_is_only_close_is_shown_with_how_it_begins(tmp_path: Path) -> None:
    # Of the same things as the entry, and another question than its yes is for.
    found = await answer(tmp_path, never, "Can I still register with the form after the deadlines?")

    assert found.decision is Decision.NOT_SURE
    assert (found.tier, found.found, found.quoted) == (Tier.CLOSEST, False, False)
    assert found.sources == ()
    assert found.related[0].id == "join-late"
    assert found.related[0].excerpt == "Yes, you can join at any time."
    assert len(found.related) <= 3
    assert found.judgement is not None
    assert found.judgement.verdict is Verdict.CLOSE
    assert found.reason == found.judgement.reason
    assert found.model is None


async def test_what_another_course_has_is_shown_as_that(tmp_path: Path) -> None:
    found = await answer(tmp_path, never, CERTIFICATE, course="course-b")

    assert found.decision is Decision.OTHER_COURSES
    assert found.tier is Tier.CLOSEST
    assert found.sources == ()
    assert found.related[0].id == "certificate"
    assert found.related[0].course == "course-a"
    assert "In other courses" in told(found)


async def test_the_languages_are_told_where_they_differ(tmp_path: Path) -> None:
    found = await answer(tmp_path, never, "Wie bekomme ich das certificate für das project?")

    assert found.languages == ("de", "en")


async def test_a_message_of_20_000_marks_is_looked_at_at_once(tmp_path: Path) -> None:
    """Quadratic patterns took a minute for it, on the loop that everybody shares."""
    async with asyncio.timeout(20), answerer(tmp_path, ScriptedGenerator({})) as one:
        for text in ("help" + ". " * 10_000, "\n" * 19_990 + "help", ", " * 9_990 + "error"):
            await one.answer(Question(text=text), request_id="1")
