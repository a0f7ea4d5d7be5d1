"""NVIDIA GPUs on a machine without one: a library in the place of the driver's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
DRIVER = "570.133.20"
#: The newest CUDA of that driver.
CUDA = (12, 8)
#: Without a compiler there is no twin.
COMPILER = shutil.which("cc")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinGpu:
    """What one GPU tells; None: it refuses that reading, as virtual GPUs do."""

    name: str = "Tesla T4"
    memory_total: int = 16 * 10**9
    memory_used: int = 0
    utilisation: int | None = 0
    temperature: int | None = 40
    milliwatts: int | None = 30_000
    #: One process that computes there.
    pid: int = 0
    memory_of_pid: int = 0

    def __str__(self) -> str:
        readings = (self.utilisation, self.temperature, self.milliwatts)
        told = " ".join("-1" if reading is None else str(reading) for reading in readings)
        process = f"{self.pid} {self.memory_of_pid}"
        return f"{self.memory_total} {self.memory_used} {told} {process} {self.name}"


class NvmlTwin:
    """The library for processes that get `environment`; they see the GPUs shown last."""

    def __init__(self, folder: Path) -> None:
        assert COMPILER is not None
        self._gpus = folder / "cards"
        self.environment = {"LD_LIBRARY_PATH": str(folder), "NVML_TWIN": str(self._gpus)}
        library = folder / "libnvidia-ml.so.1"
        command = [COMPILER, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)]
        subprocess.run(command, check=True)
        self.show([])

    def show(self, gpus: Sequence[TwinGpu]) -> None:
        """From now on these are there."""
        new = self._gpus.with_suffix(".new")
        new.write_text("".join(f"{gpu}\n" for gpu in gpus), encoding="utf-8")
        new.rename(self._gpus)
