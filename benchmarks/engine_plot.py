"""Draws what benchmarks/engine.py wrote: ratios beside their goals, and how time grows.

`python -m benchmarks.engine_plot --ratios RATIOS.svg --growth GROWTH.svg FILE…`; of a figure that
several files have, the one measured last is drawn.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10
from pathlib import Path
from typing import Any

from benchmarks.engine_figures import GOALS

_GOOD, _SHORT, _GREY = "#2a7f62", "#b5542f", "#888888"
_ROW, _LEFT, _WIDTH = 32, 470, 940
#: A bar that is this many times its goal fills the picture; longer ones are cut.
_FULL = 2.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the pictures show."""

    #: The number of each figure that has one.
    values: Mapping[str, float]
    #: Seconds a question by how many wait.
    growth: Mapping[int, float]


def read(contents: Sequence[Mapping[str, Any]]) -> Drawn:
    """The newest number of each figure in these result files; tiny shapes do not count, and what
    other benchmarks wrote is passed over.
    """
    values: dict[str, float] = {}
    growth: dict[int, float] = {}
    ours = [content for content in contents if "figures" in content]
    real = [content for content in ours if not content["machine"].get("tiny")]
    for content in sorted(real, key=lambda content: str(content["machine"]["at"])):
        for figure in content["figures"]:
            # Files of before the table had keys have no numbers to draw.
            if figure.get("key") in GOALS and figure["value"] is not None:
                values[figure["key"]] = figure["value"]
        points = {
            line["questions"]: line["seconds_per_question"]
            for line in content["runs"]
            if line.get("figure") == "growth"
        }
        growth = points or growth
    return Drawn(values, growth)


def ratios(values: Mapping[str, float]) -> str:
    """Each figure with a goal as a share of it; the line is the goal."""
    keys = [key for key, goal in GOALS.items() if goal.least or goal.most]
    height = _ROW * len(keys) + 44
    mark = _LEFT + (_WIDTH - _LEFT - 80) / _FULL
    parts = _beginning(_WIDTH, height)
    for number, key in enumerate(keys):
        parts += _bar(key, values.get(key), 10 + number * _ROW, mark)
    parts.append(
        f'<line x1="{mark:.0f}" x2="{mark:.0f}" y1="6" y2="{height - 30}" stroke="black" '
        f'stroke-width="2"/><text x="{mark:.0f}" y="{height - 12}" text-anchor="middle">'
        "goal</text></svg>"
    )
    return "\n".join(parts) + "\n"


def _bar(key: str, value: float | None, top: int, mark: float) -> list[str]:
    goal = GOALS[key]
    label = escape(f"{goal.name}: {goal.text.removeprefix('reported, ')}")
    parts = [f'<text x="{_LEFT - 8}" y="{top + 16}" text-anchor="end">{label}</text>']
    if value is None:
        parts.append(f'<text x="{_LEFT + 6}" y="{top + 16}" fill="{_GREY}">not measured</text>')
        return parts
    wanted = goal.least or goal.most or 1.0
    width = min(value / wanted, _FULL) * (mark - _LEFT)
    colour = _GOOD if goal.is_met(value) else _SHORT
    parts += [
        f'<rect x="{_LEFT}" y="{top}" width="{width:.0f}" height="22" fill="{colour}"/>',
        f'<text x="{_WIDTH - 70}" y="{top + 16}">{value:.3g}{goal.unit}</text>',
    ]
    return parts


def growth_curve(points: Mapping[int, float]) -> str:
    """Seconds a question over the questions that wait, from 10 to 10,000."""
    left, top, width, height = 70, 20, 520, 260
    most = max(points.values()) * 1.15
    first, last = log10(min(points)), log10(max(points))

    def place(number: int, seconds: float) -> tuple[float, float]:
        x = left + (log10(number) - first) / max(last - first, 1e-9) * width
        return x, top + height * (1 - seconds / most)

    parts = _beginning(left + width + 60, top + height + 60)
    parts.append(
        f'<path d="M{left} {top}V{top + height}H{left + width}" fill="none" stroke="black"/>'
    )
    spots = [(number, seconds, *place(number, seconds)) for number, seconds in points.items()]
    line = " ".join(f"{x:.0f},{y:.0f}" for _, _, x, y in spots)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{_GOOD}" stroke-width="2"/>')
    for number, seconds, x, y in spots:
        parts += [
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{_GOOD}"/>',
            f'<text x="{x + 6:.0f}" y="{y - 8:.0f}">{1000 * seconds:.2f} ms</text>',
            f'<text x="{x:.0f}" y="{top + height + 18}" text-anchor="middle">{number:,}</text>',
        ]
    parts.append(
        f'<text x="{left + width / 2:.0f}" y="{top + height + 44}" text-anchor="middle">'
        "questions waiting; the height is the time each takes</text></svg>"
    )
    return "\n".join(parts) + "\n"


def _beginning(width: int, height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]


def main() -> None:
    """Draw what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--ratios", type=Path, metavar="SVG")
    parser.add_argument("--growth", type=Path, metavar="SVG")
    options = parser.parse_args()
    drawn = read([json.loads(path.read_text(encoding="utf-8")) for path in options.files])
    if options.ratios:
        options.ratios.write_text(ratios(drawn.values), encoding="utf-8")
    if options.growth:
        if not drawn.growth:
            parser.error("none of the files has the growth figure")
        options.growth.write_text(growth_curve(drawn.growth), encoding="utf-8")


if __name__ == "__main__":
    main()
