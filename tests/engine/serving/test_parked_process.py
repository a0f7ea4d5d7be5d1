"""Idle models in real processes: what they wrote before they write again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from config.settings import EngineSettings
from engine.models.catalog import PromptStyle, Task
from engine.serving.supervisor import EngineSupervisor
from tests.engine.serving.engines import MODEL_S, ignore, is_alive, request, running
from tests.engine.worker.tiny_models import catalog, entry, save_causal, save_seq2seq


@pytest.fixture
def models(tmp_path: Path) -> Path:
    save_causal(tmp_path / "tiny")
    save_seq2seq(tmp_path / "tiny-t5")
    return tmp_path


def make_engine(models: Path) -> EngineSupervisor:
    return EngineSupervisor(
        EngineSettings(model="tiny", device="cpu", threads=1, stall_s=MODEL_S, keep_idle=1),
        catalog=catalog(
            entry("tiny"), entry("tiny-t5", task=Task.SEQ2SEQ, prompt=PromptStyle.INSTRUCTION)
        ),
        models_dir=models,
        hf_token=None,
        park_s=MODEL_S,
    )


async def text(engine: EngineSupervisor) -> str:
    return (await engine.generate(request(), ignore)).text


async def test_switching_back_resumes_the_process_and_its_answers(models: Path) -> None:
    engine = make_engine(models)
    async with running(engine, 2 * MODEL_S):
        first = await text(engine)
        (tiny,) = engine.pids()

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

    assert not any(is_alive(pid) for pid in (tiny, t5))


async def test_a_parked_process_that_died_is_replaced_without_a_word(models: Path) -> None:
    engine = make_engine(models)
    async with running(engine, 2 * MODEL_S):
        await engine.settled()
        (tiny,) = engine.pids()
        await engine.switch("tiny-t5")
        (t5,) = engine.pids() - {tiny}

        os.kill(tiny, signal.SIGKILL)
        await engine.switch("tiny")

        assert (await engine.generate(request(), ignore)).model == "tiny"
        assert engine.status().idle == ("tiny-t5",)
        assert tiny not in engine.pids()
        assert t5 in engine.pids()
