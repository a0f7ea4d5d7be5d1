"""The parts: what each measures, and how long that takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

#: The folder that has benchmarks/ in it.
ROOT = Path(__file__).resolve().parent.parent.parent


class Note(Protocol):
    """Keeps what was found out so far, in the file of the part."""

    def __call__(self, **figures: object) -> None:
        """Add or replace figures."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where a part runs and where its figures go."""

    #: `cuda`, or `cpu` with tiny models.
    device: str
    note: Note

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU computes."""
        return self.device == "cuda"

    @property
    def tiny(self) -> bool:
        """Whether the models are tiny: it only matters that the code runs."""
        return not self.on_gpu

    def size(self, real: int, tiny: int) -> int:
        """How much of something."""
        return tiny if self.tiny else real


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process with one result file."""

    name: str
    title: str
    #: The module in this package with the function `measure`.
    module: str
    #: What `measure` gets after the Bench.
    arguments: tuple[str, ...] = ()
    #: Seconds that it is expected to take on an H200: it is not begun when fewer are left.
    expected_s: int

    def load(self) -> Callable[..., Any]:
        """The function; its libraries are imported here and not before."""
        measure: Callable[..., Any] = import_module(f"benchmarks.gpu.{self.module}").measure
        return measure


#: At most eight: a lent machine gives back no more than eight files.
PARTS = {
    part.name: part
    for part in (
        Part(
            name="environment",
            title="versions, GPU, driver, bandwidth",
            module="environment",
            expected_s=30,
        ),
        *(
            Part(
                name=alias,
                title=f"{alias}: load, memory, slots, speed",
                module="speed",
                arguments=(alias,),
                expected_s=seconds,
            )
            for alias, seconds in (("flan-t5-xl", 120), ("phi-3-mini", 120), ("mistral-7b", 200))
        ),
        Part(
            name="graphs",
            title="CUDA graphs on and off: equal tokens, time of a step",
            module="graphs",
            expected_s=180,
        ),
        Part(
            name="parking",
            title="park, resume and exchange against a cold load",
            module="parking",
            expected_s=240,
        ),
        Part(
            name="short-memory",
            title="what happens when the GPU is nearly full",
            module="short_memory",
            expected_s=150,
        ),
        Part(
            name="quantised",
            title="NF4 and int8 with bitsandbytes",
            module="quantised",
            expected_s=180,
        ),
    )
}


class Skipped(Exception):
    """The part cannot be measured on this machine."""
