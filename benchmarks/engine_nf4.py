"""The figure of benchmarks/engine.py on 4-bit weights: memory, speed, and which to choose."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from benchmarks.engine_bench import Bench
from benchmarks.engine_figures import Measured, Results
from benchmarks.engine_models import (
    MISTRAL_1B,
    TINY,
    load,
    random_mistral,
    saved,
    weight_bytes,
)
from benchmarks.engine_sides import Slots
from engine.models.catalog import Dtype, Quantisation
from engine.models.memory import GB, count_parameters
from engine.models.memory import weight_bytes as computed_bytes

#: Rows at once.
FEW, MANY = 1, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Tokens a second of one side: read from a prompt, and written by one and by many rows."""

    read: float
    one: float
    many: float


def nf4(bench: Bench) -> Results:
    """The same random weights in bfloat16 and in NF4, through bitsandbytes."""
    shapes = TINY if bench.size.tiny else ({} if bench.on_gpu else MISTRAL_1B)
    with saved(random_mistral(bench.device, torch.bfloat16, shapes)) as folder:
        models = {
            "bfloat16": load(folder, bench.device),
            "NF4": load(folder, bench.device, nf4=True),
        }
    memory = {name: weight_bytes(model) for name, model in models.items()}
    # On two cores a question as long as the others' would take minutes.
    length, new = (bench.size.prompt, bench.size.answer)
    if not bench.on_gpu:
        length, new = length // 5, max(4, new // 5)
    sides = {
        name: Slots(model, num_slots=MANY, num_tokens=length + new + 8, name=name)
        for name, model in models.items()
    }
    speeds = _speeds(bench, sides, length, new)
    bench.note({"figure": "nf4", "weight_bytes": memory})
    ratio = memory["NF4"] / memory["bfloat16"]
    text = (
        f"{ratio:.2f}× ({memory['bfloat16'] / GB:.2f} GB → {memory['NF4'] / GB:.2f} GB"
        f"{'' if bench.on_gpu else f'; computed for Mistral-7B: {_computed():.2f}×'}); "
        f"tokens/s, bfloat16 → NF4: {_told(speeds['bfloat16'], speeds['NF4'])}; "
        f"{advice(speeds['bfloat16'], speeds['NF4'], bench.size.prompt, bench.size.answer)}"
    )
    return {"gpu-nf4" if bench.on_gpu else "nf4": Measured(text, ratio)}


def _speeds(bench: Bench, sides: dict[str, Slots], length: int, new: int) -> dict[str, Speed]:
    # SmolLM2 knows more tokens than Mistral.
    prompts = [
        [token % TINY["vocab_size"] for token in prompt]
        for prompt in bench.prompts(MANY, length=length)
    ]
    for side in sides.values():
        side.run(prompts[:FEW], 2)
    taken: dict[tuple[str, int, int], float] = {}
    for number in (FEW, MANY):
        for tokens in (1, new):
            runs = bench.compare_sides(
                f"nf4, {number} at once, {length} in, {tokens} out",
                list(sides.values()),
                prompts[:number],
                tokens,
                repeats=bench.size.repeats,
            )
            for name in sides:
                taken[name, number, tokens] = number * bench.seconds(runs[name])
    return {
        name: Speed(
            read=length / taken[name, FEW, 1],
            one=writing_rate(FEW, new, taken[name, FEW, 1], taken[name, FEW, new]),
            many=writing_rate(MANY, new, taken[name, MANY, 1], taken[name, MANY, new]),
        )
        for name in sides
    }


def writing_rate(rows: int, new: int, first_s: float, whole_s: float) -> float:
    """Tokens a second beyond the first of each row, from the seconds of runs with 1 and `new`."""
    return rows * (new - 1) / max(whole_s - first_s, 1e-9)


def _told(half: Speed, quarter: Speed) -> str:
    return (
        f"reading {half.read:.0f} → {quarter.read:.0f}, one stream {half.one:.1f} → "
        f"{quarter.one:.1f}, {MANY} streams {half.many:.1f} → {quarter.many:.1f}"
    )


def advice(half: Speed, quarter: Speed, prompt: int, answer: int) -> str:
    """What to choose when, for questions of so many tokens in and out."""
    alone = [prompt / side.read + answer / side.one for side in (half, quarter)]
    together = [prompt / side.read + answer / side.many for side in (half, quarter)]
    told = (
        f"a question of {prompt:,} in, {answer} out {alone[0]:.2f} s → {alone[1]:.2f} s, "
        f"{MANY} at once {together[0]:.2f} s → {together[1]:.2f} s each: "
    )
    if alone[1] > alone[0]:
        return told + "choose NF4 only where bfloat16 does not fit"
    if together[1] > together[0]:
        return told + "choose NF4 for one asker at a time or where bfloat16 does not fit"
    return told + "choose NF4"


def _computed() -> float:
    """NF4's share of bfloat16's memory for Mistral-7B."""
    from transformers import MistralConfig

    parameters = count_parameters(MistralConfig().to_dict())
    assert parameters
    half, quarter = (
        computed_bytes(parameters, Dtype.BFLOAT16, quantisation)
        for quantisation in (Quantisation.NONE, Quantisation.NF4)
    )
    return quarter / half
