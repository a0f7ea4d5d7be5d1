"""What it feels like to wait: the place in the queue, limits, a stop, a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.messages import Press, Reply, ReplyState
from config.settings import LimitsSettings, Settings
from engine.store.jobs import JobStatus
from tests.dialog_cases import CLOSEST, LATE, LATE_ANSWER, NO_ANSWER, TRAPS, generator
from tests.harness import FAQ, FakeAdapter, ListCorpus, ask, echo, message, running_desk
from tests.waits import within


async def offered(adapter: FakeAdapter, message_id: str) -> Reply:
    """The first version of the message that offers entries to who waits."""

    def found() -> Reply | None:
        versions = adapter.messages.get(message_id, ())
        return next((version for version in versions if version.matches), None)

    async with asyncio.timeout(120), adapter.changed:
        await adapter.changed.wait_for(found)
    reply = found()
    assert reply is not None
    return reply


async def test_the_matching_entries_are_shown_while_the_asker_waits(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    slow = generator()
    slow.gate.clear()
    async with running_desk(tmp_path, slow, {"fake": adapter}) as desk:
        await desk.desk.receive(message(LATE))
        waiting = await offered(adapter, "m1")
        slow.gate.set()
        await adapter.wait_for_finals(1)

    assert waiting.state is not ReplyState.FINAL
    assert waiting.matches[0].document.id == "join-late"
    assert waiting.sources_title == "Meanwhile, these entries of the FAQ match best:"
    assert len(adapter.messages) == 1, "one message, edited"


async def test_the_same_message_delivered_three_times_is_answered_once(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        for _ in range(3):
            await desk.desk.receive(message(LATE, number=7))
        await adapter.wait_for_finals(1)
        await ask(desk, adapter, "How do I get a certificate?", number=8)

    assert len(adapter.messages) == 2
    assert len(script.requests) == 2


async def test_asking_too_often_is_told_when_to_come_back(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    settings = Settings(data_dir=tmp_path, limits=LimitsSettings(questions_per_minute=1))
    async with running_desk(tmp_path, generator(), {"fake": adapter}, settings=settings) as desk:
        await ask(desk, adapter, LATE, number=1)
        reply = await ask(desk, adapter, LATE, number=2)

    assert reply.text.startswith("That was quick! You can ask again in ")


async def test_at_most_three_questions_of_one_person_wait(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    slow = generator()
    slow.gate.clear()
    async with running_desk(tmp_path, slow, {"fake": adapter}) as desk:
        for number in range(4):
            await desk.desk.receive(message(LATE, number=number))
        refused = (await adapter.wait_for_finals(1))[0]
        slow.gate.set()
        await adapter.wait_for_finals(4)

    assert refused.text.startswith("You have 3 questions waiting.")


async def test_a_full_queue_is_refused_at_once_with_an_estimate(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    settings = Settings(data_dir=tmp_path, limits=LimitsSettings(max_queue=2))
    slow = generator()
    slow.gate.clear()
    async with running_desk(tmp_path, slow, {"fake": adapter}, settings=settings) as desk:
        await desk.desk.receive(message(LATE, number=0, user="student-0"))
        await within(slow.waiting.wait())
        for number in range(1, 4):
            await desk.desk.receive(message(LATE, number=number, user=f"student-{number}"))
        refused = (await adapter.wait_for_finals(1))[0]
        slow.gate.set()
        await adapter.wait_for_finals(4)

    assert refused.text.startswith("There are very many questions at the moment")


async def test_an_answer_can_be_stopped_by_its_asker_only(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    slow = generator()
    slow.gate.clear()
    async with running_desk(tmp_path, slow, {"fake": adapter}) as desk:
        await desk.desk.receive(message(LATE))
        await within(slow.waiting.wait())
        other = await desk.desk.press(
            Press(platform="fake", user_id="x", value="stop:1", reply_to="x", message_id="m1")
        )
        await desk.desk.press(
            Press(platform="fake", user_id="student", value="stop:1", reply_to="x", message_id="m1")
        )
        reply = (await adapter.wait_for_finals(1))[0]
        slow.gate.set()
        again = await ask(desk, adapter, LATE, number=2)

    assert other is not None
    assert other.text == "There is nothing to stop."
    assert reply.text == "Stopped."
    assert again.text == LATE_ANSWER


async def test_twenty_waiting_questions_survive_a_restart(tmp_path: Path) -> None:
    slow = generator()
    slow.gate.clear()
    before, after = FakeAdapter(), FakeAdapter()
    async with running_desk(tmp_path, slow, {"fake": before}) as desk:
        for number in range(20):
            await desk.desk.receive(message(LATE, number=number, user=f"student-{number}"))
        async with before.changed:
            await before.changed.wait_for(lambda: len(before.messages) == 20)

    async with running_desk(tmp_path, generator(), {"fake": after}):
        await after.wait_for_finals(20)

    assert {reply.text for reply in after.finals} == {LATE_ANSWER}
    assert set(after.messages) == set(before.messages), "the old messages were edited"


async def test_who_waits_is_shown_the_entries_of_the_answer_from_one_search(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = echo(reads=True)  # so that both have to wait for it
    script.gate.clear()
    corpus = ListCorpus((*FAQ, *TRAPS))
    async with running_desk(tmp_path, script, {"fake": adapter}, corpus=corpus) as desk:
        await desk.desk.receive(message("How do I install kubectl on Windows?", number=1))
        await within(script.waiting.wait())
        await desk.desk.receive(message("how to install kubectl on mac", number=2))
        first, second = await offered(adapter, "m1"), await offered(adapter, "m2")
        script.gate.set()
        await adapter.wait_for_finals(2)
        searched = list(desk.retriever.searched)

    answer, closest = (adapter.messages[name][-1] for name in ("m1", "m2"))
    assert sorted(searched) == [
        "How do I install kubectl on Windows?",
        "how to install kubectl on mac",
    ]
    assert [match.document.id for match in second.matches] == [s.id for s in closest.sources]
    assert closest.text == CLOSEST
    assert first.matches[0].document.id == answer.sources[0].id == "kubectl-windows"


async def test_who_asks_what_no_entry_is_close_to_waits_for_no_model_and_is_shown_none(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    script.gate.clear()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await desk.desk.receive(message(LATE, number=1))
        await within(script.waiting.wait())
        await desk.desk.receive(message("who won the world cup", number=2))
        await offered(adapter, "m1")
        (first,) = await adapter.wait_for_finals(1)
        script.gate.set()
        await adapter.wait_for_finals(2)

    assert first is adapter.messages["m2"][-1]
    assert [version.matches for version in adapter.messages["m2"]] == [()] * len(
        adapter.messages["m2"]
    )
    assert adapter.messages["m2"][-1].text == NO_ANSWER


async def test_a_question_still_open_at_a_restart_is_judged_again(tmp_path: Path) -> None:
    slow, before, after = echo(reads=True), FakeAdapter(), FakeAdapter()
    slow.gate.clear()
    corpus = ListCorpus(TRAPS)
    async with running_desk(tmp_path, slow, {"fake": before}, corpus=corpus) as desk:
        await desk.desk.receive(message("How do I install kubectl on Windows?", number=1))
        await within(slow.waiting.wait())
        await desk.desk.receive(message("how to install kubectl on mac", number=2))
        await offered(before, "m2")

    async with running_desk(tmp_path, echo(), {"fake": after}, corpus=corpus) as desk:
        await after.wait_for_finals(2)
        await desk.desk.all_told()
        jobs = [await desk.store.get(number) for number in (1, 2)]

    assert after.messages["m2"][-1].text == CLOSEST
    assert [job.status for job in jobs if job] == [JobStatus.DELIVERED] * 2
