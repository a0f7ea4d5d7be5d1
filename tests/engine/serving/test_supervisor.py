"""The engine process under a real supervisor: crashes, hangs, deadlines, secrets, switching."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from config.settings import ROOT, EngineSettings
from engine.errors import (
    EngineCrashed,
    EngineDown,
    GenerationTimeout,
    ModelLoadError,
    UnknownModel,
)
from engine.generation import FinishReason
from engine.models.catalog import AUTO, CPU_DEFAULT, PromptStyle, Task
from engine.models.device_memory import DeviceMemory
from engine.models.environment import engine_environment
from engine.serving.process import EngineProcess
from engine.serving.status import EngineState
from engine.serving.supervisor import EngineSupervisor
from engine.serving.transport import Connect
from tests.engine.serving.real_engine import (
    LONG,
    PATIENCE_S,
    begin,
    break_off,
    ignore,
    is_alive,
    request,
)
from tests.engine.worker.tiny_models import VOCABULARY, catalog, entry, save_causal, save_seq2seq
from tests.fake_hardware import FakeHardware

pytestmark = pytest.mark.asyncio(loop_scope="module")


def seen_by(pid: int) -> bytes:
    """The process's environment and command line."""
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_causal(folder / "tiny")
    save_seq2seq(folder / "tiny-t5")
    save_causal(folder / CPU_DEFAULT)
    save_causal(folder / "broken")
    save_causal(folder / "mute")
    # Whatever it writes ends its text.
    ends = {"eos_token_id": list(range(VOCABULARY)), "pad_token_id": 2}
    (folder / "mute" / "generation_config.json").write_text(json.dumps(ends))
    save_causal(folder / "huge")
    break_off(folder / "broken")
    return folder


def make_engine(
    models: Path,
    model: str = "tiny",
    preferred: str | None = None,
    *,
    hardware: FakeHardware | None = None,
    connect: Connect = EngineProcess.start,
    stall_s: float = PATIENCE_S,
) -> EngineSupervisor:
    return EngineSupervisor(
        EngineSettings(model=model, device="cpu", threads=1, stall_s=stall_s, keep_idle=0),
        catalog=catalog(
            entry("tiny"),
            entry("tiny-t5", task=Task.SEQ2SEQ, prompt=PromptStyle.INSTRUCTION),
            entry("broken"),
            entry("mute"),
            entry("huge", context_window=10**10),
            entry(CPU_DEFAULT),
        ),
        models_dir=models,
        hf_token="hf_s3cret",
        preferred=preferred,
        hardware=hardware,
        connect=connect,
    )


def no_room() -> DeviceMemory:
    """Nothing has room beside the model that serves."""
    return DeviceMemory(total=10**10, free=3 * 10**8, on_gpu=False)


class MayFail:
    """Starts processes, unless it is told that the system starts none."""

    def __init__(self) -> None:
        self.fails = False

    async def __call__(self, group: asyncio.TaskGroup, threads: int) -> EngineProcess:
        root = Path("/nowhere") if self.fails else ROOT
        return await EngineProcess.start(group, threads, root=root)


@pytest.fixture(scope="module")
def module_hardware() -> FakeHardware:
    return FakeHardware()


@pytest.fixture
def hardware(module_hardware: FakeHardware) -> Iterator[FakeHardware]:
    """That of `engine`; after the test its memory is the machine's again."""
    yield module_hardware
    module_hardware.memory = None


@pytest.fixture(scope="module")
def module_connect() -> MayFail:
    return MayFail()


@pytest.fixture
def connect(module_connect: MayFail) -> Iterator[MayFail]:
    """That of `engine`; after the test it starts processes again."""
    yield module_connect
    module_connect.fails = False


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(
    models: Path, module_hardware: FakeHardware, module_connect: MayFail
) -> AsyncIterator[EngineSupervisor]:
    stop = asyncio.Event()
    engine = make_engine(models, hardware=module_hardware, connect=module_connect)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TELEGRAM_BOT_TOKEN", "SLACK_APP_TOKEN", "HF_TOKEN", "SLACK_BOT_TOKEN_FILE"):
            patch.setenv(name, "s3cret")
        running = asyncio.create_task(engine.run(stop))
        await engine.settled()
    yield engine
    (pid,) = engine.pids() or (None,)
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await running
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


async def test_questions_that_were_answered_together_are_asked_again_one_by_one(
    engine: EngineSupervisor,
) -> None:
    begun, pieces = asyncio.Event(), list[str]()

    def listen(piece: str) -> None:
        pieces.append(piece)
        begun.set()

    other = await begin(engine)
    task = asyncio.create_task(engine.generate(request(max_new_tokens=300), listen))
    task.add_done_callback(lambda _: begun.set())
    await begun.wait()

    for pid in engine.pids():
        os.kill(pid, signal.SIGKILL)
    while engine.status().state is EngineState.READY:
        await asyncio.sleep(0)
    other.cancel()

    generation = await task
    assert generation.completion_tokens == 300
    assert "".join(pieces).strip() == generation.text


async def test_places_are_as_many_as_the_model_has_slots_and_nobody_gets_one_while_it_loads(
    models: Path,
) -> None:
    stop = asyncio.Event()
    engine = make_engine(models)
    running = asyncio.create_task(engine.run(stop))
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
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await running


async def test_several_questions_are_answered_at_once(engine: EngineSupervisor) -> None:
    long = await begin(engine)

    generations = await asyncio.gather(*(engine.generate(request(), ignore) for _ in range(12)))

    assert [generation.completion_tokens for generation in generations] == [8] * 12
    assert not long.done()
    long.cancel()


async def test_a_hung_process_is_replaced(models: Path) -> None:
    stop = asyncio.Event()
    engine = make_engine(models, stall_s=5.0)
    running = asyncio.create_task(engine.run(stop))
    await engine.settled()
    (pid,) = engine.pids()

    with pytest.raises(GenerationTimeout):
        await engine.generate(LONG, lambda _: os.kill(pid, signal.SIGSTOP))

    assert (await engine.generate(request(), ignore)).completion_tokens == 8
    assert engine.pids() != {pid}
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await running


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


@pytest.mark.parametrize(
    ("alias", "why"),
    [
        ("mute", "mute was loaded but wrote nothing on a first question"),
        ("huge", r"huge does not fit into memory: it needs [\d.]+ GB \(weights"),
    ],
)
async def test_a_model_that_cannot_serve_is_not_switched_to(
    engine: EngineSupervisor, alias: str, why: str
) -> None:
    await engine.switch("tiny")
    before = engine.pids()

    with pytest.raises(ModelLoadError, match=why):
        await engine.switch(alias)

    assert engine.pids() == before
    assert engine.status().model == "tiny"
    assert engine.status().last_error.startswith(alias)
    assert (await engine.generate(request(), ignore)).model == "tiny"


async def test_an_unknown_model_is_refused(engine: EngineSupervisor) -> None:
    with pytest.raises(UnknownModel):
        await engine.switch("gpt-5")

    assert engine.status().state is EngineState.READY


async def test_the_model_is_switched_while_a_question_is_being_answered(
    engine: EngineSupervisor,
) -> None:
    await engine.switch("tiny")
    running = asyncio.create_task(engine.generate(request(max_new_tokens=2000), ignore))
    before = engine.pids()

    await engine.switch("tiny-t5")

    assert (await running).model == "tiny"
    assert (await engine.generate(request(), ignore)).model == "tiny-t5"
    assert not engine.pids() & before


async def test_without_room_for_two_the_old_model_goes_first_and_nobody_is_lost(
    engine: EngineSupervisor, hardware: FakeHardware
) -> None:
    await engine.switch("tiny-t5")
    hardware.memory = no_room
    asked = [asyncio.create_task(engine.generate(request(300), ignore)) for _ in range(3)]
    await asyncio.sleep(0)

    switching = asyncio.create_task(engine.switch("tiny"))
    while engine.status().state is EngineState.READY:
        await asyncio.sleep(0)
    meanwhile = [asyncio.create_task(engine.generate(request(), ignore)) for _ in range(3)]
    await switching

    assert [(await task).model for task in asked] == ["tiny-t5"] * 3
    assert [(await task).model for task in meanwhile] == ["tiny"] * 3


async def test_a_failed_exchange_brings_the_old_model_back(
    engine: EngineSupervisor, hardware: FakeHardware
) -> None:
    await engine.switch("tiny")
    hardware.memory = no_room
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


async def test_the_status_tells_which_change_its_detail_is_about(engine: EngineSupervisor) -> None:
    told: dict[str, set[str]] = {}
    changes = [asyncio.create_task(engine.switch(alias)) for alias in ("tiny-t5", "tiny")]

    while not all(change.done() for change in changes):
        status = engine.status()
        told.setdefault(status.changing_to, set()).add(status.detail)
        await asyncio.sleep(0)

    assert {"Preparing tiny-t5 …", "Loading tiny-t5 …"} <= told["tiny-t5"]
    assert {"Preparing tiny …", "Loading tiny …"} <= told["tiny"]
    assert not told["tiny-t5"] & {"Preparing tiny …", "Loading tiny …"}
    assert engine.status().changing_to == ""


async def test_a_system_that_starts_no_process_fails_a_switch_with_a_sentence(
    engine: EngineSupervisor, connect: MayFail
) -> None:
    await engine.switch("tiny")
    connect.fails = True

    with pytest.raises(ModelLoadError, match="The engine process could not be started"):
        await engine.switch("tiny-t5")

    assert (await engine.generate(request(), ignore)).model == "tiny"


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


@pytest.mark.model  # a minute
async def test_ten_switches_in_a_row_leave_nothing_behind(engine: EngineSupervisor) -> None:
    us = psutil.Process()
    counts = []

    for number in range(10):
        await engine.switch(("tiny-t5", "tiny")[number % 2])
        assert (await engine.generate(request(), ignore)).text
        gc.collect()
        counts.append((us.num_fds(), len(us.children(recursive=True)), us.memory_info().rss))

    assert len({count[:2] for count in counts[2:]}) == 1
    assert counts[-1][2] - counts[1][2] < 16 * 2**20


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
    models: Path, preferred: str, model: str, why: str
) -> None:
    stop = asyncio.Event()
    engine = make_engine(models, AUTO, preferred)
    running = asyncio.create_task(engine.run(stop))

    generation = await engine.generate(request(), ignore)

    assert generation.model == engine.status().model == model
    assert engine.status().detail.startswith(why)
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await running


async def test_the_settings_word_counts_more_than_what_staff_chose(models: Path) -> None:
    stop = asyncio.Event()
    engine = make_engine(models, "tiny", "tiny-t5")
    running = asyncio.create_task(engine.run(stop))

    await engine.settled()

    assert engine.status().model == "tiny"
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await running


async def test_a_model_that_never_loads_is_said_to_be_down(models: Path) -> None:
    stop = asyncio.Event()
    engine = make_engine(models, "broken")
    running = asyncio.create_task(engine.run(stop))

    await engine.settled()

    status = engine.status()
    assert status.state is EngineState.DOWN
    assert "broken could not be loaded" in status.detail
    with pytest.raises(EngineDown, match="could not be loaded"):
        await engine.generate(request(), ignore)
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await running


async def test_an_unknown_model_in_the_settings_is_said_to_be_down(models: Path) -> None:
    stop = asyncio.Event()
    engine = make_engine(models, "gpt-5")
    running = asyncio.create_task(engine.run(stop))

    await engine.settled()

    assert engine.status().state is EngineState.DOWN
    assert "gpt-5" in engine.status().detail
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await running


async def test_a_program_that_stops_while_a_model_loads_leaves_no_process(models: Path) -> None:
    stop = asyncio.Event()
    engine = make_engine(models)
    running = asyncio.create_task(engine.run(stop))
    await engine.settled()
    switching = asyncio.create_task(engine.switch("tiny-t5"))
    while len(engine.pids()) < 2 and not switching.done():
        await asyncio.sleep(0)
    pids = engine.pids()

    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await running

    with pytest.raises(ModelLoadError):
        await switching
    assert not any(is_alive(pid) for pid in pids)
    assert not engine.pids()
    assert engine.status().state is EngineState.STOPPED


async def test_an_exchange_that_has_not_begun_when_the_program_stops_does_not_begin(
    models: Path,
) -> None:
    stop = asyncio.Event()
    hardware = FakeHardware()
    engine = make_engine(models, hardware=hardware)
    running = asyncio.create_task(engine.run(stop))
    await engine.settled()
    hardware.memory = no_room
    asked = await begin(engine)
    switching = asyncio.create_task(engine.switch(CPU_DEFAULT))
    while not (engine.status().num_waiting or switching.done()):
        await asyncio.sleep(0)

    stop.set()
    while engine.status().state is not EngineState.STOPPED:
        await asyncio.sleep(0)
    asked.cancel()

    with pytest.raises(ModelLoadError, match="not running"):
        await switching
    async with asyncio.timeout(PATIENCE_S):
        await running
    assert engine.status().state is EngineState.STOPPED
    assert not engine.pids()


@pytest.mark.parametrize("read_all", [True, False], ids=["all read", "messages unread"])
async def test_the_process_ends_when_the_bot_is_gone(read_all: bool) -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE_S)
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

        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait(PATIENCE_S)
