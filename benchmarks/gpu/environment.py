"""What the machine is, and whether the benchmark can run on it."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

from benchmarks.gpu.parts import Bench

#: What the engine imports, by the name of the package that brings it.
NEEDED = {
    "torch": "torch",
    "transformers": "transformers",
    "tokenizers": "tokenizers",
    "safetensors": "safetensors",
    "accelerate": "accelerate",
    "yaml": "PyYAML",
    "psutil": "psutil",
    "pynvml": "nvidia-ml-py",
    "pydantic": "pydantic",
    "pydantic_settings": "pydantic-settings",
}
_WORTH_TELLING = (*NEEDED.values(), "bitsandbytes", "triton", "numpy")


def why_not(*, tiny: bool) -> str:
    """Why the benchmark cannot run with this Python, in a sentence; empty if it can."""
    missing = [
        package for name, package in NEEDED.items() if importlib.util.find_spec(name) is None
    ]
    if missing:
        return (
            f"This Python lacks {', '.join(missing)}: install them with `python3 -m pip install`, "
            "or bring their wheels along and set PYTHONPATH (docs/performance.md, `make gpu`)."
        )
    if tiny:
        return ""
    import torch

    if torch.cuda.is_available():
        return ""
    return "PyTorch finds no GPU that it can use; --tiny tries the parts on the CPU."


def measure(bench: Bench) -> None:
    """Versions, the GPU, what the libraries take of it, and its bandwidth."""
    import torch

    bench.note(
        python=platform.python_version(),
        cores=os.cpu_count(),
        packages={name: _version(name) for name in _WORTH_TELLING},
        cuda=torch.version.cuda,
    )
    if bench.on_gpu:
        from engine.models.gpu import read_gpus

        gpu = read_gpus()[0]
        bench.note(
            gpu=gpu.name,
            driver=gpu.driver,
            gpu_bytes=gpu.memory_total,
            capability=".".join(str(number) for number in torch.cuda.get_device_capability()),
        )
        before = gpu.memory_used
        ones = torch.ones(64, 64, device="cuda", dtype=torch.bfloat16)
        (ones @ ones).sum().item()
        libraries = read_gpus()[0].memory_used - before
        bench.note(library_bytes=libraries - torch.cuda.memory_reserved())
    bench.note(bandwidth=bandwidth(bench))


def bandwidth(bench: Bench) -> float:
    """Bytes a second that a copy on the device reads and writes."""
    import torch

    source = torch.ones(bench.size(2**30, 2**20), dtype=torch.uint8, device=bench.device)
    target = torch.empty_like(source)
    target.copy_(source)
    rounds = 20
    synchronise()
    started = perf_counter()
    for _ in range(rounds):
        target.copy_(source)
    synchronise()
    return 2 * rounds * source.numel() / (perf_counter() - started)


def synchronise() -> None:
    """Wait for the GPU, where there is one."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
