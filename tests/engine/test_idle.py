"""Which idle models are kept and which go, with processes that only stand for real ones."""

from __future__ import annotations

import asyncio

from engine.errors import ModelLoadError
from engine.idle import IdleModels
from tests.engine.tiny_models import entry


class Process:
    """What the idle models know of an engine process."""

    def __init__(self, alias: str, pid: int = 1) -> None:
        self.entry = entry(alias)
        self.pid = pid
        self.is_usable = True
        self.ended = asyncio.Event()
        self.parking = asyncio.Event()
        self.may_park = asyncio.Event()
        self.may_park.set()
        self.was_parked = False

    async def park(self, *, timeout: float) -> None:
        self.parking.set()
        await self.may_park.wait()
        if not self.is_usable:
            raise ModelLoadError
        self.was_parked = True

    def kill(self) -> None:
        self.is_usable = False
        self.ended.set()

    async def shut_down(self) -> None:
        self.kill()


async def idle_models(limit: int, *processes: Process) -> IdleModels:
    idle = IdleModels(limit)
    for process in processes:
        await idle.keep(process)  # type: ignore[arg-type]
    return idle


async def test_the_longest_idle_goes_when_there_are_too_many() -> None:
    first, second, third = Process("first"), Process("second"), Process("third")

    idle = await idle_models(2, first, second, third)

    assert idle.aliases == ("second", "third")
    assert first.ended.is_set()


async def test_nobody_goes_in_place_of_one_that_died() -> None:
    first, second, third = Process("first"), Process("second"), Process("third")
    idle = await idle_models(2, first, second)

    second.kill()
    await idle.keep(third)  # type: ignore[arg-type]

    assert idle.aliases == ("first", "third")


async def test_of_two_processes_with_the_same_model_the_older_one_ends() -> None:
    older, newer = Process("same"), Process("same")

    idle = await idle_models(2, older, newer)

    assert older.ended.is_set()
    assert idle.process_of(newer.entry) is newer


async def test_nothing_is_parked_once_the_program_stops() -> None:
    process = Process("late")
    idle = await idle_models(1)

    await idle.close()
    await idle.keep(process)  # type: ignore[arg-type]

    assert not process.was_parked
    assert process.ended.is_set()


async def test_what_was_being_parked_when_the_program_stopped_is_ended() -> None:
    process = Process("late")
    process.may_park.clear()
    idle = await idle_models(1)

    keeping = asyncio.create_task(idle.keep(process))  # type: ignore[arg-type]
    await process.parking.wait()
    await idle.close()
    process.may_park.set()
    await keeping

    assert process.ended.is_set()
    assert not idle.aliases
