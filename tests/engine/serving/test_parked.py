"""Idle models rest in engines of their own: ready at once, bounded, and needed by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.errors import ModelLoadError
from engine.models.hardware import DeviceMemory
from engine.serving.in_memory import InMemoryEngine
from engine.serving.status import EngineState
from engine.serving.supervisor import EngineSupervisor
from tests.engine.serving.engines import ENDLESS, IMPATIENT_S, Rig, begin, ignore, request, roomy
from tests.waits import until

REQUEST = request()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, keep_idle=1)


@pytest.fixture
def impatient(tmp_path: Path) -> Rig:
    """One that waits no longer for an engine that hangs than for a slow one."""
    return Rig(tmp_path, keep_idle=1, park_s=IMPATIENT_S)


async def model_of_answer(engine: EngineSupervisor) -> str:
    return (await engine.generate(REQUEST, ignore)).model


async def park_second(rig: Rig) -> tuple[InMemoryEngine, InMemoryEngine]:
    """`tiny` serves and `second` is parked; returns the engines of both."""
    await rig.engine.switch("second")
    await rig.engine.switch("tiny")
    assert rig.engine.status().idle == ("second",)
    serving, parked = rig.living()
    return serving, parked


@contextmanager
def lacking_room(rig: Rig) -> Iterator[None]:
    """While the engine serves, no model has room beside the one that does."""

    def read() -> DeviceMemory:
        return roomy(0 if rig.engine.status().state is EngineState.READY else 9 * 10**9)

    with rig.hardware.having(read, lambda _: 7 * 10**8):
        yield


async def test_the_new_model_has_all_its_slots_while_the_old_one_ends_its_answers(
    rig: Rig,
) -> None:
    async with rig.serving() as engine:
        old, _ = await park_second(rig)
        num_slots = engine.num_places
        asked = []
        for _ in range(num_slots):
            await engine.acquire()
            asked.append(await begin(engine, ENDLESS))

        switching = asyncio.create_task(engine.switch("second"))
        await engine.acquire()
        model = await model_of_answer(engine)
        was_switching = not switching.done()
        unanswered = [task for task in asked if not task.done()]
        for task in asked:
            task.cancel()
        await switching
        for _ in range(num_slots + 1):
            engine.release()

        assert model == "second"
        assert was_switching
        assert len(unanswered) == len(asked)
        assert engine.status().idle == ("tiny",)
        assert old in rig.living()


async def test_nobody_waits_while_the_old_model_parks(rig: Rig) -> None:
    async with rig.serving() as engine:
        old, _ = await park_second(rig)

        old.freeze()
        switching = asyncio.create_task(engine.switch("second"))
        await until(lambda: engine.status().model == "second" or switching.done())
        model = await model_of_answer(engine)
        was_switching = not switching.done()
        old.thaw()
        await switching

        assert model == "second"
        assert was_switching
        assert engine.status().idle == ("tiny",)


async def test_a_parked_engine_that_died_is_replaced_without_a_word(rig: Rig) -> None:
    async with rig.serving() as engine:
        serving, parked = await park_second(rig)

        parked.kill()
        await engine.switch("second")

        assert await model_of_answer(engine) == "second"
        assert engine.status().idle == ("tiny",)
        assert parked not in rig.living()
        assert serving in rig.living()


async def test_a_parked_engine_that_hangs_is_replaced_without_a_word(impatient: Rig) -> None:
    async with impatient.serving() as engine:
        serving, parked = await park_second(impatient)

        parked.freeze()
        await engine.switch("second")

        assert await model_of_answer(engine) == "second"
        assert parked not in impatient.living()
        assert serving in impatient.living()


async def test_what_cannot_be_parked_is_ended(impatient: Rig) -> None:
    async with impatient.serving() as engine:
        serving, parked = await park_second(impatient)

        serving.freeze()
        await engine.switch("second")

        assert impatient.living() == [parked]
        assert engine.status().idle == ()


async def test_the_longest_idle_goes_when_there_are_too_many(rig: Rig) -> None:
    async with rig.serving() as engine:
        serving, parked = await park_second(rig)

        await engine.switch("third")

        assert engine.status().idle == ("tiny",)
        assert serving in rig.living()
        assert parked not in rig.living()


async def test_a_crash_of_the_one_that_serves_leaves_the_parked_ones_alone(rig: Rig) -> None:
    async with rig.serving() as engine:
        serving, parked = await park_second(rig)

        serving.kill()
        await until(lambda: engine.status().state is not EngineState.READY)

        assert await model_of_answer(engine) == "tiny"
        assert engine.status().idle == ("second",)
        assert parked in rig.living()


async def test_one_after_the_other_they_take_turns_without_a_new_process(rig: Rig) -> None:
    async with rig.serving() as engine:
        await park_second(rig)
        before = engine.pids()
        with lacking_room(rig):
            asked = [asyncio.create_task(model_of_answer(engine)) for _ in range(12)]
            await engine.switch("second")
            meanwhile = [asyncio.create_task(model_of_answer(engine)) for _ in range(12)]
            await engine.switch("tiny")

            assert {await task for task in asked + meanwhile} <= {"tiny", "second"}
            assert engine.pids() == before
            assert engine.status().idle == ("second",)


async def test_after_a_failed_exchange_the_old_process_resumes(rig: Rig) -> None:
    async with rig.serving() as engine:
        serving, _ = await park_second(rig)
        with lacking_room(rig):
            with pytest.raises(ModelLoadError, match="broken could not be loaded"):
                await engine.switch("broken")

            assert await model_of_answer(engine) == "tiny"
            assert rig.living() == [serving]


async def test_an_engine_that_dies_while_it_is_to_be_exchanged_holds_nobody_up(rig: Rig) -> None:
    async with rig.serving() as engine:
        serving, parked = await park_second(rig)
        with lacking_room(rig):
            serving.freeze()
            asked = asyncio.create_task(model_of_answer(engine))
            switching = asyncio.create_task(engine.switch("second"))
            await until(lambda: "end first" in engine.status().detail)
            assert not switching.done()
            serving.kill()
            await switching

            assert await asked == "second"
            assert rig.living() == [parked]


async def test_parked_models_go_first_where_memory_is_short(rig: Rig) -> None:
    async with rig.serving() as engine:
        serving, parked = await park_second(rig)
        with rig.hardware.having(lambda: roomy(3 * 10**8), lambda _: 8 * 10**8):
            await engine.switch("third")

        assert await model_of_answer(engine) == "third"
        assert engine.status().idle == ()
        assert parked not in rig.living()
        assert serving not in rig.living()
