"""Which idle models are kept and which go."""

from __future__ import annotations

import asyncio

from engine.protocol import Park
from engine.serving.idle import IdleModels
from engine.serving.in_memory import InMemoryEngines
from tests.engine.serving.engines import connected
from tests.waits import until


async def test_the_longest_idle_goes_when_there_are_too_many() -> None:
    async with connected("first", "second", "third") as (first, second, third):
        idle = IdleModels(2)

        for connection in (first, second, third):
            await idle.keep(connection)

        assert idle.aliases == ("second", "third")
        assert first.ended.is_set()


async def test_nobody_goes_in_place_of_one_that_died() -> None:
    async with connected("first", "second", "third") as (first, second, third):
        idle = IdleModels(2)
        await idle.keep(first)
        await idle.keep(second)

        second.kill()
        await idle.keep(third)

        assert idle.aliases == ("first", "third")


async def test_of_two_processes_with_the_same_model_the_older_one_ends() -> None:
    async with connected("same", "same") as (older, newer):
        idle = IdleModels(2)

        await idle.keep(older)
        await idle.keep(newer)

        assert older.ended.is_set()
        assert idle.process_of(newer.entry) is newer


async def test_nothing_is_parked_once_the_program_stops() -> None:
    engines = InMemoryEngines()
    async with connected("late", engines=engines) as (late,):
        idle = IdleModels(1)

        await idle.close()
        await idle.keep(late)

        assert Park() not in engines.started[0].received
        assert late.ended.is_set()


async def test_what_was_being_parked_when_the_program_stopped_is_ended() -> None:
    engines = InMemoryEngines()
    async with connected("late", engines=engines) as (late,):
        (engine,) = engines.started
        engine.freeze()
        idle = IdleModels(1)

        keeping = asyncio.create_task(idle.keep(late))
        await until(lambda: Park() in engine.received)
        await idle.close()
        engine.thaw()
        await keeping

        assert late.ended.is_set()
        assert not idle.aliases
