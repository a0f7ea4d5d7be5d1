"""What it feels like to use: people write, the assistant answers. Read this first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialog_cases import CLOSEST, LATE, LATE_ANSWER, generator, values
from tests.harness import FakeAdapter, ask, running_desk


async def test_a_question_is_answered_with_its_source(tmp_path: Path, adapter: FakeAdapter) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, LATE)

    assert reply.text == LATE_ANSWER
    assert [source.id for source in reply.sources] == ["join-late"]
    assert reply.sources[0].url == "https://example.org/faq#join-late"
    assert [action.value for action in reply.actions] == ["vote:1:up", "vote:1:down"]


async def test_an_invented_sentence_is_dropped(tmp_path: Path, adapter: FakeAdapter) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "How do I get a certificate?")

    assert "review 3 projects" in reply.text
    assert "euros" not in reply.text
    assert "evil.example" not in reply.text


async def test_an_answer_that_is_all_invention_becomes_a_quotation(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "CUDA out of memory when loading the model")

    assert reply.notice == "Quoted from the FAQ:"
    assert reply.text.startswith("**CUDA out of memory when loading the model**\n\nLoad the model")
    assert "```bash\nnvidia-smi" in reply.text
    assert [source.id for source in reply.sources] == ["cuda-memory"]


async def test_what_the_faq_does_not_cover_is_said_so_without_the_model(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "Who won the football match yesterday?")

    assert reply.text == "The FAQ has no answer to this. Please ask the course staff."
    assert values(reply) == ["staff:1"]
    assert reply.sources == reply.related == ()
    assert script.requests == []


async def test_when_the_model_finds_no_answer_the_nearest_entries_are_offered(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "Can a friend still join after the course has started?")

    assert len(script.requests) == 1
    assert reply.text == CLOSEST
    assert reply.sources_title == ""
    assert reply.sources[0].id == "join-late"
    assert reply.sources[0].excerpt == "Yes, you can join at any time."
    assert values(reply) == ["vote:1:up", "vote:1:down", "staff:1"]


@pytest.mark.parametrize("text", ["?!", "🤷", "   ", "…"])
async def test_nothing_to_search_for_is_said_kindly(
    text: str, tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, text)

    assert reply.text == "I found no question in that. Write one in a few words."


async def test_a_follow_up_brings_the_earlier_turn_along(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await ask(desk, adapter, LATE, number=1)
        await ask(desk, adapter, "And can I join after the course has started?", number=2)

    assert [turn.question for turn in script.requests[1].history] == [LATE]
    assert script.requests[1].history[0].answer == LATE_ANSWER


async def test_a_chosen_course_limits_the_search(tmp_path: Path, adapter: FakeAdapter) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        chosen = await ask(desk, adapter, "/course course-b", number=1)
        reply = await ask(desk, adapter, "How do I get a certificate?", number=2)
        unknown = await ask(desk, adapter, "/course course-z", number=3)

    assert chosen.text == "Your questions are about: Course B."
    assert reply.text == (
        "The FAQ of this course does not cover this. In other courses, these come close:"
    )
    assert [(source.id, source.course) for source in reply.sources] == [("certificate", "course-a")]
    assert values(reply) == ["vote:1:up", "vote:1:down", "staff:1"]
    assert "course-a, course-b" in unknown.text
