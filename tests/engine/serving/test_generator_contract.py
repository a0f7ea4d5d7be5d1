"""What every Generator must do: run on the script, and on engines in memory and in a process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from config.settings import EngineSettings
from engine.protocol import FinishReason, Generation, GenerationRequest
from engine.serving.generator import Generator
from engine.serving.in_memory import InMemoryEngines
from engine.serving.process import EngineProcess
from engine.serving.status import EngineState
from engine.serving.supervisor import EngineSupervisor
from engine.types import Document
from tests.engine.serving.engines import MODEL_S, save_stubs
from tests.engine.worker.tiny_models import catalog, entry, save_causal
from tests.fakes import ScriptedGenerator
from tests.waits import within

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENTS = (
    Document(id="a", course="c", section="s", question="Can I join?", answer="Yes, at any time."),
    Document(id="b", course="c", section="s", question="Is it free?", answer="It is."),
)
REQUEST = GenerationRequest(id="1", question="May I join?", documents=DOCUMENTS, max_new_tokens=12)


@pytest_asyncio.fixture(
    loop_scope="module", scope="module", params=["script", "in memory", "process"]
)
async def generator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Generator]:
    if request.param == "script":
        yield ScriptedGenerator(
            lambda _: "Yes, you can join at any time, and the " + "word " * 5000
        )
        return
    models: Path = tmp_path_factory.mktemp("models")
    in_memory = request.param == "in memory"
    if in_memory:
        save_stubs(models)
    else:
        save_causal(models / "tiny")
    engine = EngineSupervisor(
        EngineSettings(model="tiny", device="cpu", threads=1),
        catalog=catalog(entry()),
        models_dir=models,
        hf_token=None,
        connect=InMemoryEngines() if in_memory else EngineProcess.start,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(engine.run(stop))
    yield engine
    stop.set()
    await within(running, MODEL_S)


def ignore(_: str) -> None:
    """No one listens."""


async def test_the_pieces_make_the_text(generator: Generator) -> None:
    pieces: list[str] = []

    generation = await generator.generate(REQUEST, pieces.append)

    assert "".join(pieces).strip() == generation.text
    assert len([piece for piece in pieces if piece]) > 1
    assert generation.text


async def test_the_answer_ends_at_the_limit_of_tokens(generator: Generator) -> None:
    generation = await generator.generate(REQUEST, ignore)

    assert generation.completion_tokens == 12
    assert generation.finish_reason is FinishReason.LENGTH


async def test_the_generation_tells_what_was_read_and_who_wrote(generator: Generator) -> None:
    generation = await generator.generate(REQUEST, ignore)

    assert generation.document_ids == ("a", "b")
    assert generation.model == generator.status().model
    assert generation.prompt_tokens > 0
    assert 0 <= generation.first_token_s <= generation.total_s


async def test_the_same_request_gets_the_same_answer(generator: Generator) -> None:
    first = await generator.generate(REQUEST, ignore)
    second = await generator.generate(REQUEST, ignore)

    assert first.text == second.text


async def test_requests_at_once_are_all_answered_in_full(generator: Generator) -> None:
    """Begun in their order, says the protocol; which of several in one batch ends first depends on
    how much of each is guessed ahead, and nobody is promised that."""
    finished: dict[str, Generation] = {}

    async def ask(name: str) -> None:
        finished[name] = await generator.generate(replace(REQUEST, id=name), ignore)

    await asyncio.gather(*(ask(name) for name in "abcd"))

    assert sorted(finished) == ["a", "b", "c", "d"]
    assert [one.completion_tokens for one in finished.values()] == [12] * 4
    assert {one.finish_reason for one in finished.values()} == {FinishReason.LENGTH}


async def test_cancelling_frees_the_place_at_once(generator: Generator) -> None:
    begun = asyncio.Event()
    long = replace(REQUEST, max_new_tokens=3000)
    task = asyncio.create_task(generator.generate(long, lambda _: begun.set()))
    await within(begun.wait(), MODEL_S)

    task.cancel()
    generation = await within(generator.generate(REQUEST, ignore), MODEL_S)

    assert task.cancelled() or task.cancelling()
    assert generation.completion_tokens == 12


async def test_one_who_waits_can_be_cancelled_without_harm(generator: Generator) -> None:
    first = asyncio.create_task(generator.generate(REQUEST, ignore))
    second = asyncio.create_task(generator.generate(REQUEST, ignore))
    await asyncio.sleep(0)

    second.cancel()
    generation = await first

    assert generation.completion_tokens == 12


async def test_a_ready_generator_says_so(generator: Generator) -> None:
    await generator.generate(REQUEST, ignore)

    status = generator.status()

    assert status.state is EngineState.READY
    assert status.device
    assert status.dtype
