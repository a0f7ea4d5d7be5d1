"""The table that benchmarks/engine.py fills: what is measured, its goal, and whether it is met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """One row before it is measured. Without `least` and `most` it is reported, nothing more."""

    name: str
    #: What the value is compared with or counts.
    of: str
    least: float | None = None
    most: float | None = None
    unit: str = "×"
    #: Reported; `least` is what would be better still.
    is_prize: bool = False

    @property
    def is_reported(self) -> bool:
        """Whether no number would miss it."""
        return self.is_prize or (self.least is None and self.most is None)

    @property
    def text(self) -> str:
        """The goal for people."""
        if self.is_prize:
            return f"reported, {self.of}; ≥ {self.least}{self.unit} is the prize"
        if self.least is not None:
            return f"≥ {self.least:g}{self.unit} {self.of}"
        if self.most is not None:
            return f"≤ {self.most:g}{self.unit} {self.of}"
        return f"reported, {self.of}"

    def is_met(self, value: float | None) -> bool:
        """Whether the number is good enough."""
        return (
            value is not None
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """What came out for one row."""

    text: str
    #: The number that the goal is about.
    value: float | None = None


Results = dict[str, Measured]

GOALS = {
    "waiting-8": Goal("CPU, float32, 8 waiting", "one after the other", least=3),
    "waiting-32": Goal("CPU, float32, 32 waiting, with prefix", "one after the other", least=4.5),
    "batching-32": Goal(
        "CPU, float32, 32 waiting, with prefix", "transformers' batching", least=1.5
    ),
    "waiting-128": Goal("CPU, float32, 128 waiting, with prefix", "one after the other"),
    "one-answer": Goal("CPU, bfloat16, one answer", "plain generate", least=1.4),
    "llama": Goal("CPU, bfloat16, one answer", "llama.cpp Q8_0", least=1.0, is_prize=True),
    "first-token": Goal("CPU, float32, first token, constant part", "sooner", least=3),
    "admission": Goal("CPU, bfloat16, first token, 32 waiting, 8 slots", "by order of admission"),
    "growth": Goal("growth, tiny questions, 10 to 10,000 waiting", "its least before", most=1.25),
    "nf4": Goal("CPU, NF4, Mistral's shapes with 1.1 billion parameters", "memory of bfloat16"),
    "gpu-stream": Goal("GPU, bfloat16, one stream", "plain generate", least=3),
    "gpu-bandwidth": Goal("GPU, bfloat16, one stream", "bandwidth's limit", least=0.7),
    "gpu-8": Goal("GPU, tokens/s, 8 waiting", "one", least=6),
    "gpu-32": Goal("GPU, tokens/s, 32 waiting", "one", least=15),
    "gpu-batching": Goal("GPU, 32 waiting", "transformers' batching", least=3),
    "gpu-whole-32": Goal("GPU, whole questions, 32 waiting", "plain generate", least=10),
    "gpu-whole-128": Goal("GPU, whole questions, 128 waiting", "plain generate", least=25),
    "gpu-first-token": Goal("GPU, first token, 32 waiting, 32 slots", "p50 and p95"),
    "gpu-nf4": Goal("GPU, NF4, Mistral-7B's shapes", "memory of bfloat16", most=0.35),
    "swap": Goal("GPU, swap from pinned host memory", "a cold load", least=10),
}


def status(key: str, results: Mapping[str, Measured]) -> str:
    """`reached`, `missed`, `reported` (there is no goal to miss) or `not measured`."""
    goal, measured = GOALS[key], results.get(key)
    if measured is None:
        return "not measured"
    if goal.is_reported:
        return "reported"
    return "reached" if goal.is_met(measured.value) else "missed"


def table(results: Mapping[str, Measured]) -> str:
    """Every row as Markdown, measured or not."""
    lines = ["| figure | goal | measured | |", "|---|---|---|---|"]
    for key, goal in GOALS.items():
        text = results[key].text if key in results else ""
        lines.append(f"| {goal.name} | {goal.text} | {text} | {status(key, results)} |")
    return "\n".join(lines)


def as_json(results: Mapping[str, Measured]) -> list[dict[str, object]]:
    """Every row for the result file."""
    return [
        {
            "key": key,
            "figure": goal.name,
            "goal": goal.text,
            "measured": results[key].text if key in results else "",
            "value": results[key].value if key in results else None,
            "status": status(key, results),
        }
        for key, goal in GOALS.items()
    ]
