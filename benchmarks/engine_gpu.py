"""The figures of benchmarks/engine.py that are taken on a GPU, with Mistral-7B's shapes.

With tiny shapes they run on the CPU as well, to see that they run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import torch

from benchmarks.engine_bench import Bench, Measure, percentile
from benchmarks.engine_figures import Measured, Results
from benchmarks.engine_models import key_value_bytes, load, saved, weight_bytes
from benchmarks.engine_nf4 import nf4, writing_rate
from benchmarks.engine_sides import Plain, Slots, TransformersBatching, sync

#: How many wait; the largest is four times the slots.
NUMBERS = (1, 8, 32, 128)
SLOTS = 32
PLAIN = 0


def streams(bench: Bench) -> Results:
    """One stream and many, whole questions, the share of the bandwidth, the first token."""
    size = bench.size
    prompts = bench.prompts(NUMBERS[-1])
    model = bench.model(torch.bfloat16)
    must_read = weight_bytes(model, embeddings=False)
    must_read += key_value_bytes(model) * (size.prompt + size.answer // 2)
    plain = Plain(model)
    slots = Slots(
        bench.model(torch.bfloat16),
        num_slots=SLOTS,
        num_tokens=size.prompt + size.answer + 8,
    )
    for warm in (1, 2, 4, 8, 16, SLOTS):  # the graph of each batch size is recorded
        slots.run(prompts[:warm], 3)
    plain.run(prompts[:1], 3)
    sides: list[tuple[str, int]] = [(plain.name, PLAIN)]
    sides += [(f"slots, {n} waiting", n) for n in NUMBERS]
    whole: dict[int, float] = {}
    first: dict[int, float] = {}
    for taken, new in ((first, 1), (whole, size.answer)):
        runs = bench.compare(
            f"GPU, {size.prompt} in, {new} out",
            [
                (name, partial((slots if n else plain).run, prompts[: max(1, n)], new))
                for name, n in sides
            ],
            size.repeats,
        )
        for name, n in sides:
            taken[n] = bench.seconds(runs[name]) * max(1, n)
    firsts = bench.moments([m for run in runs["slots, 32 waiting"] for m in run.firsts])
    results = _compared(whole, first, size.answer)
    speed = writing_rate(1, size.answer, first[1], whole[1])
    limit = bandwidth(bench.device) / must_read
    text = f"{speed / limit:.2f} ({speed:.0f} of {limit:.0f} tokens/s)"
    results["gpu-bandwidth"] = Measured(text, speed / limit)
    text = f"p50 {percentile(firsts, 0.5):.2f} s, p95 {percentile(firsts, 0.95):.2f} s"
    results["gpu-first-token"] = Measured(text)
    return results


def _compared(whole: dict[int, float], first: dict[int, float], answer: int) -> Results:
    """Ratios of tokens written a second, and of whole questions with their prompts."""
    rates = {n: writing_rate(max(1, n), answer, first[n], whole[n]) for n in (PLAIN, *NUMBERS)}
    results = {
        "gpu-stream": Measured(
            f"{rates[1] / rates[PLAIN]:.2f}× ({rates[PLAIN]:.0f} → {rates[1]:.0f} tokens/s)",
            rates[1] / rates[PLAIN],
        )
    }
    for number in (8, 32):
        ratio = rates[number] / rates[1]
        text = f"{ratio:.2f}× ({rates[1]:.0f} → {rates[number]:.0f} tokens/s)"
        results[f"gpu-{number}"] = Measured(text, ratio)
    for number in (32, 128):
        each = whole[number] / number
        text = f"{whole[PLAIN] / each:.2f}× ({whole[PLAIN]:.2f} s → {each:.3f} s a question)"
        results[f"gpu-whole-{number}"] = Measured(text, whole[PLAIN] / each)
    return results


def batching(bench: Bench) -> Results:
    """32 waiting against transformers' own continuous batching."""
    size = bench.size
    prompts = bench.prompts(SLOTS)
    room: dict[str, Any] = {"num_slots": SLOTS, "num_tokens": size.prompt + size.answer + 8}
    slots = Slots(bench.model(torch.bfloat16), **room)
    other = TransformersBatching(bench.model(torch.bfloat16), limit_s=bench.size.limit_s, **room)
    for side in (slots, other):
        side.run(prompts, 3)
    sides = (slots, other)
    runs = bench.compare_sides("GPU, 32 waiting", sides, prompts, size.answer, repeats=size.repeats)
    ours, theirs = (min(run.seconds for run in runs[side.name]) for side in sides)
    text = f"{theirs / ours:.2f}× ({theirs:.2f} s → {ours:.2f} s)"
    return {"gpu-batching": Measured(text, theirs / ours)}


def swap(bench: Bench) -> Results:
    """An idle model's weights back from pinned host memory, against a load from the disk.

    Both end with a pass over one token.
    """
    model = bench.model(torch.bfloat16)
    one = torch.zeros(1, 1, dtype=torch.long, device=bench.device)
    with saved(model) as folder:

        def from_disk() -> None:
            load(folder, bench.device)(one)

        cold = _seconds(from_disk)  # as soon as it was written, so from the page cache
    host = [p.data.cpu().pin_memory() if bench.on_gpu else p.data for p in model.parameters()]
    for parameter in model.parameters():
        parameter.data = parameter.data.new_empty(0)

    def from_host() -> None:
        for parameter, kept in zip(model.parameters(), host, strict=True):
            # To the CPU itself "to" would copy nothing.
            parameter.data = torch.empty_like(kept, device=bench.device)
            parameter.data.copy_(kept, non_blocking=True)
        model(one)

    warm = _seconds(from_host)
    bench.note({"figure": "swap", "from_host_s": warm, "from_disk_s": cold})
    return {"swap": Measured(f"{cold / warm:.1f}× ({cold:.2f} s → {warm:.2f} s)", cold / warm)}


def bandwidth(device: torch.device) -> float:
    """Bytes a second that a copy reads and writes."""
    source = torch.zeros(2**30 if device.type == "cuda" else 2**26, dtype=torch.uint8)
    source = source.to(device)
    target = torch.empty_like(source)
    target.copy_(source)

    def copy() -> None:
        for _ in range(10):
            target.copy_(source)

    return 20 * source.numel() / _seconds(copy)


def _seconds(work: Callable[[], None]) -> float:
    sync()
    started = perf_counter()
    work()
    sync()
    return perf_counter() - started


MEASURES: dict[str, Measure] = {
    "gpu-streams": streams,
    "gpu-batching": batching,
    "nf4": nf4,
    "swap": swap,
}
