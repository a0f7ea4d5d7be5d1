"""Another model serves: at once, after the old one, or not at all; nobody's question is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.errors import EngineCrashed, ModelLoadError, UnknownModel
from engine.models.catalog import CPU_DEFAULT
from engine.serving.in_memory import InMemoryEngine
from engine.serving.status import EngineState
from tests.engine.serving.engines import ENDLESS, Rig, begin, ignore, request, roomy
from tests.waits import until


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def lack_room(rig: Rig) -> None:
    """From now on nothing has room beside the model that serves."""
    rig.hardware.memory = lambda: roomy(3 * 10**8)


@pytest.mark.parametrize(
    ("alias", "why"),
    [
        ("broken", "broken could not be loaded"),
        ("mute", "mute was loaded but wrote nothing on a first question"),
        ("huge", r"huge does not fit into memory: it needs [\d.]+ GB \(weights"),
    ],
)
async def test_a_model_that_cannot_serve_is_not_switched_to(rig: Rig, alias: str, why: str) -> None:
    async with rig.serving() as engine:
        before = engine.pids()

        with pytest.raises(ModelLoadError, match=why):
            await engine.switch(alias)

        assert engine.pids() == before
        assert engine.status().model == "tiny"
        assert engine.status().last_error.startswith(alias)
        assert (await engine.generate(request(), ignore)).model == "tiny"


async def test_an_unknown_model_is_refused(rig: Rig) -> None:
    async with rig.serving() as engine:
        with pytest.raises(UnknownModel):
            await engine.switch("gpt-5")

        assert engine.status().state is EngineState.READY


async def test_a_system_that_starts_no_process_fails_a_switch_with_a_sentence(
    tmp_path: Path,
) -> None:
    class MayFail(Rig):
        fails = False

        async def connect(self, group: asyncio.TaskGroup, threads: int) -> InMemoryEngine:
            if self.fails:
                raise EngineCrashed("The engine process could not be started (no memory).")
            return await self.engines(group, threads)

    rig = MayFail(tmp_path)
    async with rig.serving() as engine:
        rig.fails = True

        with pytest.raises(ModelLoadError, match="The engine process could not be started"):
            await engine.switch("second")

        assert (await engine.generate(request(), ignore)).model == "tiny"


async def test_the_model_is_switched_while_a_question_is_being_answered(rig: Rig) -> None:
    async with rig.serving() as engine:
        running = await begin(engine, request(2000))
        before = engine.pids()

        await engine.switch("second")

        assert (await running).model == "tiny"
        assert (await engine.generate(request(), ignore)).model == "second"
        assert not engine.pids() & before


async def test_without_room_for_two_the_old_model_goes_first_and_nobody_is_lost(rig: Rig) -> None:
    async with rig.serving() as engine:
        lack_room(rig)
        asked = [asyncio.create_task(engine.generate(request(300), ignore)) for _ in range(3)]
        await asyncio.sleep(0)

        switching = asyncio.create_task(engine.switch("second"))
        await until(lambda: engine.status().state is not EngineState.READY)
        meanwhile = [asyncio.create_task(engine.generate(request(), ignore)) for _ in range(3)]
        await switching

        assert [(await task).model for task in asked] == ["tiny"] * 3
        assert [(await task).model for task in meanwhile] == ["second"] * 3


async def test_a_failed_exchange_brings_the_old_model_back(rig: Rig) -> None:
    async with rig.serving() as engine:
        lack_room(rig)
        before = engine.pids()

        with pytest.raises(ModelLoadError, match="mute was loaded but wrote nothing"):
            await engine.switch("mute")
        at_once = engine.status()
        await engine.settled()
        then = engine.status()

        assert (at_once.state, at_once.model) == (EngineState.LOADING, "tiny")
        assert (then.state, then.model) == (EngineState.READY, "tiny")
        assert (await engine.generate(request(), ignore)).model == "tiny"
        assert not engine.pids() & before


async def test_the_status_tells_which_change_its_detail_is_about(rig: Rig) -> None:
    async with rig.serving() as engine:
        told: dict[str, set[str]] = {}
        changes = [asyncio.create_task(engine.switch(alias)) for alias in ("second", "tiny")]

        def note() -> bool:
            status = engine.status()
            told.setdefault(status.changing_to, set()).add(status.detail)
            return all(change.done() for change in changes)

        await until(note)

        assert {"Preparing second …", "Loading second …"} <= told["second"]
        assert {"Preparing tiny …", "Loading tiny …"} <= told["tiny"]
        assert not told["second"] & {"Preparing tiny …", "Loading tiny …"}
        assert engine.status().changing_to == ""


async def test_a_program_that_stops_while_a_model_loads_leaves_no_engine(rig: Rig) -> None:
    async with rig.serving() as engine:
        switching = asyncio.create_task(engine.switch("second"))
        await until(lambda: len(engine.pids()) > 1 or switching.done())

    with pytest.raises(ModelLoadError):
        await switching
    assert engine.status().state is EngineState.STOPPED


async def test_an_exchange_that_has_not_begun_when_the_program_stops_does_not_begin(
    rig: Rig,
) -> None:
    async def give_up() -> None:
        await until(lambda: rig.engine.status().state is EngineState.STOPPED)
        asked.cancel()

    async with rig.serving() as engine:
        lack_room(rig)
        asked = await begin(engine, ENDLESS)
        switching = asyncio.create_task(engine.switch(CPU_DEFAULT))
        await until(lambda: "end first" in engine.status().detail or switching.done())
        giving_up = asyncio.create_task(give_up())

    await giving_up
    with pytest.raises(ModelLoadError, match="not running"):
        await switching
    assert engine.status().state is EngineState.STOPPED
