"""However long a message is, what asks in it is stored, searched for and answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.messages import Reply
from engine.limits import STORED_CHARS
from tests.fakes import ScriptedGenerator
from tests.harness import FakeAdapter, RunningDesk, message, running_desk

QUESTION = "How do I get a certificate?"
LOG = "".join(f"2026-11-29 10:{n % 60:02}:00 INFO pump {n} moved water\n" for n in range(20_000))


def generator() -> ScriptedGenerator:
    return ScriptedGenerator(lambda request: request.documents[0].answer)


async def ask(desk: RunningDesk, adapter: FakeAdapter, text: str, number: int = 1) -> Reply:
    before = len(adapter.finals)
    await desk.desk.receive(message(text, number=number))
    return (await adapter.wait_for_finals(before + 1))[-1]


async def stored(desk: RunningDesk, reply: Reply) -> str:
    assert reply.job_id is not None
    job = await desk.store.get(reply.job_id)
    assert job is not None
    return job.question.text


@pytest.mark.parametrize("place", ["first", "in the middle", "last"])
async def test_a_question_in_a_megabyte_of_log_is_stored_and_answered(
    tmp_path: Path, adapter: FakeAdapter, place: str
) -> None:
    text = {
        "first": f"{QUESTION}\n{LOG}",
        "in the middle": f"Hello\n{LOG[: STORED_CHARS * 2]}\n{QUESTION}\n{LOG[: STORED_CHARS * 2]}",
        "last": f"{LOG}\n{QUESTION}",
    }[place]
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, text)
        kept = await stored(desk, reply)

    assert QUESTION in kept
    assert len(kept) <= STORED_CHARS
    assert [source.id for source in reply.sources] == ["certificate"]


async def test_a_message_that_there_is_room_for_is_stored_as_it_is(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    text = f"{LOG[: STORED_CHARS // 2]}\n{QUESTION}"
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        kept = await stored(desk, await ask(desk, adapter, f"  {text}\n\n"))

    assert kept == text


async def test_after_an_answer_the_entries_it_stands_on_are_remembered(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        await ask(desk, adapter, QUESTION)
        await ask(desk, adapter, "which opera has the best oysters?", number=2)
        found, lacking = await desk.store.history("fake", "chat-student", 2)

    assert found.entry_ids == ("certificate",)
    assert lacking.entry_ids == ()
    assert lacking.answer == ""


@pytest.mark.parametrize(
    "text",
    ["\n" * 100_000 + "?", "(" * 50_000, "\ud800" * 20_000, "\0" * 20_000 + "why", "?" * 9_000],
)
async def test_a_message_that_nobody_means_well_with_is_answered_like_any_other(
    tmp_path: Path, adapter: FakeAdapter, text: str
) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        strange = await ask(desk, adapter, text)
        reply = await ask(desk, adapter, QUESTION, number=2)

    assert strange.answer is not None
    assert not strange.answer.found
    assert [source.id for source in reply.sources] == ["certificate"]
