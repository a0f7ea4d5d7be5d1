"""Who waits for the model and who does not: what people see, and in which order they are served."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.messages import ReplyState
from engine.serving.admission import AdmissionGate
from engine.store.jobs import JobStatus
from tests.harness import FakeAdapter, RunningDesk, echo, message, running_desk
from tests.waits import within

WRITING = "Writing the answer …"
NEXT, SECOND = "Your question is next.", "Your question is number 2 in the queue."
THIRD = "Your question is number 3 in the queue."
LATE = "Can I still join after the course has started?"


async def told(adapter: FakeAdapter, *notices: str) -> None:
    """Return once these are the notices of all messages; one that shows text has none."""

    def now() -> list[str]:
        return sorted(versions[-1].notice for versions in adapter.messages.values())

    async with asyncio.timeout(60), adapter.changed:
        await adapter.changed.wait_for(lambda: now() == sorted(notices))


async def ask_all(desk: RunningDesk, *users: str) -> None:
    """Ask in that order, one question each."""
    for number, user in enumerate(users, 1):
        await desk.desk.receive(message(LATE, number=number, user=user))


async def statuses(desk: RunningDesk, *ids: int) -> list[JobStatus]:
    return [job.status for id_ in ids if (job := await desk.store.get(id_))]


async def test_with_one_answer_at_a_time_the_others_see_their_place_until_it_is_their_turn(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = echo()
    script.gate.clear()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await ask_all(desk, "ann")
        await within(script.waiting.wait())
        for number, user in ((2, "bob"), (3, "cleo")):
            await desk.desk.receive(message(LATE, number=number, user=user))
        await told(adapter, "", NEXT, SECOND)
        before = await statuses(desk, 1, 2, 3)
        asked_before = len(script.requests)
        script.gate.set()
        await adapter.wait_for_finals(3)

    assert before == [JobStatus.RUNNING, JobStatus.QUEUED, JobStatus.QUEUED]
    assert asked_before == 1
    for versions in list(adapter.messages.values())[1:]:
        states = [version.state for version in versions]
        writing = states.index(ReplyState.WRITING)
        assert ReplyState.WAITING not in states[writing:]
        assert ReplyState.WAITING in states[:writing]


async def test_more_places_let_the_next_one_in_at_once(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script, places = echo(), AdmissionGate(2)
    script.gate.clear()
    async with running_desk(tmp_path, script, {"fake": adapter}, admission=places) as desk:
        await ask_all(desk, "ann", "bob", "cleo")
        await told(adapter, "", WRITING, NEXT)
        at_first = await statuses(desk, 1, 2, 3)
        places.resize(3)
        await told(adapter, "", WRITING, WRITING)
        then = await statuses(desk, 1, 2, 3)
        script.gate.set()
        await adapter.wait_for_finals(3)

    assert at_first == [JobStatus.RUNNING, JobStatus.RUNNING, JobStatus.QUEUED]
    assert then == [JobStatus.RUNNING] * 3
    assert places.num_inside == 0


async def test_people_take_turns_for_the_model(tmp_path: Path, adapter: FakeAdapter) -> None:
    script = echo()
    script.gate.clear()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await ask_all(desk, "ann", "ann", "ann", "bob")
        await told(adapter, "", NEXT, SECOND, THIRD)
        script.gate.set()
        await adapter.wait_for_finals(4)

    assert [request.id for request in script.requests] == ["1", "4", "2", "3"]


@pytest.mark.parametrize("text", ["Thank you so much!", "who won the world cup"])
async def test_what_needs_no_model_does_not_wait_for_it(
    tmp_path: Path, adapter: FakeAdapter, text: str
) -> None:
    script = echo()
    script.gate.clear()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await ask_all(desk, "ann", "bob")
        await within(script.waiting.wait())
        await desk.desk.receive(message(text, number=3, user="cleo"))
        await adapter.wait_for_finals(1)
        before = await statuses(desk, 1, 2)
        script.gate.set()
        await adapter.wait_for_finals(3)

    assert before == [JobStatus.RUNNING, JobStatus.QUEUED]


async def test_the_questions_of_one_message_share_one_place(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script, places = echo(), AdmissionGate(1)
    text = "How do I get a certificate? And can I still join after the course has started?"
    async with running_desk(tmp_path, script, {"fake": adapter}, admission=places) as desk:
        await desk.desk.receive(message(text))
        await adapter.wait_for_finals(1)

    assert sorted(request.id for request in script.requests) == ["1.1", "1.2"]
    assert places.num_inside == 0


async def test_a_question_that_is_forgotten_while_it_waits_is_not_written(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = echo()
    script.gate.clear()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await ask_all(desk, "ann", "bob")
        await within(script.waiting.wait())
        await desk.store.forget("fake", "bob")
        script.gate.set()
        await adapter.wait_for_finals(1)
        await desk.desk.receive(message(LATE, number=3, user="cleo"))
        await adapter.wait_for_finals(2)

    assert [request.id for request in script.requests] == ["1", "3"]
