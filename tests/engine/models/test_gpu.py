"""Reading GPUs through NVML, on the twin of its library, and the machine without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from config.settings import ROOT
from engine.models.gpu import Gpu, memory_of, read_host
from tests.nvml_twin import COMPILER, CUDA, DRIVER, NvmlTwin, TwinGpu

PID = 4242
READ = (
    "import json, dataclasses; from engine.models.gpu import read_gpus, memory_of;"
    f"gpus = read_gpus(frozenset({{{PID}}}));"
    f"print(json.dumps([[dataclasses.asdict(c) for c in gpus], memory_of({PID}, on_gpu=True)]))"
)
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="the twin of NVML is written in C")


def read_in_a_process(twin: NvmlTwin) -> tuple[list[dict[str, object]], int | None]:
    """The library of this very process is that of the machine, or none."""
    told = subprocess.run(
        [sys.executable, "-c", READ],
        env=dict(os.environ) | twin.environment,
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    gpus, ours = json.loads(told.stdout)
    return gpus, ours


@needs_compiler
def test_each_gpu_tells_what_it_can(tmp_path: Path) -> None:
    twin = NvmlTwin(tmp_path)
    twin.show(
        [
            TwinGpu(memory_used=9, utilisation=87, milliwatts=68_400, pid=PID, memory_of_pid=7),
            TwinGpu(name="GRID A", utilisation=None, temperature=None, milliwatts=None, pid=1),
        ]
    )

    gpus, ours = read_in_a_process(twin)

    first = Gpu(
        index=0,
        name="Tesla T4",
        driver=DRIVER,
        memory_total=16 * 10**9,
        memory_used=9,
        memory_ours=7,
        utilisation=87,
        temperature=40,
        power=68.4,
        cuda=CUDA,
    )
    assert gpus[0] == asdict(first) | {"cuda": list(CUDA)}  # as JSON has it
    assert (gpus[1]["index"], gpus[1]["name"], gpus[1]["memory_ours"]) == (1, "GRID A", 0)
    assert [gpus[1][name] for name in ("utilisation", "temperature", "power")] == [None] * 3
    assert ours == 7


@needs_compiler
def test_a_driver_without_gpus_has_none(tmp_path: Path) -> None:
    gpus, ours = read_in_a_process(NvmlTwin(tmp_path))

    assert (gpus, ours) == ([], None)


def test_the_machine_tells_of_itself_and_of_its_processes() -> None:
    host = read_host()

    assert host.cores >= 1
    assert 0 < host.memory_used < host.memory_total
    assert 10**6 < (memory_of(os.getpid(), on_gpu=False) or 0) < host.memory_total
    assert memory_of(2**22 + 1, on_gpu=False) is None


@pytest.mark.parametrize(
    ("limit", "most"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", 4096)]
)
def test_a_container_has_the_cores_of_its_share(limit: str, most: int, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(limit + "\n")

    assert 1 <= read_host(tmp_path).cores <= most
