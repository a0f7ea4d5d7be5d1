"""Which idle models are kept and which go."""

from __future__ import annotations

import asyncio

from tests.engine.serving.idle_processes import Process, idle_models


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
