"""Errors after which nothing on the device is sure: the process ends, and says why."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import ROOT
from engine.errors import NonFiniteLogits
from engine.models.catalog import GenerationDefaults
from engine.models.child_process import engine_environment
from engine.protocol import (
    FromEngine,
    Generate,
    GenerationRequest,
    Load,
    Loaded,
    decode_from_engine,
    encode,
)
from engine.worker.core import EngineCore
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.process import EXIT_BROKEN
from engine.worker.watch import NullWatcher
from tests.engine.worker.tiny_models import entry, save_causal

REQUEST = GenerationRequest(id="1", question="Why?", documents=(), max_new_tokens=4)
ILLEGAL = "CUDA error: an illegal memory access was encountered"
#: The worker, with a forward pass that breaks the device once it answers people.
BREAKING_WORKER = f"""
import sys
from engine.worker import process as worker
from engine.worker.batching.scheduler import Scheduler

def run(self, pool, chunks):
    if any(seq.id for seq in pool.running.values()):
        raise RuntimeError({ILLEGAL!r})
    return whole(self, pool, chunks)

whole, Scheduler._run = Scheduler._run, run
worker.main(sys.argv[1:])
"""


def loaded(folder: Path, *, beams: int) -> HuggingFaceModel:
    one = entry(context_window=900, generation=GenerationDefaults(num_beams=beams))
    return HuggingFaceModel.load(one, save_causal(folder / "tiny"), device="cpu")


def work(core: EngineCore) -> None:
    while core.is_busy:
        core.step()


@pytest.mark.parametrize("beams", [1, 2], ids=["slots", "one by one"])
def test_an_unknown_error_of_a_gpu_comes_out_of_the_batch(beams: int, tmp_path: Path) -> None:
    model = loaded(tmp_path, beams=beams)
    core = EngineCore.of(model, max_batch=2)
    model.on_gpu = True  # there is none: the way is the same

    def break_down(*_: object) -> None:
        raise RuntimeError(ILLEGAL)

    model.network.register_forward_pre_hook(break_down)
    core.add(REQUEST, NullWatcher())

    with pytest.raises(RuntimeError, match="illegal memory access"):
        work(core)


def test_broken_numbers_on_a_gpu_are_of_their_question_alone(tmp_path: Path) -> None:
    import torch

    model = loaded(tmp_path, beams=2)
    core = EngineCore.of(model, max_batch=1)
    model.on_gpu = True
    torch.nn.init.constant_(model.network.get_output_embeddings().weight, float("nan"))
    core.add(REQUEST, NullWatcher())

    (seq,) = core.step()

    assert isinstance(seq.error, NonFiniteLogits)


def test_the_process_ends_so_that_it_is_replaced(tmp_path: Path) -> None:
    folder = save_causal(tmp_path / "tiny")
    ours, theirs = socket.socketpair()
    ours.settimeout(120)
    arguments = [str(theirs.fileno()), str(os.getpid()), "1"]
    process = subprocess.Popen(
        [sys.executable, "-c", BREAKING_WORKER, *arguments],
        pass_fds=(theirs.fileno(),),
        cwd=ROOT,
        env=engine_environment(os.environ),
        stderr=subprocess.PIPE,
        text=True,
    )
    theirs.close()
    told: list[FromEngine] = []

    with ours, process:
        ours.sendall(encode(Load(entry=entry(), path=str(folder), device="cpu")))
        for line in ours.makefile("rb"):
            told.append(decode_from_engine(line))
            if isinstance(told[-1], Loaded):
                ours.sendall(encode(Generate(request=REQUEST)))
        _, errors = process.communicate(timeout=120)

    assert process.returncode == EXIT_BROKEN
    assert ILLEGAL in errors
    assert any(isinstance(message, Loaded) for message in told)
