"""Draws ratios and their goals as bars: `python -m benchmarks.engine_plot FILE… SVG`."""

from __future__ import annotations

import json
import re
import sys
from html import escape
from pathlib import Path

_ROW, _LEFT, _WIDTH = 34, 470, 900
_RATIO = re.compile(r"([\d.]+)×")


def bars(results: list[Path]) -> list[tuple[str, float, float]]:
    """Name, goal and measured ratio of each figure that has both."""
    found = []
    for path in results:
        for figure in json.loads(path.read_text(encoding="utf-8"))["figures"]:
            goal, measured = (_RATIO.search(figure[key]) for key in ("goal", "measured"))
            if goal and measured:
                name = f"{figure['name']}: {figure['goal'].split('×')[1].strip()}"
                found.append((name, float(goal[1]), float(measured[1])))
    return found


def svg(rows: list[tuple[str, float, float]]) -> str:
    """The picture."""
    scale = (_WIDTH - _LEFT - 70) / max(max(goal, got) for _, goal, got in rows)
    height = _ROW * len(rows) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
    ]
    for number, (name, goal, got) in enumerate(rows):
        top = 10 + number * _ROW
        colour = "#2a7f62" if got >= goal else "#b5542f"
        mark = _LEFT + goal * scale
        parts += [
            f'<text x="{_LEFT - 8}" y="{top + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{got * scale:.0f}" height="22" fill="{colour}"/>',
            f'<text x="{_LEFT + got * scale + 6:.0f}" y="{top + 16}">{got:g}×</text>',
            f'<line x1="{mark:.0f}" x2="{mark:.0f}" y1="{top - 3}" y2="{top + 25}" '
            'stroke="black" stroke-width="2"/>',
        ]
    parts.append(f'<text x="{_LEFT}" y="{height - 10}">ratio; the line is the goal</text></svg>')
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    *files, target = map(Path, sys.argv[1:])
    target.write_text(svg(bars(files)), encoding="utf-8")
