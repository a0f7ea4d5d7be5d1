"""The machine: its GPUs, its processor, their memory, and whether a model fits into it."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from config.setup.driver import remedy
from engine.errors import ModelLoadError
from engine.models.catalog import Dtype, ModelEntry
from engine.models.gpu import CGROUP, Gpu, Host, memory_of, read_gpus, read_host
from engine.models.memory import GB, MemoryNeed
from engine.models.tensors import need_in


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory:
    """The memory of the device at one moment, in bytes."""

    total: int
    free: int
    on_gpu: bool
    #: Why the GPU that is there cannot be used, as the end of a sentence.
    gpu_problem: str = ""
    #: Cores of the processor, and whether it computes in bfloat16; of use where there is no GPU.
    cores: int = 1
    bfloat16: bool = False

    def __str__(self) -> str:
        return "the GPU" if self.on_gpu else "this machine"


class Hardware(Protocol):
    """A machine at the moment it is asked; each call takes some milliseconds."""

    def read_gpus(self, our_pids: frozenset[int] = frozenset()) -> tuple[Gpu, ...]:
        """All GPUs; empty without a GPU or driver."""

    def read_host(self) -> Host:
        """The processor and its memory."""

    def memory_of(self, pid: int, *, on_gpu: bool) -> int | None:
        """Bytes the process has on the GPUs, or in the machine's memory; None when not known."""

    def read_device_memory(self, device: str) -> DeviceMemory:
        """The memory where a model would go with this `engine.device`."""


class Machine:
    """The machine that this process runs on, through NVML and psutil; implements Hardware."""

    def __init__(self, cgroup: Path = CGROUP) -> None:
        self._cgroup = cgroup

    def read_gpus(self, our_pids: frozenset[int] = frozenset()) -> tuple[Gpu, ...]:
        return read_gpus(our_pids)

    def read_host(self) -> Host:
        return read_host(self._cgroup)

    def memory_of(self, pid: int, *, on_gpu: bool) -> int | None:
        return memory_of(pid, on_gpu=on_gpu)

    def read_device_memory(self, device: str) -> DeviceMemory:
        problem = ""
        for gpu in self.read_gpus()[:1] if device != "cpu" else ():
            problem = gpu_problem(gpu, cuda_of_torch())
            if not problem:
                return DeviceMemory(total=gpu.memory_total, free=gpu.memory_free, on_gpu=True)
        host = self.read_host()
        return DeviceMemory(
            total=host.memory_total,
            free=host.memory_free,
            on_gpu=False,
            gpu_problem=problem,
            cores=host.cores,
            bfloat16=host.bfloat16,
        )


def gpu_problem(gpu: Gpu, built_for: str) -> str:
    """Why a PyTorch built for that CUDA (empty: for none) cannot use the GPU; empty if it can."""
    if not built_for:
        return (
            f"the {gpu.name} cannot be used, since the PyTorch here is for CPUs only; "
            f"{remedy(gpu.driver)}"
        )
    if gpu.cuda is None or int(built_for.partition(".")[0]) <= gpu.cuda[0]:
        return ""
    return (
        f"the {gpu.name} cannot be used, since PyTorch needs CUDA {built_for} and driver "
        f"{gpu.driver} has {gpu.cuda[0]}.{gpu.cuda[1]}; {remedy(gpu.driver)}"
    )


def uses_gpu(device: str, *, available: bool, built_for: str | None, gpus: Sequence[Gpu]) -> bool:
    """Whether the model goes to a GPU, as PyTorch finds one `available` or not.

    Raises ModelLoadError rather than have a model made for a GPU compute on the CPU: an answer
    would take minutes.
    """
    if device == "cpu" or available:
        return device != "cpu"
    if gpus and built_for:
        raise ModelLoadError(
            f"PyTorch, built for CUDA {built_for}, cannot use the {gpus[0].name} with driver "
            f"{gpus[0].driver}; install a newer driver, see that CUDA_VISIBLE_DEVICES does not "
            "hide the GPU, or set engine.device to cpu."
        )
    if device == "cuda":
        raise ModelLoadError(
            "engine.device is cuda, but PyTorch finds no CUDA GPU; "
            "check `nvidia-smi`, or set engine.device to cpu."
        )
    return False


def need_of(entry: ModelEntry, folder: Path | None, room: DeviceMemory) -> MemoryNeed | None:
    """The memory the model in `folder` needs there; None when that cannot be computed."""
    if folder is None:
        return None
    dtype = entry.dtype
    if dtype is Dtype.AUTO and not room.on_gpu and room.bfloat16:
        dtype = Dtype.BFLOAT16
    return need_in(folder, entry, on_gpu=room.on_gpu, dtype=dtype)


def bytes_of(entry: ModelEntry, folder: Path | None, room: DeviceMemory) -> int:
    """What the model needs there with one question at least: computed, else the catalogue's."""
    need = need_of(entry, folder, room)
    return need.total() if need else int(entry.memory_gb * GB)


def does_not_fit(
    entry: ModelEntry, need: MemoryNeed | None, wanted: int, free: int, where: str
) -> ModelLoadError:
    """The refusal, with the numbers."""
    parts = f" ({need})" if need else ""
    window_helps = need is None or need.weights + need.runtime <= free
    shorter = ", or lower its context_window" if window_helps else ""
    return ModelLoadError(
        f"{entry.alias} does not fit into memory: it needs {wanted / GB:.1f} GB{parts}, and "
        f"{free / GB:.1f} GB are free on {where}; choose a smaller model or a quantised one"
        f"{shorter}."
    )


def cuda_of_torch() -> str:
    """The CUDA that PyTorch was built for, empty for CPUs; asking itself would take seconds."""
    file = importlib.metadata.distribution("torch").locate_file("torch/version.py")
    found = re.search(r"^cuda\b.*'([\d.]+)'", Path(str(file)).read_text(encoding="utf-8"), re.M)
    return found[1] if found else ""
