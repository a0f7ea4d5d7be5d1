"""A GPU that cannot be used after all: the small model serves on the CPU, and it is said why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.settings import EngineSettings
from engine.models.catalog import AUTO, CPU_DEFAULT, GPU_CHOICES
from engine.models.hardware import DeviceMemory
from engine.serving.status import EngineState, EngineStatus
from engine.serving.supervisor import EngineSupervisor
from tests.engine.worker.tiny_models import catalog, entry, save_causal
from tests.fake_hardware import FakeHardware

PROBLEM = "the GPU cannot be used, since it is a picture of one"
CPU = DeviceMemory(total=16 * 10**9, free=15 * 10**9, on_gpu=False, gpu_problem=PROBLEM)
#: What is found before PyTorch has tried it.
CARD = DeviceMemory(total=16 * 10**9, free=15 * 10**9, on_gpu=True)


async def served(folder: Path, hardware: FakeHardware) -> EngineStatus:
    """What serves where the GPU is asked for, and is none to PyTorch."""
    for alias in (GPU_CHOICES[0], CPU_DEFAULT):
        save_causal(folder / alias)
    engine = EngineSupervisor(
        EngineSettings(model=AUTO, device="cuda", threads=1),
        catalog=catalog(entry(GPU_CHOICES[0]), entry(CPU_DEFAULT)),
        models_dir=folder,
        hf_token=None,
        hardware=hardware,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(stop))
        await engine.settled()
        status = engine.status()
        stop.set()
    return status


@pytest.mark.parametrize("room", [CPU, CARD], ids=["known beforehand", "found out in loading"])
async def test_the_small_model_serves_on_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: DeviceMemory
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    status = await served(tmp_path, FakeHardware(lambda: room))

    assert (status.state, status.model) == (EngineState.READY, CPU_DEFAULT)
    assert status.device.startswith("CPU")
    assert (PROBLEM if room is CPU else "PyTorch") in status.detail
