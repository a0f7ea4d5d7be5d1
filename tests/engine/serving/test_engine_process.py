"""The engine in real processes: what they see of us, how they end, and the memory they take."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from config.settings import ROOT, EngineSettings
from engine.errors import EngineCrashed, EngineDown, GenerationTimeout, ModelLoadError
from engine.models.catalog import PromptStyle, Task
from engine.models.child_process import engine_environment
from engine.protocol import FinishReason
from engine.serving.process import EngineProcess
from engine.serving.status import EngineState
from engine.serving.supervisor import EngineSupervisor
from tests.engine.serving.engines import (
    LONG,
    MODEL_S,
    begin,
    break_off,
    ignore,
    is_alive,
    request,
    running,
)
from tests.engine.worker.tiny_models import catalog, entry, save_causal, save_seq2seq
from tests.waits import until, within

pytestmark = pytest.mark.asyncio(loop_scope="module")


def seen_by(pid: int) -> bytes:
    """The process's environment and command line."""
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_causal(folder / "tiny")
    save_seq2seq(folder / "tiny-t5")
    break_off(save_causal(folder / "broken"))
    return folder


def make_engine(models: Path, stall_s: float = MODEL_S) -> EngineSupervisor:
    return EngineSupervisor(
        EngineSettings(model="tiny", device="cpu", threads=1, stall_s=stall_s, keep_idle=0),
        catalog=catalog(
            entry("tiny"),
            entry("tiny-t5", task=Task.SEQ2SEQ, prompt=PromptStyle.INSTRUCTION),
            entry("broken"),
        ),
        models_dir=models,
        hf_token="hf_s3cret",
    )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(models: Path) -> AsyncIterator[EngineSupervisor]:
    stop = asyncio.Event()
    engine = make_engine(models)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TELEGRAM_BOT_TOKEN", "SLACK_APP_TOKEN", "HF_TOKEN", "SLACK_BOT_TOKEN_FILE"):
            patch.setenv(name, "s3cret")
        task = asyncio.create_task(engine.run(stop))
        await within(engine.settled(), MODEL_S)
    yield engine
    (pid,) = engine.pids() or (None,)
    stop.set()
    await within(task, MODEL_S)
    assert pid is None or not is_alive(pid)
    with pytest.raises(EngineDown):
        await engine.generate(request(), ignore)


async def test_the_process_holds_no_secret(engine: EngineSupervisor) -> None:
    (pid,) = engine.pids()

    seen = seen_by(pid)

    assert b"s3cret" not in seen
    assert b"HF_HUB_OFFLINE=1" in seen


async def test_the_process_stands_apart_from_the_terminal(engine: EngineSupervisor) -> None:
    (pid,) = engine.pids()

    assert os.getsid(pid) == pid
    os.kill(pid, signal.SIGINT)
    assert (await engine.generate(request(), ignore)).completion_tokens == 8


async def test_the_deadline_ends_an_answer_with_what_it_has(engine: EngineSupervisor) -> None:
    pieces = list[str]()

    generation = await engine.generate(request(max_new_tokens=3500, deadline_s=0.3), pieces.append)

    assert generation.finish_reason is FinishReason.DEADLINE
    assert generation.completion_tokens < 3500
    assert generation.text == "".join(pieces).strip()


async def test_a_killed_process_fails_its_question_and_serves_the_next(
    engine: EngineSupervisor,
) -> None:
    task = await begin(engine)
    (pid,) = engine.pids()

    os.kill(pid, signal.SIGKILL)

    with pytest.raises(EngineCrashed):
        await task
    assert (await engine.generate(request(), ignore)).completion_tokens == 8
    assert engine.pids() != {pid}


async def test_a_hung_process_is_replaced(models: Path) -> None:
    engine = make_engine(models, stall_s=5.0)
    async with running(engine, MODEL_S):
        await engine.settled()
        (pid,) = engine.pids()

        with pytest.raises(GenerationTimeout):
            await engine.generate(LONG, lambda _: os.kill(pid, signal.SIGSTOP))

        assert (await engine.generate(request(), ignore)).completion_tokens == 8
        assert engine.pids() != {pid}


async def test_a_model_that_cannot_be_loaded_leaves_the_old_one_serving(
    engine: EngineSupervisor,
) -> None:
    await engine.switch("tiny")
    before = engine.pids()

    with pytest.raises(ModelLoadError, match=r"broken could not be loaded.*models pull broken"):
        await engine.switch("broken")

    assert engine.pids() == before
    assert engine.status().model == "tiny"
    assert (await engine.generate(request(), ignore)).model == "tiny"


async def test_a_system_that_starts_no_process_is_told_of_in_a_sentence() -> None:
    async with asyncio.TaskGroup() as group:
        with pytest.raises(EngineCrashed, match="The engine process could not be started"):
            await EngineProcess.start(group, 1, root=Path("/nowhere"))


async def test_the_status_tells_of_memory_places_and_time(engine: EngineSupervisor) -> None:
    await engine.generate(request(), ignore)

    status = engine.status()

    assert status.num_slots == 8
    assert status.memory_computed is not None
    assert status.memory_measured is not None
    assert 0.2 < status.memory_measured / status.memory_computed < 2
    assert status.tokens_last_hour >= 8
    assert status.uptime_s is not None
    assert status.uptime_s > 0


@pytest.mark.model  # half a minute, on a busy machine a minute and more
async def test_six_switches_in_a_row_leave_nothing_behind(engine: EngineSupervisor) -> None:
    us = psutil.Process()
    counts = []

    for number in range(6):
        await engine.switch(("tiny-t5", "tiny")[number % 2])
        assert (await engine.generate(request(), ignore)).text
        gc.collect()
        counts.append((us.num_fds(), len(us.children(recursive=True)), us.memory_info().rss))

    assert len({count[:2] for count in counts[2:]}) == 1
    assert counts[-1][2] - counts[1][2] < 16 * 2**20


async def test_a_program_that_stops_while_a_model_loads_leaves_no_process(models: Path) -> None:
    engine = make_engine(models)
    async with running(engine, MODEL_S):
        await engine.settled()
        switching = asyncio.create_task(engine.switch("tiny-t5"))
        await until(lambda: len(engine.pids()) > 1 or switching.done())
        pids = engine.pids()

    with pytest.raises(ModelLoadError):
        await switching
    assert not any(is_alive(pid) for pid in pids)
    assert engine.status().state is EngineState.STOPPED


@pytest.mark.parametrize("read_all", [True, False], ids=["all read", "messages unread"])
async def test_the_process_ends_when_the_bot_is_gone(read_all: bool) -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(MODEL_S)
    process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this test
        [
            sys.executable,
            "-m",
            "engine.worker.process",
            str(theirs.fileno()),
            str(os.getpid()),
            "1",
        ],
        pass_fds=(theirs.fileno(),),
        cwd=ROOT,
        env=engine_environment(os.environ),
    )
    theirs.close()
    try:
        ours.recv(1000 if read_all else 1)  # it is ready

        ours.close()

        assert process.wait(MODEL_S) == 0
    finally:
        process.kill()
        process.wait(MODEL_S)
