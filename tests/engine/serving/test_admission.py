"""The order in which requests come to the engine process."""

from __future__ import annotations

import asyncio

from engine.serving.admission import AdmissionGate


class Visitor:
    """Goes in, stays until told to leave."""

    def __init__(
        self, gate: AdmissionGate, group: asyncio.TaskGroup, *, alone: bool = False
    ) -> None:
        self.inside = False
        self.leave = asyncio.Event()
        self.task = group.create_task(self._visit(gate.exclusive() if alone else gate.shared()))

    async def _visit(self, place: object) -> None:
        async with place:  # type: ignore[attr-defined]
            self.inside = True
            await self.leave.wait()
            self.inside = False


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_only_so_many_are_inside_and_the_next_comes_when_one_leaves() -> None:
    gate = AdmissionGate(2)
    async with asyncio.TaskGroup() as group:
        visitors = [Visitor(gate, group) for _ in range(4)]
        await settle()
        before = [visitor.inside for visitor in visitors]
        visitors[1].leave.set()
        await settle()
        after = [visitor.inside for visitor in visitors]
        for visitor in visitors:
            visitor.leave.set()

    assert before == [True, True, False, False]
    assert after == [True, False, True, False]


async def test_who_wants_to_be_alone_waits_for_those_inside_and_keeps_later_ones_out() -> None:
    gate = AdmissionGate(3)
    async with asyncio.TaskGroup() as group:
        first = Visitor(gate, group)
        lonely = Visitor(gate, group, alone=True)
        later = Visitor(gate, group)
        await settle()
        waiting = (first.inside, lonely.inside, later.inside)
        first.leave.set()
        await settle()
        alone = (first.inside, lonely.inside, later.inside)
        lonely.leave.set()
        await settle()
        at_last = later.inside
        later.leave.set()

    assert waiting == (True, False, False)
    assert alone == (False, True, False)
    assert at_last


async def test_who_gives_up_takes_no_place() -> None:
    gate = AdmissionGate(1)
    async with asyncio.TaskGroup() as group:
        first, impatient, last = (Visitor(gate, group) for _ in range(3))
        await settle()
        impatient.task.cancel()
        first.leave.set()
        await settle()
        inside = last.inside
        last.leave.set()

    assert inside


async def test_more_places_let_in_who_waits() -> None:
    gate = AdmissionGate(1)
    async with asyncio.TaskGroup() as group:
        visitors = [Visitor(gate, group) for _ in range(3)]
        await settle()
        gate.resize(3)
        await settle()
        inside = [visitor.inside for visitor in visitors]
        for visitor in visitors:
            visitor.leave.set()

    assert inside == [True, True, True]
