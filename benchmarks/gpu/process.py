"""Runs one part in this process: `python -m benchmarks.gpu.process NAME FOLDER DEVICE`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from benchmarks.gpu.parts import PARTS, Bench, Skipped
from benchmarks.gpu.results import Result, Results, State


def main(name: str, folder: str, device: str) -> None:
    """Measure, and write each figure to the part's file as it comes."""
    started = perf_counter()
    results = Results(Path(folder), tiny=device == "cpu")
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
        part.load()(Bench(device=device, note=note), *part.arguments)
    except Skipped as skipped:
        state, reason = State.SKIPPED, str(skipped)
    seconds = round(perf_counter() - started, 1)
    results.write(replace(result, state=state, reason=reason, seconds=seconds))
    sys.stdout.flush()
    os._exit(0)  # what is on the GPU need not be taken down in order


if __name__ == "__main__":
    main(*sys.argv[1:])
