"""What the figures of benchmarks/engine.py share: sizes, models, prompts, and the JSON lines."""

from __future__ import annotations

import json
import os
import platform
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.engine_figures import Results
from benchmarks.engine_llama import LlamaCpp
from benchmarks.engine_models import default_model, text_tokens
from benchmarks.engine_sides import Moment, Prompts, Run, Side, interleaved

Measure = Callable[["Bench"], Results]
#: Ways to answer, by name.
Runs = Sequence[tuple[str, Callable[[], Run]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How long prompts and answers are, and how often each side runs."""

    prompt: int = 1000
    answer: int = 100
    constant: int = 500
    repeats: int = 3
    #: Seconds for one result of transformers' batching, which needs minutes for 32 long prompts.
    limit_s: float = 3600
    tiny: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Llama:
    """Where llama.cpp and its model are."""

    python: Path
    model: Path


class Bench:
    """The device, models and prompts of one invocation, and all it measured."""

    def __init__(
        self, size: Size, device: str, *, by_cpu: bool = False, llama: Llama | None = None
    ) -> None:
        self.size = size
        self.device = torch.device(device)
        self.lines: list[dict[str, Any]] = []
        self._by_cpu = by_cpu
        self._llama = llama
        self._random = random.Random(1)

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU computes."""
        return self.device.type == "cuda"

    def model(self, dtype: torch.dtype) -> Any:
        """A model for one side alone; each time the same weights."""
        return default_model(self.device, dtype, tiny=self.size.tiny)

    def llama(self, num_tokens: int) -> LlamaCpp | None:
        """llama.cpp with as many threads as we have, where it is there."""
        if self._llama is None:
            return None
        threads = torch.get_num_threads()
        return LlamaCpp(
            self._llama.python, self._llama.model, threads=threads, num_tokens=num_tokens
        )

    def prompts(self, number: int, *, constant: int = 0, length: int = 0) -> list[list[int]]:
        """Prompts of about equal length that begin with the same `constant` tokens."""
        length = length or self.size.prompt
        text = text_tokens(self.device, tiny=self.size.tiny)
        beginning = text[:constant]
        prompts = []
        for _ in range(number):
            at = self._random.randrange(len(text) - length)
            rest = length - constant - self._random.randrange(max(1, length // 20))
            prompts.append(beginning + text[at : at + rest])
        return prompts

    def compare(self, figure: str, sides: Runs, repeats: int) -> dict[str, list[Run]]:
        """Run the sides in turn and print a JSON line for each."""
        runs = interleaved(sides, repeats)
        for name, side in runs.items():
            self._report(figure, name, side)
        return runs

    def compare_sides(
        self, figure: str, sides: Sequence[Side], prompts: Prompts, new: int, *, repeats: int
    ) -> dict[str, list[Run]]:
        """The same where all sides get the same prompts."""
        runs = [(side.name, partial(side.run, prompts, new)) for side in sides]
        return self.compare(figure, runs, repeats)

    def seconds(self, runs: Sequence[Run]) -> float:
        """Median seconds a question, by the clock that counts."""
        return median(self._total(run) / run.num_questions for run in runs)

    def moments(self, moments: Sequence[Moment]) -> list[float]:
        """Seconds by the clock that counts, the soonest first."""
        return sorted(moment.cpu if self._by_cpu else moment.wall for moment in moments)

    def note(self, line: dict[str, Any]) -> None:
        """Print and keep one JSON line."""
        print(json.dumps(line), flush=True)
        self.lines.append(line)

    def _report(self, figure: str, name: str, runs: Sequence[Run]) -> None:
        line: dict[str, Any] = {
            "figure": figure,
            "side": name,
            "questions": runs[0].num_questions,
            "seconds": [round(run.seconds, 3) for run in runs],
            "cpu_seconds": [round(run.cpu_seconds, 3) for run in runs],
            "seconds_per_question": round(self.seconds(runs), 4),
            "tokens_per_s": round(len(runs[0].tokens[0]) / self.seconds(runs), 1),
        }
        firsts = self.moments([first for run in runs for first in run.firsts])
        if firsts:
            line["first_token_p50_s"] = round(percentile(firsts, 0.5), 3)
            line["first_token_p95_s"] = round(percentile(firsts, 0.95), 3)
        self.note(line)

    def _total(self, run: Run) -> float:
        return run.cpu_seconds if self._by_cpu else run.seconds

    def machine(self) -> dict[str, Any]:
        """What it runs on."""
        import transformers

        return {
            "cpu": _processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "load": os.getloadavg()[0],
            "clock": "cpu" if self._by_cpu else "wall",
            "gpu": torch.cuda.get_device_name(self.device) if self.on_gpu else None,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "python": platform.python_version(),
            "tiny": self.size.tiny,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` of the sorted ones do not exceed."""
    return values[min(len(values) - 1, int(len(values) * part))]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()
