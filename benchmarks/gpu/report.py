"""The Markdown table for the docs: each figure that only a GPU can tell, or why it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.gpu.parts import PARTS
from benchmarks.gpu.results import Result, State

Figures = dict[str, Any]
GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the docs. `tell` raises KeyError where a figure is missing."""

    page: str
    name: str
    part: str
    tell: Callable[[Figures], str]
    goal: str = ""
    #: The number that the goal is about, and whether it must be at least or at most `limit`.
    value: Callable[[Figures], float] | None = None
    limit: float = 0.0
    at_most: bool = False

    def status(self, figures: Figures) -> str:
        """`reached`, `missed`, or `reported` where there is no goal to miss."""
        if self.value is None:
            return "reported"
        value = self.value(figures)
        met = value <= self.limit if self.at_most else value >= self.limit
        return "reached" if met else "missed"


def _ratio(above: str, below: str, times: float = 1.0) -> Callable[[Figures], float]:
    return lambda f: float(f[above]) / float(f[below]) * times


def _rates(above: str, below: str) -> Callable[[Figures], str]:
    return lambda f: f"{f[above] / f[below]:.2f}× ({f[below]:.0f} → {f[above]:.0f} tokens/s)"


def _speed_rows() -> list[Row]:
    page, part = "performance.md", "mistral-7b"
    one, plain = "engine_1_tokens_per_s", "plain_1_tokens_per_s"
    limit = "bandwidth_tokens_per_s"
    rows = [
        Row(
            page=page,
            name="one stream, against plain `generate`",
            part=part,
            goal="≥ 3×",
            tell=_rates(one, plain),
            value=_ratio(one, plain),
            limit=3,
        ),
        Row(
            page=page,
            name="one stream, share of bandwidth",
            part=part,
            goal="≥ 0.70",
            tell=lambda f: f"{f[one] / f[limit]:.2f} ({f[one]:.0f} of {f[limit]:.0f} tokens/s)",
            value=_ratio(one, limit),
            limit=0.7,
        ),
    ]
    for number, least in ((8, 6), (32, 15)):
        many = f"engine_{number}_tokens_per_s"
        rows.append(
            Row(
                page=page,
                name=f"{number} waiting, against one",
                part=part,
                goal=f"≥ {least}×",
                tell=_rates(many, one),
                value=_ratio(many, one),
                limit=least,
            )
        )
    rows.append(
        Row(
            page=page,
            name="32 waiting, against transformers' batching",
            part=part,
            goal="≥ 3×",
            tell=lambda f: (
                f"{f['transformers_batching_s'] / f['engine_32_s']:.2f}× "
                f"({f['transformers_batching_s']:.2f} s → {f['engine_32_s']:.2f} s)"
            ),
            value=_ratio("transformers_batching_s", "engine_32_s"),
            limit=3,
        )
    )
    for number, least in ((32, 10), (128, 25)):
        rows.append(_whole_questions(number, least))
    rows.append(
        Row(
            page=page,
            name="first token, 32 waiting",
            part=part,
            tell=lambda f: (
                f"p50 {f['engine_32_first_p50_s']:.2f} s, p95 {f['engine_32_first_p95_s']:.2f} s"
            ),
        )
    )
    return rows


def _whole_questions(number: int, least: int) -> Row:
    whole = f"engine_{number}_s"
    return Row(
        page="performance.md",
        name=f"whole questions, {number} waiting",
        part="mistral-7b",
        goal=f"≥ {least}×",
        tell=lambda f: (
            f"{f['plain_1_s'] * number / f[whole]:.2f}× "
            f"({f['plain_1_s']:.2f} s → {f[whole] / number:.3f} s a question)"
        ),
        value=_ratio("plain_1_s", whole, times=number),
        limit=least,
    )


def _quantised_rows() -> list[Row]:
    def tell(how: str) -> Callable[[Figures], str]:
        weights, speed = f"{how}_weights_measured", f"{how}_1_tokens_per_s"
        return lambda f: (
            f"memory {f[weights] / f['none_weights_measured']:.2f}× "
            f"({f['none_weights_measured'] / GB:.2f} GB → {f[weights] / GB:.2f} GB); tokens/s, one "
            f"stream {f['none_1_tokens_per_s']:.0f} → {f[speed]:.0f}, eight "
            f"{f['none_8_tokens_per_s']:.0f} → {f[f'{how}_8_tokens_per_s']:.0f}"
        )

    return [
        Row(
            page="performance.md",
            name="NF4: memory and tokens/s",
            part="quantised",
            goal="≤ 0.35 of bfloat16",
            tell=tell("nf4"),
            value=_ratio("nf4_weights_measured", "none_weights_measured"),
            limit=0.35,
            at_most=True,
        ),
        Row(
            page="performance.md",
            name="int8: memory and tokens/s",
            part="quantised",
            tell=tell("int8"),
        ),
    ]


def _model_rows(alias: str) -> list[Row]:
    page = "models.md"

    def memory(f: Figures) -> str:
        return (
            f"weights {f['weights_computed'] / GB:.2f} GB computed, "
            f"{f['weights_measured'] / GB:.2f} measured; all with {f['num_slots']} slots "
            f"{f['all_computed'] / GB:.1f} and {f['all_measured'] / GB:.1f}; loaded in "
            f"{f['load_s']:.1f} s"
        )

    def speed(f: Figures) -> str:
        told = [f"plain {f['plain_1_tokens_per_s']:.0f}"]
        for number in (8, 32):
            if f"plain_{number}_tokens_per_s" in f:
                told.append(f"padded {number}: {f[f'plain_{number}_tokens_per_s']:.0f}")
        for number in (1, 8, 32, 128):
            if f"engine_{number}_tokens_per_s" in f:
                told.append(f"{number} waiting: {f[f'engine_{number}_tokens_per_s']:.0f}")
        return ", ".join(told)

    def graphs(f: Figures) -> str:
        times = [
            f"{rows} rows {f[f'{alias}_{rows}_without_graphs_ms']:.1f} → "
            f"{f[f'{alias}_{rows}_with_graphs_ms']:.1f} ms a step"
            for rows in (1, 8, 32)
            if f"{alias}_{rows}_with_graphs_ms" in f
        ]
        captured = f"{f[f'{alias}_captured']} captured, {f[f'{alias}_equal']} texts equal"
        return "; ".join([captured, *times, *filter(None, [f[f"{alias}_problem"]])])

    def swap(f: Figures) -> str:
        cold, back = f[f"{alias}_cold_s"], f[f"{alias}_resume_s"]
        return (
            f"{cold / back:.1f}× ({cold:.2f} s → {back:.2f} s); parks in "
            f"{f[f'{alias}_first_park_s']:.2f} s, later {f[f'{alias}_park_s']:.2f} s; "
            f"{f[f'{alias}_equal']} texts equal"
        )

    return [
        Row(page=page, name=f"{alias}: memory", part=alias, tell=memory),
        Row(page="performance.md", name=f"{alias}: tokens/s", part=alias, tell=speed),
        Row(page="performance.md", name=f"{alias}: CUDA graphs", part="graphs", tell=graphs),
        Row(
            page="performance.md",
            name=f"{alias}: swap from pinned memory, against a cold load",
            part="parking",
            goal="≥ 10×",
            tell=swap,
            value=_ratio(f"{alias}_cold_s", f"{alias}_resume_s"),
            limit=10,
        ),
    ]


def _ladder(f: Figures) -> str:
    steps = [f"{key.split('_')[1]} MB left: {value}" for key, value in f.items() if "_mb" in key]
    return (
        f"refused with: “{f['refused']}”; {f['num_slots']} of {f['max_batch']} slots with "
        f"{f['left_bytes'] / GB:.1f} GB left; {'; '.join(steps)}; afterwards {f['afterwards']}, "
        f"the same text: {f['equal']}"
    )


ROWS = [
    *_speed_rows(),
    *_quantised_rows(),
    *(row for alias in ("flan-t5-xl", "phi-3-mini", "mistral-7b") for row in _model_rows(alias)),
    Row(
        page="models.md",
        name="libraries on a GPU (0.6 GB allowed)",
        part="environment",
        tell=lambda f: f"{f['library_bytes'] / GB:.2f} GB",
    ),
    Row(
        page="models.md",
        name="what a parked process keeps of the GPU",
        part="parking",
        tell=lambda f: (
            f"{f['mistral-7b_parked_gpu_bytes'] / GB:.2f} GB, and "
            f"{f['mistral-7b_parked_host_bytes'] / GB:.1f} GB of the machine"
        ),
    ),
    Row(page="models.md", name="memory runs short", part="short-memory", tell=_ladder),
]


def report(results: Sequence[Result]) -> str:
    """The machine, the table, and the state of each part."""
    by_part = {result.part: result for result in results}
    machine = by_part["environment"].figures
    lines = [
        f"Machine: {machine.get('gpu', 'no GPU')}, driver {machine.get('driver', 'none')}, "
        f"{machine.get('cores')} cores, packages {machine.get('packages')}.",
        "",
        "| page | figure | goal | measured | |",
        "|---|---|---|---|---|",
    ]
    lines += [_line(row, by_part[row.part]) for row in ROWS]
    lines += ["", "| part | what | state | seconds | |", "|---|---|---|---|---|"]
    for result in results:
        title, reason = PARTS[result.part].title, _cell(result.reason)
        lines.append(
            f"| {result.part} | {title} | {result.state} | {result.seconds:.0f} | {reason} |"
        )
    return "\n".join(lines)


def _line(row: Row, result: Result) -> str:
    try:
        told, status = row.tell(result.figures), row.status(result.figures)
    except (KeyError, TypeError, ZeroDivisionError):
        told, status = "not measured", _why_not(result)
    else:
        if result.tiny:
            status = "tiny: tells nothing"
    return f"| {row.page} | {row.name} | {row.goal} | {_cell(told)} | {_cell(status)} |"


def _why_not(result: Result) -> str:
    if result.state is State.DONE:
        problem = result.figures.get("transformers_batching_problem")
        return (
            f"needs a GPU{f'; {problem}' if problem else ''}"
            if result.tiny
            else str(problem or "the machine does not tell")
        )
    return f"{result.part} {result.state}{': ' if result.reason else ''}{result.reason}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())[:700]
