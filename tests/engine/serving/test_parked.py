"""Idle models rest in processes of their own: ready at once, bounded, and needed by nobody."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from config.settings import EngineSettings
from engine.errors import ModelLoadError
from engine.models.catalog import PromptStyle, Task
from engine.models.device_memory import DeviceMemory
from engine.serving import launcher as starter
from engine.serving.status import EngineState
from engine.serving.supervisor import EngineSupervisor
from tests.engine.serving.real_engine import begin, break_off, ignore, is_alive, request
from tests.engine.worker.tiny_models import catalog, entry, save_causal, save_seq2seq

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


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(models: Path) -> AsyncIterator[EngineSupervisor]:
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
    )
    stop = asyncio.Event()
    task = asyncio.create_task(engine.run(stop))
    await engine.settled()
    yield engine
    pids = await rest_t5(engine)
    stop.set()
    await task
    assert not any(is_alive(pid) for pid in pids)
    assert not engine.pids()


async def text(engine: EngineSupervisor) -> str:
    return (await engine.generate(REQUEST, ignore)).text


async def rest_t5(engine: EngineSupervisor) -> tuple[int, int]:
    """`tiny` serves and `tiny-t5` is parked; returns the pids of both."""
    await engine.switch("tiny-t5")
    await engine.switch("tiny")
    assert engine.status().idle == ("tiny-t5",)
    (parked,) = engine._starter.idle.pids()
    (serving,) = engine.pids() - {parked}
    return serving, parked


def lack_room(monkeypatch: pytest.MonkeyPatch, engine: EngineSupervisor) -> None:
    """While the engine serves, no model has room beside the one that does, whatever this machine's
    processes really take."""

    def read(_: str) -> DeviceMemory:
        free = 10**8 if engine.status().state is EngineState.READY else 9 * 10**9
        return DeviceMemory(total=10**10, free=free, on_gpu=False)

    monkeypatch.setattr(starter, "read_device_memory", read)
    monkeypatch.setattr(starter, "bytes_of", lambda *_: 7 * 10**8)
    monkeypatch.setattr(starter, "memory_of", lambda pid, *, on_gpu: 4 * 10**8)


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
    asked = [await begin(engine) for _ in range(engine.status().num_slots)]

    os.kill(old, signal.SIGSTOP)
    switching = asyncio.create_task(engine.switch("tiny-t5"))
    generation = await engine.generate(REQUEST, ignore)
    was_switching = not switching.done()
    os.kill(old, signal.SIGCONT)
    unanswered = [task for task in asked if not task.done()]
    for task in asked:
        task.cancel()
    await switching

    assert generation.model == "tiny-t5"
    assert was_switching
    assert len(unanswered) == len(asked)
    assert engine.status().idle == ("tiny",)
    assert old in engine.pids()


async def test_nobody_waits_while_the_old_model_parks(
    engine: EngineSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _ = await rest_t5(engine)
    monkeypatch.setattr("engine.serving.idle.PARK_S", 300)

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
    engine: EngineSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, parked = await rest_t5(engine)
    monkeypatch.setattr(starter, "RESUME_S", 0.1)

    os.kill(parked, signal.SIGSTOP)
    await engine.switch("tiny-t5")

    assert (await engine.generate(REQUEST, ignore)).model == "tiny-t5"
    assert not is_alive(parked)
    assert serving in engine.pids()


async def test_what_cannot_be_parked_is_ended(
    engine: EngineSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, parked = await rest_t5(engine)
    monkeypatch.setattr("engine.serving.idle.PARK_S", 0.1)

    os.kill(serving, signal.SIGSTOP)
    await engine.switch("tiny-t5")

    assert engine.pids() == {parked}
    assert engine.status().idle == ()
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
    engine: EngineSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rest_t5(engine)
    before = engine.pids()
    lack_room(monkeypatch, engine)

    asked = [asyncio.create_task(engine.generate(REQUEST, ignore)) for _ in range(12)]
    await engine.switch("tiny-t5")
    meanwhile = [asyncio.create_task(engine.generate(REQUEST, ignore)) for _ in range(12)]
    await engine.switch("tiny")

    assert {(await task).model for task in asked + meanwhile} <= {"tiny", "tiny-t5"}
    assert engine.pids() == before
    assert engine.status().idle == ("tiny-t5",)


async def test_after_a_failed_exchange_the_old_process_resumes(
    engine: EngineSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, _ = await rest_t5(engine)
    lack_room(monkeypatch, engine)

    with pytest.raises(ModelLoadError, match="broken could not be loaded"):
        await engine.switch("broken")

    assert (await engine.generate(REQUEST, ignore)).model == "tiny"
    assert engine.pids() == {serving}


async def test_a_process_that_dies_while_it_is_to_be_exchanged_holds_nobody_up(
    engine: EngineSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, parked = await rest_t5(engine)
    lack_room(monkeypatch, engine)

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
    engine: EngineSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, parked = await rest_t5(engine)
    monkeypatch.setattr(
        starter,
        "read_device_memory",
        lambda _: DeviceMemory(total=10**10, free=3 * 10**8, on_gpu=False),
    )

    await engine.switch("third")

    assert (await engine.generate(REQUEST, ignore)).model == "third"
    assert engine.status().idle == ()
    assert not is_alive(parked)
    assert not is_alive(serving)
