"""Runs one part in this process: `python -m benchmarks.gpu.process NAME FOLDER DEVICE`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from benchmarks.gpu.parts import PARTS, Bench, Skipped
from benchmarks.gpu.results import Result, Results, State


def measure(name: str, results: Results) -> None:
    """Measure one part, and write each figure to its file as it comes."""
    started = perf_counter()
    result = Result(part=name, state=State.BEGUN, tiny=results.tiny)

    def note(**figures: object) -> None:
        nonlocal result
        seconds = round(perf_counter() - started, 1)
        result = replace(result, figures=result.figures | figures, seconds=seconds)
        results.write(result)
        told = ", ".join(f"{key} {value}" for key, value in figures.items())
        print(f"  {seconds:6.1f} s  {told}", flush=True)

    note()
    part = PARTS[name]
    state, reason = State.DONE, ""
    try:
        device = "cpu" if results.tiny else "cuda"
        part.load()(Bench(device=device, note=note), *part.arguments)
    except Skipped as skipped:
        state, reason = State.SKIPPED, str(skipped)
    seconds = round(perf_counter() - started, 1)
    results.write(replace(result, state=state, reason=reason, seconds=seconds))


def main(name: str, folder: str, device: str) -> None:
    """Measure in this process, and end it."""
    measure(name, Results(Path(folder), tiny=device == "cpu"))
    sys.stdout.flush()
    os._exit(0)  # what is on the GPU need not be taken down in order


if __name__ == "__main__":
    main(*sys.argv[1:])
