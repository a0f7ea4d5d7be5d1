"""Deliveries beside one another."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.delivery.delivery import Delivery
from engine.answer.assessment import Assessment, Assessments, Kind
from engine.retrieval.retrieval import Retrieval
from engine.store.jobs import JobStore
from engine.types import Match, Question, RetrievalMode
from tests.engine.store.job_cases import new_job
from tests.fakes import ScriptedGenerator
from tests.harness import FAQ, FakeAdapter, FakeModels, message, running_desk
from tests.waits import until

QUESTION = "Can I still join after the course has started?"
ANSWER = "You can join at any time."
RETRIEVAL = Retrieval(
    matches=(Match(document=FAQ[0], score=1.0),),
    mode=RetrievalMode.LEXICAL,
    gate=0.5,
    confidence=1.0,
)


async def break_down() -> None:
    raise RuntimeError("the store was full when the switch was written down")


async def test_work_that_breaks_does_not_end_the_delivery_of_others(tmp_path: Path) -> None:
    adapter = FakeAdapter()
    script = ScriptedGenerator({QUESTION: ANSWER})
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        desk.delivery.spawn(break_down())
        await desk.desk.receive(message(QUESTION))
        (reply,) = await adapter.wait_for_finals(1)

    assert reply.text == ANSWER


async def test_the_first_version_has_the_entries_also_when_the_model_is_free_at_once(
    tmp_path: Path,
) -> None:
    adapter, found = FakeAdapter(), asyncio.Event()

    async def assess(question: Question) -> Assessment:
        await found.wait()
        return Assessment(kind=Kind.QUESTION, question=question, retrieval=RETRIEVAL)

    async with JobStore(tmp_path / "questions.sqlite3") as store:
        delivery = Delivery(
            store,
            Assessments(assess),
            {"fake": adapter},
            eta_s=lambda _: None,
            engine_status=FakeModels().status,
            contact=lambda _: None,
            explains=lambda _: False,
            first_look_s=60,
        )
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(delivery.run(stop))
            job = await store.add(new_job("1", platform="fake", reply_to="chat"))
            assert job
            delivery.accepted(job)
            await until(lambda: bool(adapter.heard_at))
            delivery.admitted(job)
            for _ in range(20):
                await asyncio.sleep(0)
            assert adapter.messages == {}

            found.set()
            await until(lambda: bool(adapter.messages))
            delivery.stopped(job)
            await adapter.wait_for_finals(1)
            stop.set()

    first = adapter.messages["m1"][0]
    assert [match.document for match in first.matches] == [FAQ[0]]
