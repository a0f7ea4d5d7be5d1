"""The figures of benchmarks/engine.py that are taken on the CPU."""

from __future__ import annotations

import random
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from statistics import mean
from typing import Any

import torch

from benchmarks.engine_bench import Bench, Measure, percentile
from benchmarks.engine_figures import Measured, Results
from benchmarks.engine_models import default_model
from benchmarks.engine_sides import Plain, Run, Side, Slots, TransformersBatching, interleaved

#: Of more who wait the others wait for a slot: on two cores more at once win nothing.
MAX_SLOTS = 32


def waiting(number: int, *, with_prefix: bool) -> Measure:
    """`number` questions at once in float32 against plain generate, one after the other."""

    def measure(bench: Bench) -> Results:
        size = bench.size
        constant = size.constant if with_prefix else 0
        prompts = bench.prompts(number, constant=constant)
        plain = Plain(bench.model(torch.float32))
        slots = Slots(
            bench.model(torch.float32),
            num_slots=min(number, MAX_SLOTS),
            num_tokens=size.prompt + size.answer + 8,
            prefix=prompts[0][:constant],
        )
        few = prompts[:2]  # its time a question does not depend on how many wait
        key = f"waiting-{number}"
        runs = bench.compare(
            key,
            [
                (plain.name, partial(plain.run, few, size.answer)),
                (slots.name, partial(slots.run, prompts, size.answer)),
            ],
            size.repeats,
        )
        one, many = (bench.seconds(runs[side.name]) for side in (plain, slots))
        both = zip(runs[plain.name][0].tokens, runs[slots.name][0].tokens, strict=False)
        same = sum(theirs == ours for theirs, ours in both)
        text = f"{one / many:.2f}× ({one:.2f} s → {many:.2f} s a question"
        return {key: Measured(f"{text}; {same} of {len(few)} texts equal)", one / many)}

    return measure


def batching(number: int) -> Measure:
    """The same against transformers' own continuous batching."""

    def measure(bench: Bench) -> Results:
        size = bench.size
        prompts = bench.prompts(number, constant=size.constant)
        prefix = prompts[0][: size.constant]
        room: dict[str, Any] = {"num_slots": number, "num_tokens": size.prompt + size.answer + 8}
        slots = Slots(bench.model(torch.float32), prefix=prefix, **room)
        other = TransformersBatching(
            bench.model(torch.float32), limit_s=bench.size.limit_s, prefix=prefix, **room
        )
        key = f"batching-{number}"
        runs = bench.compare_sides(key, (slots, other), prompts, size.answer, repeats=1)
        # By the clock on the wall: it polls, which takes processor time and no time.
        ours, theirs = (runs[side.name][0] for side in (slots, other))
        ratio = theirs.seconds / ours.seconds
        same = sum(a == b for a, b in zip(ours.tokens, theirs.tokens, strict=True))
        text = (
            f"{ratio:.2f}× by the wall's clock ({theirs.seconds:.1f} s → {ours.seconds:.1f} s; "
            f"{same} of {number} texts equal)"
        )
        return {key: Measured(text, ratio)}

    return measure


def one_answer(bench: Bench) -> Results:
    """One whole answer in bfloat16, against plain generate and llama.cpp."""
    size = bench.size
    prompts = bench.prompts(1)
    new = min(64, size.answer)
    room: dict[str, Any] = {"num_slots": 1, "num_tokens": size.prompt + new + 8}
    with ExitStack() as stack:
        plain = Plain(bench.model(torch.bfloat16))
        slots = Slots(bench.model(torch.bfloat16), **room)
        drafting = Slots(bench.model(torch.bfloat16), drafts=True, **room)
        sides: list[Side] = [plain, slots, drafting]
        llama = bench.llama(room["num_tokens"])
        if llama is not None:
            sides.append(stack.enter_context(llama))
            bench.note({"llama.cpp": llama.system})
        for side in sides:
            side.run(prompts, 2)
        runs = bench.compare_sides("one-answer", sides, prompts, new, repeats=size.repeats + 2)
    theirs, ours, drafted = (bench.seconds(runs[s.name]) for s in (plain, slots, drafting))
    text = (
        f"{theirs / ours:.2f}× ({theirs:.2f} s → {ours:.2f} s); "
        f"guessing ahead {theirs / drafted:.2f}×"
    )
    results = {"one-answer": Measured(text, theirs / ours)}
    if llama is not None:
        results["llama"] = _against_llama(bench, runs[llama.name], ours, drafted)
        agreed = _agreed(runs[llama.name][0].tokens[0], runs[slots.name][0].tokens[0])
        bench.note({"figure": "llama", "first_tokens_equal": agreed})
    return results


def _against_llama(bench: Bench, runs: list[Run], ours: float, drafted: float) -> Measured:
    """The two halves of its time tell where the ratio comes from."""
    theirs = bench.seconds(runs)
    reading = percentile(bench.moments([run.firsts[0] for run in runs]), 0.5)
    text = (
        f"{theirs / ours:.2f}× (llama.cpp {theirs:.2f} s, of which first token {reading:.2f} s; "
        f"ours {ours:.2f} s); guessing ahead {theirs / drafted:.2f}×"
    )
    return Measured(text, theirs / ours)


def _agreed(one: list[int], other: list[int]) -> int:
    """How many tokens two texts have in common before they part."""
    for place, (a, b) in enumerate(zip(one, other, strict=True)):
        if a != b:
            return place
    return len(one)


def first_token(bench: Bench) -> Results:
    """How much sooner the first token comes when the constant part is there already."""
    size = bench.size
    length = size.constant + max(8, size.constant * 2 // 5)
    prompts = bench.prompts(1, constant=size.constant, length=length)
    room: dict[str, Any] = {"num_slots": 1, "num_tokens": length + 8}
    plain = Plain(bench.model(torch.float32))
    without = Slots(bench.model(torch.float32), **room)
    prefixed = Slots(bench.model(torch.float32), prefix=prompts[0][: size.constant], **room)
    sides = (plain, without, prefixed)
    for side in sides:
        side.run(prompts, 1)
    figure = f"first-token, {size.constant} of {length} tokens constant"
    runs = bench.compare_sides(figure, sides, prompts, 1, repeats=size.repeats + 4)
    theirs, cold, warm = (bench.seconds(runs[side.name]) for side in sides)
    text = (
        f"{cold / warm:.2f}× ({cold:.2f} s → {warm:.2f} s, {size.constant} of {length} tokens "
        f"constant); plain generate {theirs / warm:.2f}×"
    )
    return {"first-token": Measured(text, cold / warm)}


def admission(bench: Bench) -> Results:
    """What the order of admission does to 32 waiting questions of two lengths, 8 slots."""
    size = bench.size
    prompts = [
        prompt
        for length in (size.prompt // 2, size.prompt)
        for prompt in bench.prompts(16, length=length)
    ]
    random.Random(3).shuffle(prompts)
    slots = Slots(bench.model(torch.bfloat16), num_slots=8, num_tokens=size.prompt + size.answer)
    orders = {
        "as they come": prompts,
        "shortest first": sorted(prompts, key=len),
        "longest first": sorted(prompts, key=len, reverse=True),
    }
    slots.run(prompts[:2], 2)
    runs = bench.compare(
        "admission",
        [(order, partial(slots.run, waiting, size.answer)) for order, waiting in orders.items()],
        size.repeats,
    )
    parts = []
    for order, measured in runs.items():
        firsts = bench.moments([first for run in measured for first in run.firsts])
        lasts = bench.moments([last for run in measured for last in run.lasts])
        parts.append(
            f"{order}: p50 {percentile(firsts, 0.5):.1f} s, p95 {percentile(firsts, 0.95):.1f} s, "
            f"whole answers after {mean(lasts):.1f} s on average"
        )
    return {"admission": Measured("; ".join(parts))}


def growth(bench: Bench) -> Results:
    """Seconds a question with ever more tiny questions waiting: how much they ever rise."""
    tiny = default_model(torch.device("cpu"), torch.float32, tiny=True)
    slots = Slots(tiny, num_slots=MAX_SLOTS, num_tokens=64)
    draw = random.Random(4)
    numbers = (10, 100) if bench.size.tiny else (10, 100, 1000, 10_000)
    prompts = [[draw.randrange(3, 500) for _ in range(8)] for _ in range(numbers[-1])]
    slots.run(prompts[:MAX_SLOTS], 4)
    runs = interleaved(
        [(str(number), partial(slots.run, prompts[:number], 4)) for number in numbers],
        bench.size.repeats,
    )
    seconds = {number: bench.seconds(runs[str(number)]) for number in numbers}
    for number, each in seconds.items():
        bench.note({"figure": "growth", "questions": number, "seconds_per_question": each})
    shown = ", ".join(f"{number:,}: {1000 * each:.2f} ms" for number, each in seconds.items())
    return {"growth": Measured(shown, rise(list(seconds.values())))}


def rise(values: list[float]) -> float:
    """The most that any value exceeds the least before it."""
    least, worst = values[0], 0.0
    for before, value in pairwise(values):
        least = min(least, before)
        worst = max(worst, value / least)
    return worst


MEASURES: dict[str, Measure] = {
    "one-answer": one_answer,
    "first-token": first_token,
    "waiting-8": waiting(8, with_prefix=False),
    "waiting-32": waiting(32, with_prefix=True),
    "admission": admission,
    "growth": growth,
    "waiting-128": waiting(128, with_prefix=True),
    "batching-32": batching(32),
}
