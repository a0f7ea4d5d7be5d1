"""What the machine that generates is doing: NVIDIA GPUs through NVML, else the CPU."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Where the kernel tells a container its limits.
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One NVIDIA GPU at one moment. Memory in bytes; None where the driver does not tell."""

    index: int
    name: str
    driver: str
    memory_total: int
    memory_used: int
    #: Used by the process ids asked about.
    memory_ours: int
    #: Per cent of the last sampling period in which a kernel ran.
    utilisation: int | None
    #: Degrees Celsius.
    temperature: int | None
    #: Watts.
    power: float | None
    #: The newest CUDA that the driver can run, as major and minor number.
    cuda: tuple[int, int] | None = None

    @property
    def memory_free(self) -> int:
        return self.memory_total - self.memory_used


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine's processor and memory at one moment; memory in bytes."""

    cores: int
    #: How many processes worked or waited for a core, on average over the last minute.
    load: float
    memory_total: int
    memory_used: int
    #: Whether the processor computes in bfloat16.
    bfloat16: bool = False

    @property
    def memory_free(self) -> int:
        return self.memory_total - self.memory_used


def read_gpus(our_pids: frozenset[int] = frozenset()) -> tuple[Gpu, ...]:
    """All GPUs NVML knows of; empty without a GPU or driver. Takes some milliseconds."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        driver = str(pynvml.nvmlSystemGetDriverVersion())
        version = _optional(pynvml.nvmlSystemGetCudaDriverVersion_v2)
        cuda = None if version is None else (version // 1000, version % 1000 // 10)
        count = pynvml.nvmlDeviceGetCount()
        return tuple(_read_gpu(index, driver, cuda, our_pids) for index in range(count))
    except pynvml.NVMLError:
        return ()
    finally:
        pynvml.nvmlShutdown()


def memory_of(pid: int, *, on_gpu: bool) -> int | None:
    """Bytes the process has on the GPUs, or in the machine's memory; None when not known."""
    if on_gpu:
        return sum(gpu.memory_ours for gpu in read_gpus(frozenset({pid}))) or None
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def read_host(cgroup: Path = CGROUP) -> Host:
    """The processor and memory of this machine, within the limits that `cgroup` tells."""
    import psutil

    memory = psutil.virtual_memory()
    total, available = _within_limit(memory.total, memory.available, cgroup)
    return Host(
        cores=_cores(cgroup),
        load=psutil.getloadavg()[0],
        memory_total=total,
        memory_used=total - available,
        bfloat16=_computes_bfloat16(),
    )


def _cores(cgroup: Path) -> int:
    """The cores that this process may use; a container's share may be less than one."""
    cores = len(os.sched_getaffinity(0))
    try:
        share, period = (cgroup / "cpu.max").read_text(encoding="ascii").split()
        return max(1, min(cores, round(int(share) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # no container, or one without a limit
        return cores


def _computes_bfloat16() -> bool:
    """Whether loading takes bfloat16 on this processor; PyTorch is not asked in this process."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _within_limit(total: int, available: int, cgroup: Path) -> tuple[int, int]:
    """The same inside a container, which may have less than the machine."""
    try:
        limit = int((cgroup / "memory.max").read_text(encoding="ascii"))
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
        stat = (cgroup / "memory.stat").read_text(encoding="ascii").split()
        cached = int(stat[stat.index("inactive_file") + 1])
    except (OSError, ValueError):  # no container, or one without a limit
        return total, available
    total = min(total, limit)
    return total, max(0, min(available, total - used + cached))


def _optional(read: Callable[..., Any], *args: object) -> Any:
    """What NVML tells; None where it refuses: some GPUs (virtual, MIG) do single readings."""
    import pynvml

    try:
        return read(*args)
    except pynvml.NVMLError:
        return None


def _read_gpu(
    index: int, driver: str, cuda: tuple[int, int] | None, our_pids: frozenset[int]
) -> Gpu:
    import pynvml

    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    processes = _optional(pynvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
    utilisation = _optional(pynvml.nvmlDeviceGetUtilizationRates, handle)
    temperature = _optional(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU)
    milliwatts = _optional(pynvml.nvmlDeviceGetPowerUsage, handle)
    return Gpu(
        index=index,
        name=str(pynvml.nvmlDeviceGetName(handle)),
        driver=driver,
        memory_total=int(memory.total),
        memory_used=int(memory.used),
        memory_ours=sum(p.usedGpuMemory or 0 for p in processes if p.pid in our_pids),
        utilisation=None if utilisation is None else int(utilisation.gpu),
        temperature=None if temperature is None else int(temperature),
        power=None if milliwatts is None else milliwatts / 1000,
        cuda=cuda,
    )
