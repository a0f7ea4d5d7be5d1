"""The engine under its supervisor: places, crashes, hangs, and what it starts with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.errors import EngineCrashed, EngineDown, GenerationTimeout, ModelLoadError
from engine.models.catalog import AUTO, CPU_DEFAULT
from engine.serving.status import EngineState
from engine.serving.supervisor import MOST_STARTS, STARTS_BEFORE_ANOTHER
from tests.engine.serving.engines import (
    BROKEN,
    ENDLESS,
    IMPATIENT_S,
    Rig,
    begin,
    ignore,
    request,
    running,
)
from tests.waits import until


async def test_whoever_asks_after_the_program_stopped_is_refused(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    async with rig.serving() as engine:
        pass

    with pytest.raises(EngineDown, match="The program is stopping"):
        await engine.generate(request(), ignore)


async def test_a_crash_fails_the_question_and_the_next_is_answered(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    async with rig.serving() as engine:
        task = await begin(engine, ENDLESS)
        before = engine.pids()

        rig.living()[0].kill()

        with pytest.raises(EngineCrashed):
            await task
        assert (await engine.generate(request(), ignore)).completion_tokens == 8
        assert not engine.pids() & before


async def test_questions_that_were_answered_together_are_asked_again_one_by_one(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    async with rig.serving() as engine:
        pieces: list[str] = []
        other = await begin(engine, ENDLESS)
        task = await begin(engine, request(300), pieces.append)

        rig.living()[0].kill()
        await until(lambda: engine.status().state is not EngineState.READY)
        other.cancel()

        generation = await task
        assert generation.completion_tokens == 300
        assert "".join(pieces).strip() == generation.text


async def test_places_are_as_many_as_the_model_has_slots_and_nobody_gets_one_while_it_loads(
    tmp_path: Path,
) -> None:
    engine = Rig(tmp_path).engine
    async with running(engine):
        acquiring = asyncio.create_task(engine.acquire())
        await asyncio.sleep(0)
        while_loading = acquiring.done()

        await engine.settled()
        await acquiring
        for _ in range(engine.num_places - 1):
            await engine.acquire()
        one_too_many = asyncio.create_task(engine.acquire())
        await asyncio.sleep(0)
        when_full = one_too_many.done()
        engine.release()

        assert await one_too_many
        assert (while_loading, when_full) == (False, False)
        assert engine.num_places == engine.status().num_slots == 8


async def test_several_questions_are_answered_at_once(tmp_path: Path) -> None:
    async with Rig(tmp_path).serving() as engine:
        long = await begin(engine, ENDLESS)

        generations = await asyncio.gather(*(engine.generate(request(), ignore) for _ in range(12)))

        assert [generation.completion_tokens for generation in generations] == [8] * 12
        assert not long.done()
        long.cancel()


async def test_an_engine_that_hangs_is_replaced(tmp_path: Path) -> None:
    rig = Rig(tmp_path, stall_s=IMPATIENT_S)
    async with rig.serving() as engine:
        before = engine.pids()
        hanging = rig.living()[0]

        with pytest.raises(GenerationTimeout):
            await engine.generate(ENDLESS, lambda _: hanging.freeze())

        assert (await engine.generate(request(), ignore)).completion_tokens == 8
        assert not engine.pids() & before


@pytest.mark.parametrize(
    ("preferred", "model", "why"),
    [
        ("tiny", "tiny", "It was chosen with /model."),
        ("broken", CPU_DEFAULT, "broken could not be loaded"),
        ("gone", CPU_DEFAULT, "There is no model called 'gone'"),
    ],
    ids=["loads", "does not load", "left the catalogue"],
)
async def test_the_model_that_staff_chose_survives_a_restart_if_it_can(
    tmp_path: Path, preferred: str, model: str, why: str
) -> None:
    engine = Rig(tmp_path, AUTO, preferred).engine
    async with running(engine):
        generation = await engine.generate(request(), ignore)

        assert generation.model == engine.status().model == model
        assert engine.status().detail.startswith(why)


async def test_the_settings_word_counts_more_than_what_staff_chose(tmp_path: Path) -> None:
    async with Rig(tmp_path, "tiny", "second").serving() as engine:
        assert engine.status().model == "tiny"


async def test_a_model_that_never_loads_is_said_to_be_down(tmp_path: Path) -> None:
    async with Rig(tmp_path, "broken").serving() as engine:
        status = engine.status()

        assert status.state is EngineState.DOWN
        assert status.detail == BROKEN
        with pytest.raises(EngineDown, match="could not be loaded"):
            await engine.generate(request(), ignore)


async def test_an_unknown_model_in_the_settings_is_said_to_be_down(tmp_path: Path) -> None:
    async with Rig(tmp_path, "gpt-5").serving() as engine:
        assert engine.status().state is EngineState.DOWN
        assert "gpt-5" in engine.status().detail


@pytest.mark.parametrize("model", ["dies", "dies-later"])
async def test_a_model_whose_process_ends_as_it_starts_is_not_started_for_ever(
    tmp_path: Path, model: str
) -> None:
    rig = Rig(tmp_path, model)
    async with rig.serving() as engine:
        with pytest.raises(EngineDown):
            await engine.generate(request(), ignore)
        await until(lambda: "not started again" in engine.status().detail)
        started = len(rig.engines.started)
        for _ in range(100):
            await asyncio.sleep(0)

        assert len(rig.engines.started) == started == MOST_STARTS
        assert engine.status().state is EngineState.DOWN
        assert f"{model} ended 8 times as it started" in engine.status().last_error
        assert "it was killed" in engine.status().last_error

        await engine.switch("tiny")
        assert (await engine.generate(request(), ignore)).model == "tiny"


@pytest.mark.parametrize("model", ["dies", "dies-later"])
async def test_a_model_that_was_given_up_can_be_chosen_again(tmp_path: Path, model: str) -> None:
    rig = Rig(tmp_path, model)
    async with rig.serving() as engine:
        await until(lambda: "not started again" in engine.status().detail)
        with pytest.raises(ModelLoadError, match="it was killed"):
            await engine.switch(model)
        assert engine.status().state is EngineState.DOWN
        assert "not started again" in engine.status().detail

        rig.deaths.clear()
        await engine.switch(model)

        assert (await engine.generate(request(), ignore)).model == model


@pytest.mark.parametrize("preferred", ["dies", "dies-later"])
async def test_another_model_serves_where_one_ends_as_it_starts(
    tmp_path: Path, preferred: str
) -> None:
    rig = Rig(tmp_path, AUTO, preferred)
    async with rig.serving() as engine:
        await until(lambda: engine.status().state is EngineState.READY)

        generation = await engine.generate(request(), ignore)

        assert generation.model == CPU_DEFAULT
        assert len(rig.engines.started) == STARTS_BEFORE_ANOTHER + 1
        assert engine.status().detail.startswith(f"{preferred} ended 3 times as it started.")
        assert f"{preferred} ended 3 times" in engine.status().last_error


async def test_a_model_that_dies_under_a_question_of_its_own_is_started_again(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    async with rig.serving() as engine:
        for _ in range(MOST_STARTS + 2):
            task = await begin(engine, ENDLESS)
            dying = rig.living()[0]
            dying.kill()
            with pytest.raises(EngineCrashed):
                await task
            await until(lambda: rig.living() not in ([], [dying]))  # noqa: B023 - awaited here
            await until(lambda: engine.status().state is EngineState.READY)

        assert (await engine.generate(request(), ignore)).model == "tiny"
