"""llama.cpp for benchmarks/engine.py, in a process and an environment of its own.

Needs the package llama-cpp-python and nothing of ours:

    VENV/bin/python benchmarks/llama_child.py quantise SOURCE.gguf TARGET.gguf   # to Q8_0, once
    VENV/bin/python benchmarks/llama_child.py serve MODEL.gguf THREADS TOKENS

`serve` reads one JSON line a prompt, `{"prompt": [1, 2], "new": 64}`, and answers it with one.
"""

from __future__ import annotations

import json
import sys
from itertools import islice
from time import perf_counter, process_time

import llama_cpp


def quantise(source: str, target: str) -> None:
    """Write `source` anew in Q8_0. From Q4 nothing is won but the shapes, which speed hangs on."""
    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0
    options.allow_requantize = True
    failed = llama_cpp.llama_model_quantize(source.encode(), target.encode(), options)
    if failed:
        raise SystemExit(f"{source} could not be quantised; is it a GGUF model?")


def serve(path: str, threads: int, num_tokens: int) -> None:
    """Answer each line of the standard input, greedily and with no early end."""
    model = llama_cpp.Llama(
        path,
        n_ctx=num_tokens,
        n_batch=512,
        n_threads=threads,
        n_threads_batch=threads,
        flash_attn=True,  # some hundredths faster here
        verbose=False,
    )
    print(json.dumps({"system": llama_cpp.llama_print_system_info().decode()}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(answer(model, order["prompt"], order["new"])), flush=True)


def answer(model: llama_cpp.Llama, prompt: list[int], new: int) -> dict[str, object]:
    """The tokens and what they took."""
    model.reset()  # else what the last prompt left would be used again
    started, cpu_started = perf_counter(), process_time()
    written = model.generate(prompt, top_k=1, temp=0.0, repeat_penalty=1.0)
    tokens = [next(written)]
    first_s, first_cpu_s = perf_counter() - started, process_time() - cpu_started
    tokens += islice(written, new - 1)
    return {
        "tokens": tokens,
        "first_s": first_s,
        "first_cpu_s": first_cpu_s,
        "seconds": perf_counter() - started,
        "cpu_seconds": process_time() - cpu_started,
    }


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "quantise":
        quantise(*arguments)
    else:
        serve(arguments[0], int(arguments[1]), int(arguments[2]))
