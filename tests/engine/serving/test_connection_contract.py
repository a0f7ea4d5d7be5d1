"""What the bot relies on from any engine: run on the one in memory and on a real process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from engine.errors import CrashedTogether, ModelLoadError, NeverStarted
from engine.protocol import FinishReason, Generation, GenerationRequest
from engine.serving.connection import EngineConnection
from engine.serving.in_memory import InMemoryEngines
from engine.serving.process import EngineProcess
from engine.types import Document
from tests.engine.worker.tiny_models import entry, save_causal
from tests.waits import within

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENTS = (
    Document(id="a", course="c", section="s", question="Can I join?", answer="Yes, at any time."),
)
REQUEST = GenerationRequest(id="1", question="May I join?", documents=DOCUMENTS, max_new_tokens=12)
LONG = replace(REQUEST, max_new_tokens=3000)
Start = Callable[[str], Awaitable[EngineConnection]]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def group() -> AsyncIterator[asyncio.TaskGroup]:
    """For the tasks that listen; entered and left in one task."""
    opened, stop = asyncio.Queue[asyncio.TaskGroup](), asyncio.Event()

    async def keep_open() -> None:
        async with asyncio.TaskGroup() as group:
            opened.put_nowait(group)
            await stop.wait()

    task = asyncio.create_task(keep_open())
    yield await opened.get()
    stop.set()
    await within(task)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module", params=["in memory", "process"])
def start(request: pytest.FixtureRequest, group: asyncio.TaskGroup, models: Path) -> Start:
    """Starts an engine and has it load a model."""
    connect = (
        InMemoryEngines(problems={"broken": "broken could not be loaded."})
        if request.param == "in memory"
        else EngineProcess.start
    )
    if request.param == "process":
        save_causal(models / "tiny")

    async def load(alias: str) -> EngineConnection:
        connection = await EngineConnection.start(group, entry(alias), threads=1, connect=connect)
        await connection.load(
            models / alias, device="cpu", max_batch=8, timeout=60, on_progress=lambda _: None
        )
        return connection

    return load


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def connection(start: Start) -> AsyncIterator[EngineConnection]:
    """An engine that all tests ask which leave it as it is."""
    connection = await start("tiny")
    yield connection
    await within(connection.shut_down())


async def begin(connection: EngineConnection) -> asyncio.Task[Generation]:
    """Ask for a long answer; returns when it has begun."""
    begun = asyncio.Event()
    task = asyncio.create_task(connection.generate(LONG, lambda _: begun.set(), stall_s=60))
    await within(begun.wait())
    return task


async def test_a_loaded_engine_tells_where_and_how_it_computes(
    connection: EngineConnection,
) -> None:
    assert connection.is_usable
    assert connection.loaded.device
    assert connection.loaded.dtype
    assert connection.loaded.num_slots == 8
    assert connection.pid > 0


async def test_the_pieces_make_the_text(connection: EngineConnection) -> None:
    pieces: list[str] = []

    generation = await connection.generate(REQUEST, pieces.append, stall_s=60)

    assert generation.text == "".join(pieces).strip()
    assert len(pieces) > 1
    assert generation.finish_reason is FinishReason.LENGTH
    assert generation.completion_tokens == 12
    assert generation.document_ids == ("a",)
    assert generation.model == "tiny"


async def test_questions_are_answered_while_another_is_written(
    connection: EngineConnection,
) -> None:
    long = await begin(connection)

    ends = [connection.generate(REQUEST, lambda _: None, stall_s=60) for _ in range(3)]
    generations = await within(asyncio.gather(*ends))

    assert [generation.completion_tokens for generation in generations] == [12] * 3
    assert not long.done()
    long.cancel()


async def test_who_gives_up_leaves_the_engine_usable(connection: EngineConnection) -> None:
    task = await begin(connection)

    task.cancel()
    await asyncio.wait({task})
    generation = await within(connection.generate(REQUEST, lambda _: None, stall_s=60))

    assert task.cancelled()
    assert generation.completion_tokens == 12
    await within(connection.drained())


async def test_a_parked_engine_resumes_and_writes_the_same(connection: EngineConnection) -> None:
    before = await connection.generate(REQUEST, lambda _: None, stall_s=60)

    await connection.park(timeout=60)
    await connection.resume(timeout=60)
    after = await connection.generate(REQUEST, lambda _: None, stall_s=60)

    assert after.text == before.text
    assert connection.loaded.num_slots == 8


async def test_a_killed_engine_fails_those_it_answers_and_is_asked_no_more(start: Start) -> None:
    connection = await start("tiny")
    tasks = [await begin(connection) for _ in range(2)]

    connection.kill()

    for task in tasks:
        with pytest.raises(CrashedTogether, match="The engine process ended while it answered"):
            await within(task)
    with pytest.raises(NeverStarted):
        await connection.generate(REQUEST, lambda _: None, stall_s=60)
    assert connection.ended.is_set()
    assert connection.why_ended


async def test_an_engine_that_is_shut_down_ends_its_answers_first(start: Start) -> None:
    connection = await start("tiny")
    task = await begin(connection)

    await within(connection.shut_down())

    assert (await within(task)).finish_reason is FinishReason.CANCELLED
    assert connection.why_ended.startswith("exit status 0")


async def test_a_model_that_cannot_be_loaded_is_named(start: Start) -> None:
    with pytest.raises(ModelLoadError, match="broken could not be loaded"):
        await start("broken")
