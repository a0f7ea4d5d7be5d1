"""The engine process by its wire: what it says, and in which order."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from config.settings import ROOT
from engine.models.child_process import engine_environment
from engine.protocol import (
    Cancel,
    Finished,
    FinishReason,
    FromEngine,
    Generate,
    GenerationRequest,
    Load,
    Loaded,
    Shutdown,
    Started,
    decode_from_engine,
    encode,
)
from tests.engine.worker.tiny_models import entry, save_causal

REQUEST = GenerationRequest(id="", question="May I join?", documents=(), max_new_tokens=5)


def test_requests_begin_in_their_order_and_a_cancelled_one_gets_its_end(tmp_path: Path) -> None:
    load = Load(entry=entry(), path=str(save_causal(tmp_path / "tiny")), device="cpu", max_batch=2)
    ours, theirs = socket.socketpair()
    ours.settimeout(120)
    arguments = [str(theirs.fileno()), str(os.getpid()), "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.worker.process", *arguments],
        pass_fds=(theirs.fileno(),),
        cwd=ROOT,
        env=engine_environment(os.environ),
    )
    theirs.close()
    told: list[FromEngine] = []

    with ours, process:
        ours.sendall(encode(load))
        for line in ours.makefile("rb"):
            told.append(decode_from_engine(line))
            if isinstance(told[-1], Loaded):
                ours.sendall(encode(Cancel(id="gone")))
                for name in ("a", "b", "c", "gone", "d"):
                    ours.sendall(encode(Generate(request=replace(REQUEST, id=name))))
            ends = {one.id: one.generation for one in told if isinstance(one, Finished)}
            if len(ends) == 5:
                break
        ours.sendall(encode(Shutdown()))
        process.wait(120)

    assert [one.id for one in told if isinstance(one, Started)] == ["a", "b", "c", "d"]
    assert ends.pop("gone").finish_reason is FinishReason.CANCELLED
    assert [one.completion_tokens for one in ends.values()] == [5] * 4
