"""Idle models rest in processes of their own: ready at once, bounded, and needed by nobody."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from config.settings import EngineSettings
from engine.errors import ModelLoadError
from engine.models.catalog import PromptStyle, Task
from engine.models.device_memory import DeviceMemory
from engine.serving.status import EngineState
from engine.serving.supervisor import EngineSupervisor
from tests.engine.serving.real_engine import PATIENCE_S, begin, break_off, ignore, is_alive, request
from tests.engine.worker.tiny_models import catalog, entry, save_causal, save_seq2seq
from tests.fake_hardware import FakeHardware

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUEST = request()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_causal(folder / "tiny")
    save_causal(folder / "third", seed=3)
    save_seq2seq(folder / "tiny-t5")
    save_causal(folder / "broken")
    break_off(folder / "broken")
    return folder


@pytest.fixture(scope="module")
def hardware() -> FakeHardware:
    """That of `engine`."""
    return FakeHardware()


@asynccontextmanager
async def running(
    models: Path, hardware: FakeHardware | None = None, *, park_s: float, resume_s: float
) -> AsyncIterator[EngineSupervisor]:
    """An engine that serves `tiny`; when the block ends, none of its processes is left."""
    engine = EngineSupervisor(
        EngineSettings(model="tiny", device="cpu", threads=1, stall_s=300, keep_idle=1),
        catalog=catalog(
            entry("tiny"),
            entry("third"),
            entry("tiny-t5", task=Task.SEQ2SEQ, prompt=PromptStyle.INSTRUCTION),
            entry("broken"),
        ),
        models_dir=models,
        hf_token=None,
        hardware=hardware,
        park_s=park_s,
        resume_s=resume_s,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(engine.run(stop))
    await engine.settled()
    yield engine
    pids = await rest_t5(engine)
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await task
    assert not any(is_alive(pid) for pid in pids)
    assert not engine.pids()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(models: Path, hardware: FakeHardware) -> AsyncIterator[EngineSupervisor]:
    async with running(models, hardware, park_s=PATIENCE_S, resume_s=PATIENCE_S) as engine:
        yield engine


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def impatient(models: Path) -> AsyncIterator[EngineSupervisor]:
    """One that waits no longer for a process that hangs than for a slow one."""
    async with running(models, park_s=10, resume_s=10) as engine:
        yield engine


async def text(engine: EngineSupervisor) -> str:
    return (await engine.generate(REQUEST, ignore)).text


async def rest_t5(engine: EngineSupervisor) -> tuple[int, int]:
    """`tiny` serves and `tiny-t5` is parked; returns the pids of both."""
    await engine.switch("tiny-t5")
    await engine.switch("tiny")
    assert engine.status().idle == ("tiny-t5",)
    (parked,) = engine._launcher.idle.pids()
    (serving,) = engine.pids() - {parked}
    return serving, parked


@contextmanager
def lacking_room(engine: EngineSupervisor, hardware: FakeHardware) -> Iterator[None]:
    """While the engine serves, no model has room beside the one that does, whatever this machine's
    processes really take."""

    def read() -> DeviceMemory:
        free = 0 if engine.status().state is EngineState.READY else 9 * 10**9
        return DeviceMemory(total=10**10, free=free, on_gpu=False)

    with hardware.having(read, lambda _: 7 * 10**8):  # a tiny model needs 1.04 GB
        yield


async def test_switching_back_resumes_the_process_and_its_answers(engine: EngineSupervisor) -> None:
    tiny, _ = await rest_t5(engine)
    first = await text(engine)

    await engine.switch("tiny-t5")
    assert engine.status().idle == ("tiny",)
    (t5,) = engine.pids() - {tiny}
    other = await text(engine)
    await engine.switch("tiny")
    again = await text(engine)
    await engine.switch("tiny-t5")

    assert engine.pids() == {tiny, t5}
    assert engine.status().idle == ("tiny",)
    assert (again, await text(engine)) == (first, other)
    assert first != other


async def test_the_new_model_has_all_its_slots_while_the_old_one_ends_its_answers(
    engine: EngineSupervisor,
) -> None:
    old, _ = await rest_t5(engine)
    num_slots = engine.num_places
    asked = []
    for _ in range(num_slots):
        await engine.acquire()
        asked.append(await begin(engine))

    os.kill(old, signal.SIGSTOP)
    switching = asyncio.create_task(engine.switch("tiny-t5"))
    await engine.acquire()
    generation = await engine.generate(REQUEST, ignore)
    was_switching = not switching.done()
    os.kill(old, signal.SIGCONT)
    unanswered = [task for task in asked if not task.done()]
    for task in asked:
        task.cancel()
    await switching
    for _ in range(num_slots + 1):
        engine.release()

    assert generation.model == "tiny-t5"
    assert was_switching
    assert len(unanswered) == len(asked)
    assert engine.status().idle == ("tiny",)
    assert old in engine.pids()


async def test_nobody_waits_while_the_old_model_parks(engine: EngineSupervisor) -> None:
    old, _ = await rest_t5(engine)

    os.kill(old, signal.SIGSTOP)
    switching = asyncio.create_task(engine.switch("tiny-t5"))
    while engine.status().model != "tiny-t5" and not switching.done():
        await asyncio.sleep(0)
    generation = await engine.generate(REQUEST, ignore)
    was_switching = not switching.done()
    os.kill(old, signal.SIGCONT)
    await switching

    assert generation.model == "tiny-t5"
    assert was_switching
    assert engine.status().idle == ("tiny",)


async def test_a_parked_process_that_died_is_replaced_without_a_word(
    engine: EngineSupervisor,
) -> None:
    serving, parked = await rest_t5(engine)

    os.kill(parked, signal.SIGKILL)
    await engine.switch("tiny-t5")

    assert (await engine.generate(REQUEST, ignore)).model == "tiny-t5"
    assert engine.status().idle == ("tiny",)
    assert parked not in engine.pids()
    assert serving in engine.pids()


async def test_a_parked_process_that_hangs_is_replaced_without_a_word(
    impatient: EngineSupervisor,
) -> None:
    serving, parked = await rest_t5(impatient)

    os.kill(parked, signal.SIGSTOP)
    await impatient.switch("tiny-t5")

    assert (await impatient.generate(REQUEST, ignore)).model == "tiny-t5"
    assert not is_alive(parked)
    assert serving in impatient.pids()


async def test_what_cannot_be_parked_is_ended(impatient: EngineSupervisor) -> None:
    serving, parked = await rest_t5(impatient)

    os.kill(serving, signal.SIGSTOP)
    await impatient.switch("tiny-t5")

    assert impatient.pids() == {parked}
    assert impatient.status().idle == ()
    assert not is_alive(serving)


async def test_the_longest_idle_goes_when_there_are_too_many(engine: EngineSupervisor) -> None:
    serving, parked = await rest_t5(engine)

    await engine.switch("third")

    assert engine.status().idle == ("tiny",)
    assert serving in engine.pids()
    assert not is_alive(parked)


async def test_a_crash_of_the_one_that_serves_leaves_the_parked_ones_alone(
    engine: EngineSupervisor,
) -> None:
    serving, parked = await rest_t5(engine)

    os.kill(serving, signal.SIGKILL)
    while engine.status().state is EngineState.READY:
        await asyncio.sleep(0)

    assert (await engine.generate(REQUEST, ignore)).model == "tiny"
    assert engine.status().idle == ("tiny-t5",)
    assert parked in engine.pids()


async def test_one_after_the_other_they_take_turns_without_a_new_process(
    engine: EngineSupervisor, hardware: FakeHardware
) -> None:
    await rest_t5(engine)
    before = engine.pids()
    with lacking_room(engine, hardware):
        asked = [asyncio.create_task(engine.generate(REQUEST, ignore)) for _ in range(12)]
        await engine.switch("tiny-t5")
        meanwhile = [asyncio.create_task(engine.generate(REQUEST, ignore)) for _ in range(12)]
        await engine.switch("tiny")

        assert {(await task).model for task in asked + meanwhile} <= {"tiny", "tiny-t5"}
        assert engine.pids() == before
        assert engine.status().idle == ("tiny-t5",)


async def test_after_a_failed_exchange_the_old_process_resumes(
    engine: EngineSupervisor, hardware: FakeHardware
) -> None:
    serving, _ = await rest_t5(engine)
    with lacking_room(engine, hardware):
        with pytest.raises(ModelLoadError, match="broken could not be loaded"):
            await engine.switch("broken")

        assert (await engine.generate(REQUEST, ignore)).model == "tiny"
        assert engine.pids() == {serving}


async def test_a_process_that_dies_while_it_is_to_be_exchanged_holds_nobody_up(
    engine: EngineSupervisor, hardware: FakeHardware
) -> None:
    serving, parked = await rest_t5(engine)
    with lacking_room(engine, hardware):
        os.kill(serving, signal.SIGSTOP)
        asked = asyncio.create_task(engine.generate(REQUEST, ignore))
        switching = asyncio.create_task(engine.switch("tiny-t5"))
        while not engine.status().num_waiting:  # until the switch waits for the question
            assert not switching.done()
            await asyncio.sleep(0)
        os.kill(serving, signal.SIGKILL)
        await switching

        assert (await asked).model == "tiny-t5"
        assert engine.pids() == {parked}


async def test_parked_models_go_first_where_memory_is_short(
    engine: EngineSupervisor, hardware: FakeHardware
) -> None:
    serving, parked = await rest_t5(engine)
    with hardware.having(lambda: DeviceMemory(total=10**10, free=3 * 10**8, on_gpu=False)):
        await engine.switch("third")

    assert (await engine.generate(REQUEST, ignore)).model == "third"
    assert engine.status().idle == ()
    assert not is_alive(parked)
    assert not is_alive(serving)
