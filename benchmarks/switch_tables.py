"""What benchmarks/switch.py found: the tables it prints, and the file it writes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

REAL, TINY = "smollm2-135m", "tiny"
#: How many times sooner a parked model should serve than one that is loaded.
SWAP_GOAL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What it took until a model served; `cpu_s` is processor time of its process."""

    how: str
    seconds: float
    cpu_s: float
    #: The part of both that the smoke question took, which is the same for either way.
    smoke_s: float
    smoke_cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One switch and what there was after it."""

    to: str
    seconds: float
    #: Questions that ended during the switch, by the model that answered.
    answered: int
    failed: int
    #: The longest time one of them took.
    longest_s: float
    bot_rss_mb: float
    engine_rss_mb: float
    free_mb: float
    num_fds: int
    num_processes: int


def print_starts(starts: Sequence[Start]) -> None:
    """The medians of both ways, and their ratios, with the smoke question and without."""

    def of(how: str, *, smoke: bool, cpu: bool) -> float:
        return median(
            (start.cpu_s if cpu else start.seconds)
            - (0 if smoke else start.smoke_cpu_s if cpu else start.smoke_s)
            for start in starts
            if start.how == how
        )

    print(f"\n| {REAL} up, median of {len(starts) // 2} | loaded s | resumed s | ratio |")
    print("|---|---|---|---|")
    for cpu in (False, True):
        for smoke in (True, False):
            loaded, resumed = (of(how, smoke=smoke, cpu=cpu) for how in ("loaded", "resumed"))
            ratio = loaded / resumed
            goal = "reached" if ratio >= SWAP_GOAL else "missed"
            print(
                f"| {'processor time' if cpu else 'wall clock'}"
                f"{'' if smoke else ', without the smoke question'} "
                f"| {loaded:.2f} | {resumed:.2f} | {ratio:.1f}× (goal {SWAP_GOAL}×: {goal}) |"
            )


def print_lines(lines: Sequence[Line]) -> None:
    """Each switch, and what grew from the first to the last of the same kind."""
    print("\n| to | s | answered | failed | longest s | bot MB | engine MB | files | processes |")
    print("|---|---|---|---|---|---|---|---|---|")
    for line in lines:
        print(
            f"| {line.to} | {line.seconds} | {line.answered} | {line.failed} | {line.longest_s} "
            f"| {line.bot_rss_mb} | {line.engine_rss_mb} | {line.num_fds} | {line.num_processes} |"
        )
    print(f"\nnot answered: {sum(line.failed for line in lines)}")
    for alias in (TINY, REAL):
        # The first of each kind found nothing parked.
        same = [line for line in lines if line.to == alias][1:]
        if len(same) > 1:
            bot = same[-1].bot_rss_mb - same[0].bot_rss_mb
            engines = same[-1].engine_rss_mb - same[0].engine_rss_mb
            print(f"{alias}, 2nd to last switch: bot {bot:+.1f} MB, engines {engines:+.1f} MB")


def write_run(output: Path, options: str, starts: Sequence[Start], lines: Sequence[Line]) -> None:
    """Put this run at the end of those that the file holds."""
    runs = json.loads(output.read_text(encoding="utf-8"))["runs"] if output.exists() else []
    run = {
        "command": f"python -m benchmarks.switch {options}",
        "machine": f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end",
        "starts": [asdict(start) for start in starts],
        "lines": [asdict(line) for line in lines],
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    content = {"runs": [*runs, run]}
    output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
