"""How fast answers are written: `python -m benchmarks.engine [--tiny] [--device cuda] [--only …]`.

The sides of each figure run in turn in one process on the same prompts, so that ratios hold on a
busy machine; each side prints one JSON line, the table comes last and goes, with the machine, into
`--output`. On the CPU the model is SmolLM2-135M (its converted weights, or random ones of its
shapes), on a GPU random weights of Mistral-7B's shapes. `--tiny` tries it all in a minute.

Run it with `-m`: this file would otherwise hide the package of the same name.
"""

from __future__ import annotations

import argparse
import gc
import json
from pathlib import Path

import torch

from benchmarks import engine_cpu, engine_gpu
from benchmarks.engine_bench import Bench, Llama, Measure, Size
from benchmarks.engine_figures import Results, as_json, table
from benchmarks.engine_nf4 import nf4

ON_CPU: dict[str, Measure] = {**engine_cpu.MEASURES, "nf4": nf4}
ON_GPU: dict[str, Measure] = engine_gpu.MEASURES


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    names = f"on the CPU {', '.join(ON_CPU)}; on a GPU {', '.join(ON_GPU)}"
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--tiny", action="store_true", help="tiny shapes: does it all run?")
    parser.add_argument("--only", default="", help=f"figures, with commas; {names}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--clock",
        default="wall",
        choices=["wall", "cpu"],
        help="cpu, with --threads 1: what counts on a machine that others use at the same time",
    )
    parser.add_argument(
        "--llama-python", type=Path, help="a python that has the package llama-cpp-python"
    )
    parser.add_argument("--llama-model", type=Path, help="SmolLM2-135M as a GGUF file in Q8_0")
    parser.add_argument("--output", type=Path, help="where the results go, as JSON")
    return parser


def chosen(only: str, *, device: str, tiny: bool) -> dict[str, Measure]:
    """The measures that `--only` names, or all that suit the device; tiny ones run anywhere."""
    measures = ON_GPU if device == "cuda" else ON_CPU
    if tiny:
        measures = ON_CPU | ON_GPU
    if not only:
        return measures
    unknown = set(only.split(",")) - set(measures)
    if unknown:
        raise SystemExit(
            f"--only: {', '.join(sorted(unknown))} cannot be measured here; "
            f"there are {', '.join(measures)}."
        )
    return {name: measures[name] for name in only.split(",")}


def main() -> None:
    """Measure, print, and write the JSON file if one is named."""
    parser = arguments()
    options = parser.parse_args()
    if bool(options.llama_python) != bool(options.llama_model):
        parser.error("--llama-python and --llama-model need each other")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch finds no CUDA GPU; --tiny alone tries those figures on the CPU")
    measures = chosen(options.only, device=options.device, tiny=options.tiny)
    if options.threads:
        torch.set_num_threads(options.threads)
    size = Size(repeats=options.repeats)
    if options.tiny:
        size = Size(prompt=40, answer=6, constant=20, repeats=1, limit_s=300, tiny=True)
    llama = None
    if options.llama_python:
        llama = Llama(python=options.llama_python, model=options.llama_model)
    bench = Bench(size, options.device, by_cpu=options.clock == "cpu", llama=llama)
    machine = bench.machine()
    bench.note({"machine": machine})
    results: Results = {}
    for measure in measures.values():
        results |= measure(bench)
        gc.collect()
        if bench.on_gpu:
            torch.cuda.empty_cache()
    print(table(results))
    if options.tiny:
        print("Tiny shapes tell nothing of speed.")
    if options.output:
        content = {"machine": machine, "figures": as_json(results), "runs": bench.lines}
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
