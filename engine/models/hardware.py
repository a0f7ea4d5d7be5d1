"""The seam to the machine: what its GPUs, its processor and their memory are doing."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from engine.models.device_memory import DeviceMemory, cuda_of_torch, gpu_problem
from engine.models.gpu import CGROUP, Gpu, Host, memory_of, read_gpus, read_host


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
            total=host.memory_total, free=host.memory_free, on_gpu=False, gpu_problem=problem
        )
