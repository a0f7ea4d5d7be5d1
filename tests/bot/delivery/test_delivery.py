"""Deliveries beside one another."""

from __future__ import annotations

from pathlib import Path

from tests.fakes import ScriptedGenerator
from tests.harness import FakeAdapter, message, running_desk

QUESTION = "Can I still join after the course has started?"
ANSWER = "You can join at any time."


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
