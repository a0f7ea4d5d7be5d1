"""How fast answers are written: `python -m benchmarks.engine [--tiny] [--device cuda] [--only …]`.

The sides of each figure run in turn in one process on the same prompts, so that ratios hold on a
busy machine; each run prints one JSON line, the table comes last and goes, with the machine, into
`benchmarks/results/`. On the CPU the model is SmolLM2-135M (its converted weights, or random ones
of its shapes), on a card random weights of Mistral-7B's shapes. `--tiny` tries it all in seconds.

Run it with `-m`: this file would otherwise hide the package of the same name.
"""

from __future__ import annotations

import argparse
import copy
import gc
import json
import os
import platform
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

from benchmarks.engine_sides import (
    Plain,
    Run,
    Slots,
    TransformersBatching,
    interleaved,
    sync,
    timed,
)

ROOT = Path(__file__).resolve().parent.parent
SMOLLM2 = ROOT / "data" / "models" / "smollm2-135m"


@dataclass(frozen=True)
class Size:
    """How long prompts and answers are, and how often each side runs."""

    prompt: int = 1000
    answer: int = 100
    constant: int = 500
    repeats: int = 3
    tiny: bool = False


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    goal: str
    measured: str
    reached: bool | None


Measure = Callable[["Bench"], list[Figure]]


class Bench:
    """The models and prompts of one invocation."""

    def __init__(self, size: Size, device: str, *, with_transformers: bool, by_cpu: bool) -> None:
        self.size = size
        self._by_cpu = by_cpu
        self.device = torch.device(device)
        self.with_transformers = with_transformers
        self.lines: list[dict[str, Any]] = []
        self._built: dict[torch.dtype, Any] = {}
        self._random = random.Random(1)

    def model(self, dtype: torch.dtype) -> Any:
        """A model of its own for one side, unchanged."""
        if dtype not in self._built:
            self._built[dtype] = build(self.device, dtype, tiny=self.size.tiny)
        return copy.deepcopy(self._built[dtype])

    def prompts(self, number: int, *, constant: int = 0, length: int = 0) -> list[list[int]]:
        """Prompts of about equal length that begin with the same `constant` tokens."""
        length = length or self.size.prompt
        text = self._text()
        beginning = text[:constant]
        prompts = []
        for _ in range(number):
            at = self._random.randrange(len(text) - length)
            rest = length - constant - self._random.randrange(max(1, length // 20))
            prompts.append(beginning + text[at : at + rest])
        return prompts

    def report(self, figure: str, runs: dict[str, list[Run]]) -> dict[str, float]:
        """Print a JSON line a side; returns each side's median seconds a question."""
        medians = {}
        for name, side in runs.items():
            medians[name] = median(self.seconds(run) for run in side)
            firsts = sorted(first for run in side for first in run.first_tokens)
            line = {
                "figure": figure,
                "side": name,
                "questions": side[0].num_questions,
                "seconds": [round(run.seconds, 3) for run in side],
                "cpu_seconds": [round(run.cpu_seconds, 3) for run in side],
                "seconds_per_question": round(medians[name], 4),
                "tokens_per_s": round(len(side[0].tokens[0]) / medians[name], 1),
            }
            if firsts:
                line["first_token_p50_s"] = round(firsts[len(firsts) // 2], 3)
                line["first_token_p95_s"] = round(firsts[int(len(firsts) * 0.95)], 3)
            self.note(line)
        return medians

    def seconds(self, run: Run) -> float:
        """Seconds a question, by the clock that counts."""
        return run.cpu_seconds / run.num_questions if self._by_cpu else run.per_question

    def note(self, line: dict[str, Any]) -> None:
        """Print and keep one JSON line."""
        print(json.dumps(line), flush=True)
        self.lines.append(line)

    def _text(self) -> list[int]:
        """Tokens of real FAQ text, or of none where the weights are random."""
        if self.device.type == "cpu" and not self.size.tiny and SMOLLM2.is_dir():
            from transformers import AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(SMOLLM2, local_files_only=True)
            pages = sorted((ROOT / "config" / "faq").rglob("*.md"))
            text = "\n\n".join(page.read_text(encoding="utf-8") for page in pages)
            return list(tokenizer(text)["input_ids"])
        words = random.Random(2)
        return [words.randrange(3, 500) for _ in range(20_000)]


def build(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> Any:
    """SmolLM2 on the CPU, Mistral-7B's shapes on a card; with real weights where they are."""
    from transformers import (
        AutoModelForCausalLM,
        GenerationConfig,
        LlamaConfig,
        LlamaForCausalLM,
        MistralConfig,
        MistralForCausalLM,
    )

    shapes: dict[str, Any] = {}
    if tiny:
        shapes = {
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "vocab_size": 512,
        }
    torch.manual_seed(0)
    if device.type == "cpu" and not tiny and SMOLLM2.is_dir():
        model = AutoModelForCausalLM.from_pretrained(SMOLLM2, dtype=dtype, local_files_only=True)
    elif device.type == "cpu":
        smollm2 = {
            "hidden_size": 576,
            "intermediate_size": 1536,
            "num_hidden_layers": 30,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "vocab_size": 49152,
            "tie_word_embeddings": True,
        }
        model = LlamaForCausalLM(LlamaConfig(**(shapes or smollm2))).to(dtype)
    else:
        torch.set_default_dtype(dtype)
        with torch.device(device):
            model = MistralForCausalLM(MistralConfig(sliding_window=None, **shapes))
        torch.set_default_dtype(torch.float32)
    model.generation_config = GenerationConfig(do_sample=False, pad_token_id=0)
    return model.eval()


# The figures on the CPU


def waiting(number: int, goal: float, batching_goal: float | None = None) -> Measure:
    """`number` questions at once in float32 against plain generate, one after the other."""

    def measure(bench: Bench) -> list[Figure]:
        size = bench.size
        constant = 0 if batching_goal is None else size.constant
        prompts = bench.prompts(number, constant=constant)
        room = {"num_slots": number, "num_tokens": size.prompt + size.answer + 8}
        plain = Plain(bench.model(torch.float32))
        slots = Slots(bench.model(torch.float32), prefix=prompts[0][:constant], **room)
        few = prompts[:2]  # its time a question does not depend on how many wait
        sides = [
            (plain.name, lambda: plain.run(few, size.answer)),
            (slots.name, lambda: slots.run(prompts, size.answer)),
        ]
        name = f"CPU, float32, {number} waiting{', with prefix' if constant else ''}"
        runs = interleaved(sides, size.repeats)
        same = sum(
            a == b
            for a, b in zip(runs[plain.name][0].tokens, runs[slots.name][0].tokens, strict=False)
        )
        figures, times = [], bench.report(name, runs)
        ratio = times[plain.name] / times[slots.name]
        figures.append(
            Figure(
                name,
                f"≥ {goal}× plain",
                f"{ratio:.2f}× ({same} of {len(few)} texts equal)",
                ratio >= goal,
            )
        )
        if batching_goal is not None and bench.with_transformers:
            # By the clock on the wall: it polls, which takes processor time and no time.
            other = TransformersBatching(bench.model(torch.float32), **room)
            theirs = interleaved(
                [
                    (slots.name, lambda: slots.run(prompts, size.answer)),
                    (other.name, lambda: other.run(prompts, size.answer)),
                ],
                1,
            )
            bench.report(f"{name}, against transformers' batching", theirs)
            ratio = theirs[other.name][0].per_question / theirs[slots.name][0].per_question
            figures.append(
                Figure(
                    name,
                    f"≥ {batching_goal}× transformers' batching",
                    f"{ratio:.2f}×",
                    ratio >= batching_goal,
                )
            )
        return figures

    return measure


def default_slots(bench: Bench) -> list[Figure]:
    """What the order of admission does to the first token of 32 waiting questions, 8 slots."""
    size = bench.size
    prompts = [
        prompt
        for length in (size.prompt // 2, size.prompt)
        for prompt in bench.prompts(16, length=length)
    ]
    random.Random(3).shuffle(prompts)
    slots = Slots(bench.model(torch.bfloat16), num_slots=8, num_tokens=size.prompt + size.answer)
    runs = interleaved(
        [
            ("as they come", lambda: slots.run(prompts, size.answer)),
            ("shortest first", lambda: slots.run(sorted(prompts, key=len), size.answer)),
        ],
        1,
    )
    name = "CPU, bfloat16, first token, 32 waiting, 8 slots"
    bench.report(name, runs)
    shown = []
    for side, (run, *_) in runs.items():
        firsts = sorted(run.first_tokens)
        shown.append(f"{side}: p50 {firsts[16]:.1f} s, p95 {firsts[30]:.1f} s")
    return [Figure(name, "reported", "; ".join(shown), None)]


def one_answer(bench: Bench) -> list[Figure]:
    """One whole answer in bfloat16."""
    size = bench.size
    dtype = torch.bfloat16
    prompts = bench.prompts(1)
    new = min(64, size.answer)
    room = {"num_slots": 1, "num_tokens": size.prompt + new + 8}
    plain = Plain(bench.model(dtype))
    slots = Slots(bench.model(dtype), **room)
    drafting = Slots(bench.model(dtype), drafts=True, **room)
    for side in (plain, slots, drafting):
        side.run(prompts, 2)
    runs = interleaved(
        [
            (side.name, lambda side=side: side.run(prompts, new))
            for side in (plain, slots, drafting)
        ],
        size.repeats + 2,
    )
    name = f"CPU, bfloat16, one answer ({size.prompt} in, {new} out)"
    times = bench.report(name, runs)
    ratio, drafted = (times[plain.name] / times[side.name] for side in (slots, drafting))
    measured = (
        f"{ratio:.2f}× ({times[plain.name]:.2f} s → {times[slots.name]:.2f} s); "
        f"guessing ahead {drafted:.2f}×"
    )
    return [
        Figure(name, "≥ 1.4× plain", measured, ratio >= 1.4),
        Figure(name, "its ratio to llama.cpp Q8_0", "not measured", None),
    ]


def first_token(bench: Bench) -> list[Figure]:
    """How much sooner the first token comes when the constant part is there already."""
    size = bench.size
    length = size.constant + max(8, size.constant * 2 // 5)
    prompts = bench.prompts(1, constant=size.constant, length=length)
    room = {"num_slots": 1, "num_tokens": length + 8}
    plain = Plain(bench.model(torch.float32))
    without = Slots(bench.model(torch.float32), **room)
    prefixed = Slots(bench.model(torch.float32), prefix=prompts[0][: size.constant], **room)
    for side in (plain, without, prefixed):
        side.run(prompts, 1)
    runs = interleaved(
        [
            (side.name, lambda side=side: side.run(prompts, 1))
            for side in (plain, without, prefixed)
        ],
        size.repeats + 4,
    )
    name = f"CPU, float32, first token, {size.constant} of {length} tokens constant"
    times = bench.report(name, runs)
    own = times[without.name] / times[prefixed.name]
    plainly = times[plain.name] / times[prefixed.name]
    return [
        Figure(name, "≥ 3× sooner", f"{own:.2f}× (plain generate {plainly:.2f}×)", own >= 3),
    ]


def growth(bench: Bench) -> list[Figure]:
    """Seconds a question with ever more tiny questions waiting."""
    tiny = build(torch.device("cpu"), torch.float32, tiny=True)
    slots = Slots(tiny, num_slots=32, num_tokens=64)
    draw = random.Random(4)
    seconds = {}
    for number in (10, 100, 1000) if bench.size.tiny else (32, 100, 1000, 10_000):
        prompts = [[draw.randrange(3, 500) for _ in range(8)] for _ in range(number)]
        run = timed(lambda prompts=prompts: slots.run(prompts, 4))
        seconds[number] = bench.seconds(run)
        bench.note(
            {
                "figure": "growth",
                "questions": number,
                "seconds_per_question": round(seconds[number], 6),
            }
        )
    full = list(seconds.values())[1:]
    worst = max(full) / min(full)
    shown = ", ".join(f"{number}: {1000 * s:.2f} ms" for number, s in seconds.items())
    return [Figure("growth, tiny questions waiting", "flat", shown, worst < 1.5)]


# The figures on a card


def on_card(bench: Bench) -> list[Figure]:
    """One stream and many, whole questions, memory bandwidth, NF4, and a swap."""
    size, figures = bench.size, []
    dtype = torch.bfloat16 if bench.device.type == "cuda" else torch.float32
    model = bench.model(dtype)
    weights = sum(
        p.numel() * p.element_size() for n, p in model.named_parameters() if "embed" not in n
    )
    plain = Plain(model)
    prompts = bench.prompts(4 if size.tiny else 128)
    slots = Slots(bench.model(dtype), num_slots=32, num_tokens=size.prompt + size.answer + 8)
    for warm in (1, 8, 32):
        slots.run(prompts[:warm], 3)
    runs = interleaved(
        [(plain.name, lambda: plain.run(prompts[:1], size.answer))]
        + [
            (f"slots, {n} waiting", lambda n=n: slots.run(prompts[:n], size.answer))
            for n in (1, 8, 32, 128)
        ],
        size.repeats,
    )
    times = bench.report("card, bfloat16, whole questions", runs)
    one = times["slots, 1 waiting"]
    first, read = (bench.seconds(timed(lambda s=s: s.run(prompts[:1], 1))) for s in (plain, slots))
    speed = (size.answer - 1) / max(one - read, 1e-9)
    plain_speed = (size.answer - 1) / max(times[plain.name] - first, 1e-9)
    share = speed * weights / bandwidth(bench.device)
    bench.note({"figure": "card, one stream", "tokens_per_s": speed, "of_bandwidth": share})
    figures += [
        _ratio("card, one stream, decoding", 3, speed / plain_speed, "plain"),
        Figure("card, one stream", "≥ 0.70 of bandwidth", f"{share:.2f}", share >= 0.7),
    ]
    for number, goal in ((8, 6), (32, 15)):
        gain = one / times[f"slots, {number} waiting"]
        figures.append(_ratio(f"card, {number} waiting against one", goal, gain, "one"))
    for number, goal in ((32, 10), (128, 25)):
        gain = times[plain.name] / times[f"slots, {number} waiting"]
        figures.append(_ratio(f"card, whole questions, {number} waiting", goal, gain, "plain"))
    if bench.with_transformers:
        other = TransformersBatching(model, num_slots=32, num_tokens=size.prompt + size.answer)
        theirs = timed(lambda: other.run(prompts[:32], size.answer))
        bench.report("card", {other.name: [theirs]})
        gain = theirs.per_question / median(r.per_question for r in runs["slots, 32 waiting"])
        figures.append(_ratio("card, 32 waiting", 3, gain, "transformers' batching"))
    return [*figures, *swap(bench, model)]


def swap(bench: Bench, model: Any) -> list[Figure]:
    """An idle model back from pinned host memory against a load from the disk."""
    import tempfile

    on_card = bench.device.type == "cuda"
    host = [p.data.cpu().pin_memory() if on_card else p.data.clone() for p in model.parameters()]
    sync()
    started = perf_counter()
    for parameter, kept in zip(model.parameters(), host, strict=True):
        parameter.data = kept.to(bench.device, non_blocking=True)
    sync()
    warm = perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        started = perf_counter()
        loaded = type(model).from_pretrained(
            folder, dtype=model.dtype, device_map={"": bench.device}
        )
        loaded(torch.zeros(1, 1, dtype=torch.long, device=bench.device))
        sync()
        cold = perf_counter() - started
    bench.note({"figure": "swap", "from_host_s": warm, "from_disk_s": cold})
    return [_ratio("swap from pinned host memory", 10, cold / warm, "a cold load")]


def bandwidth(device: torch.device) -> float:
    """Bytes a second that a copy reads and writes."""
    source = torch.empty(2**30 if device.type == "cuda" else 2**26, dtype=torch.uint8)
    source = source.to(device)
    target = torch.empty_like(source)
    target.copy_(source)
    sync()
    started = perf_counter()
    for _ in range(10):
        target.copy_(source)
    sync()
    return 20 * source.numel() / (perf_counter() - started)


def _ratio(name: str, goal: float, ratio: float, than: str) -> Figure:
    return Figure(name, f"≥ {goal}× {than}", f"{ratio:.2f}×", ratio >= goal)


MEASURES: dict[str, Measure] = {
    "one-answer": one_answer,
    "first-token": first_token,
    "waiting-8": waiting(8, 3),
    "admission": default_slots,
    "growth": growth,
    "waiting-8-prefix": waiting(8, 3, 1.5),
    "waiting-32": waiting(32, 4.5, 1.5),
}


def machine(device: torch.device) -> dict[str, Any]:
    """What it ran on."""
    import transformers

    names = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "card": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "python": platform.python_version(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def table(figures: Sequence[Figure]) -> str:
    """The figures as Markdown."""
    marks = {True: "reached", False: "missed", None: ""}
    rows = [f"| {f.name} | {f.goal} | {f.measured} | {marks[f.reached]} |" for f in figures]
    return "\n".join(["| figure | goal | measured | |", "|---|---|---|---|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--tiny", action="store_true", help="tiny shapes: does it all run?")
    parser.add_argument("--only", default="", help="figures, with commas: " + ", ".join(MEASURES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--clock",
        default="wall",
        choices=["wall", "cpu"],
        help="cpu, with --threads 1: what counts on a machine that others use at the same time",
    )
    parser.add_argument("--no-transformers", action="store_true", help="skip its own batching")
    parser.add_argument("--output", type=Path, help="where the results go, as JSON")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    size = Size(repeats=options.repeats)
    if options.tiny:
        size = Size(prompt=40, answer=6, constant=20, repeats=1, tiny=True)
    bench = Bench(
        size,
        options.device,
        with_transformers=not options.no_transformers,
        by_cpu=options.clock == "cpu",
    )
    about = machine(bench.device)
    bench.note({"machine": about})
    wanted = options.only.split(",") if options.only else list(MEASURES)
    measures = [] if options.device == "cuda" else [MEASURES[name] for name in wanted]
    if options.device == "cuda" or options.tiny:
        measures.append(on_card)
    figures: list[Figure] = []
    for measure in measures:
        figures += measure(bench)
        gc.collect()
    print(table(figures))
    if options.output:
        content = {"machine": about, "figures": [vars(f) for f in figures], "runs": bench.lines}
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
