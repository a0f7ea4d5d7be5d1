"""One engine process as the bot sees it, without the process: what is said and when."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.errors import ModelLoadError
from engine.protocol import GenerationRequest, Started, Text
from engine.serving.connection import EngineConnection
from engine.serving.in_memory import InMemoryEngine
from tests.engine.worker.tiny_models import entry

REQUEST = GenerationRequest(id="1", question="Why?", documents=(), max_new_tokens=4)


@pytest.fixture
async def connection() -> EngineConnection:
    """A connection to an engine that nobody listens to."""
    return EngineConnection(entry(), InMemoryEngine(1, {}, {}, {}))


async def test_a_load_that_takes_too_long_tells_which_setting_helps(
    connection: EngineConnection,
) -> None:
    with pytest.raises(ModelLoadError, match=r"not loaded after 0 s; raise engine\.load_timeout_s"):
        await connection.load(
            Path("weights"), device="cpu", max_batch=1, timeout=0, on_progress=lambda _: None
        )


async def test_no_setting_is_named_where_none_helps(connection: EngineConnection) -> None:
    with pytest.raises(ModelLoadError, match="tiny was not parked after 0 s; its process is ended"):
        await connection.park(timeout=0)
    with pytest.raises(ModelLoadError, match="tiny was not resumed after 0 s; its process is"):
        await connection.resume(timeout=0)
    with pytest.raises(ModelLoadError, match="tiny was not ready to show its prompt after 0 s"):
        await connection.show_prompt(Path("weights"), REQUEST, timeout=0)


@pytest.mark.parametrize("turns", range(8))
async def test_a_question_can_be_stopped_at_the_very_moment_a_token_comes(
    connection: EngineConnection, turns: int
) -> None:
    pieces: list[str] = []
    task = asyncio.create_task(connection.generate(REQUEST, pieces.append, stall_s=600))
    await asyncio.sleep(0)
    connection._take(Started(id="1"))
    connection._take(Text(id="1", piece="Because"))
    for _ in range(turns):
        await asyncio.sleep(0)

    task.cancel()

    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()
