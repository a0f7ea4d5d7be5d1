"""What only a GPU can tell: `python -m benchmarks.gpu [--list] [--part NAME] [--report]`.

Each part runs in a process of its own and has one result file; the parts that have none yet are
run, so that the next call goes on where this one stopped. Exit status: 0 all done, 1 some failed,
2 it cannot run here, 3 some remain.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections import deque
from dataclasses import replace
from pathlib import Path
from threading import Timer
from time import perf_counter

from benchmarks.gpu.environment import why_not
from benchmarks.gpu.parts import PARTS, ROOT, Part
from benchmarks.gpu.report import report
from benchmarks.gpu.results import Results, State
from engine.models.child_process import engine_environment

DEFAULT_OUT = ROOT / "benchmarks" / "results" / "gpu"
#: Seconds a part may take however much time there is.
MOST_S = 540
FAILED, UNUSABLE, REMAINING = 1, 2, 3


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    out = Path(os.environ.get("OUT") or DEFAULT_OUT)
    parser.add_argument("--out", type=Path, default=out, help="folder of the results")
    parser.add_argument("--part", choices=PARTS, help="run this one, done or not")
    parser.add_argument("--list", action="store_true", help="show the parts and their state")
    parser.add_argument("--report", action="store_true", help="print the table for the docs")
    parser.add_argument(
        "--limit-s", type=float, default=MOST_S, help="begin no part that ends later"
    )
    parser.add_argument("--tiny", action="store_true", help="tiny models on the CPU: does it run?")
    return parser


def run(part: Part, results: Results, limit_s: float) -> None:
    """Run one part; what becomes of it stands in its file."""
    print(f"{part.name}: {part.title}", flush=True)
    device = "cpu" if results.tiny else "cuda"
    command = [sys.executable, "-m", "benchmarks.gpu.process", part.name, str(results.folder)]
    started = perf_counter()
    with subprocess.Popen(
        [*command, device],
        cwd=ROOT,
        env=engine_environment(os.environ),
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        timer = Timer(limit_s, process.kill)  # its engine processes end with it
        timer.start()
        try:
            last = deque(process.stderr or (), maxlen=40)
            process.wait()
        finally:
            timer.cancel()
            process.kill()
    seconds = perf_counter() - started
    timed_out = seconds >= limit_s
    result = results.read(part.name)
    # Cut off by what was left of this call only, it gets all of the next one.
    if result.remains and not (timed_out and limit_s < MOST_S):
        reason = f"ended with status {process.returncode}: {''.join(last)[-1500:].strip()}"
        if timed_out:
            reason = f"took longer than {limit_s:.0f} s"
        result = replace(result, state=State.FAILED, reason=reason, seconds=round(seconds, 1))
        results.write(result)
    print(f"{part.name}: {result.state} {result.reason}", flush=True)


def run_parts(results: Results, limit_s: float, wanted: str | None) -> int:
    """Run what is missing, or the part that is wanted; returns the exit status."""
    started, has_run = perf_counter(), False
    for part in [PARTS[wanted]] if wanted else list(PARTS.values()):
        left = limit_s - (perf_counter() - started)
        if not (wanted or results.read(part.name).remains):
            continue
        if has_run and left < part.expected_s:
            continue
        run(part, results, min(MOST_S, left) if has_run else MOST_S)
        has_run = True
    remaining = [result.part for result in results.all() if result.remains]
    if remaining:
        print(f"Run it again for what remains: {', '.join(remaining)}.")
        return REMAINING
    print("All parts are done; --report prints the table.")
    return FAILED if any(result.state is State.FAILED for result in results.all()) else 0


def main() -> int:
    """Do what the command line says; returns the exit status."""
    options = arguments().parse_args()
    results = Results(options.out.resolve(), tiny=options.tiny)
    results.take_over(DEFAULT_OUT)
    if options.report:
        print(report(results.all()))
        return 0
    if options.list:
        for result in results.all():
            print(f"{result.part:14} {result.state:8} {PARTS[result.part].title} {result.reason}")
        return 0
    problem = why_not(tiny=options.tiny)
    if problem:
        print(problem, file=sys.stderr)
        return UNUSABLE
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    return run_parts(results, options.limit_s, options.part)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
