"""One of the course's models at its real size: loading, memory, slots, tokens a second."""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from benchmarks.gpu.asking import (
    Run,
    answer,
    generate,
    middle,
    prompt_tokens,
    questions_for,
    writing_rate,
)
from benchmarks.gpu.environment import bandwidth
from benchmarks.gpu.models import entry, saved
from benchmarks.gpu.parts import Bench
from engine.models.catalog import Dtype, ModelEntry
from engine.models.gpu import memory_of, read_gpus
from engine.models.memory import memory_need
from engine.worker.core import EngineCore
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.loading import free_memory

#: How many wait; the engine works on at most SLOTS at once.
WAITING, SLOTS = (1, 8, 32, 128), 32
#: Questions in a padded batch of plain `generate`.
PADDED = (8, 32)


def measure(bench: Bench, alias: str) -> None:
    """Load the model from a folder as the product does, and ask it."""
    one = entry(alias, bench)
    started = perf_counter()
    with saved(one, bench) as folder:
        bench.note(make_s=round(perf_counter() - started, 2))
        model = load(bench, one, folder)
        plain_speed(bench, model)
        core = make_core(bench, model)
        if bench.on_gpu:
            torch.cuda.reset_peak_memory_stats()
        runs = speed(bench, core, model, WAITING if bench.on_gpu else WAITING[:2])
        note_memory(bench, model, core)
        if alias == "mistral-7b":
            share_of_bandwidth(bench, model, runs)
            transformers_batching(bench, model)


def load(bench: Bench, one: ModelEntry, folder: Path) -> HuggingFaceModel:
    """The model, loaded by the product; notes what that took."""
    started = perf_counter()
    model = HuggingFaceModel.load(one, folder, device=bench.device)
    bench.note(
        load_s=round(perf_counter() - started, 2),
        dtype=model.dtype,
        weights_measured=weight_bytes(model.network),
    )
    return model


def make_core(bench: Bench, model: HuggingFaceModel) -> EngineCore:
    """The engine at work on the model; notes the slots it chose."""
    free_memory()  # what plain `generate` left: slots are made of what is free
    started = perf_counter()
    core = EngineCore.of(model, max_batch=bench.size(SLOTS, 4))
    bench.note(
        slots_s=round(perf_counter() - started, 2),
        num_slots=core.num_slots,
        slots_bytes=core.slots_bytes,
        # Without slots one question at a time is answered: the log says why.
        has_slots=core.slots_bytes > 0,
    )
    return core


def plain_speed(bench: Bench, model: HuggingFaceModel) -> None:
    """transformers' own `generate`: one question after the other, and padded batches."""
    new, tokens = bench.size(100, 4), bench.size(1000, 0)
    questions = questions_for(model)
    generate(model, questions.ask(1, tokens=tokens, new=new), 2)
    for number in (1, *(PADDED if bench.on_gpu else PADDED[:1])):
        whole, first = (
            min(
                generate(model, questions.ask(number, tokens=tokens, new=new), length)[0]
                for _ in range(bench.size(2, 1))
            )
            for length in (new, 1)
        )
        bench.note(
            **{
                f"plain_{number}_s": round(whole, 3),
                f"plain_{number}_tokens_per_s": round(writing_rate(number, new, first, whole), 1),
            }
        )


def speed(
    bench: Bench, core: EngineCore, model: HuggingFaceModel, numbers: tuple[int, ...]
) -> dict[int, Run]:
    """The engine's speed with so many waiting; notes it and returns the runs."""
    new, tokens = bench.size(100, 4), bench.size(1000, 0)
    questions = questions_for(model)
    for number in (1, 2, 4, 8, 16, 32):  # the graph of each batch size is recorded
        if number <= max(numbers):
            answer(core, questions.ask(number, tokens=tokens, new=bench.size(24, 2)))
    runs = {}
    for number in numbers:
        whole, first = (
            middle(
                [
                    answer(core, questions.ask(number, tokens=tokens, new=length))
                    for _ in range(bench.size(3, 1))
                ]
            )
            for length in (new, 1)
        )
        runs[number] = whole
        written = sum(one.completion_tokens for one in whole.answers)
        rate = writing_rate(number, written / number, first.seconds, whole.seconds)
        bench.note(
            **{
                f"engine_{number}_s": round(whole.seconds, 3),
                f"engine_{number}_tokens_per_s": round(rate, 1),
                f"engine_{number}_first_p50_s": round(whole.firsts[number // 2], 3),
                f"engine_{number}_first_p95_s": round(whole.firsts[int(number * 0.95)], 3),
            }
        )
    bench.note(
        prompt_tokens=runs[numbers[-1]].answers[0].prompt_tokens,
        written_tokens=runs[numbers[-1]].answers[0].completion_tokens,
    )
    return runs


def note_memory(bench: Bench, model: HuggingFaceModel, core: EngineCore) -> None:
    """What was computed before, and what the model took."""
    config = model.network.config.to_dict()
    dtype = Dtype(str(model.network.dtype).removeprefix("torch."))
    need = memory_need(model.entry, config, on_gpu=bench.on_gpu, dtype=dtype)
    assert need, "the sizes of the course's models are known"
    bench.note(
        weights_computed=need.weights,
        work_computed=need.work,
        all_computed=need.total(0) + core.slots_bytes,
    )
    if bench.on_gpu:
        weights, peak = weight_bytes(model.network), torch.cuda.max_memory_allocated()
        bench.note(
            # The most that a run took beside weights and slots, with the graphs.
            work_measured=peak - weights - core.slots_bytes,
            all_measured=read_gpus()[0].memory_used,
            libraries_measured=read_gpus()[0].memory_used - torch.cuda.memory_reserved(),
        )
    else:
        bench.note(all_measured=memory_of(os.getpid(), on_gpu=False))


def weight_bytes(network: Any) -> int:
    """The weights with the scales that quantised ones keep beside them."""
    total = 0
    for parameter in network.parameters():
        total += parameter.nbytes
        scales = getattr(parameter, "quant_state", None)
        total += scales.absmax.nbytes if scales is not None else 0
        outputs = getattr(parameter, "SCB", None)  # int8
        total += outputs.nbytes if outputs is not None else 0
    return total


def share_of_bandwidth(bench: Bench, model: HuggingFaceModel, runs: dict[int, Run]) -> None:
    """Bytes that a step of one stream must read, and the tokens a second which that allows."""
    network, (written,) = model.network, runs[1].answers
    config = network.config
    embeddings = network.get_input_embeddings().weight.nbytes
    head = config.hidden_size // config.num_attention_heads
    token = 2 * config.num_hidden_layers * config.num_key_value_heads * head
    token *= network.dtype.itemsize
    length = written.prompt_tokens + written.completion_tokens // 2
    must_read = weight_bytes(network) - embeddings + token * length
    bench.note(bandwidth_tokens_per_s=round(bandwidth(bench) / must_read, 1))


def transformers_batching(bench: Bench, model: HuggingFaceModel) -> None:
    """transformers' continuous batching on as many questions as there are slots."""
    from benchmarks.engine_sides import TransformersBatching
    from engine.worker.batching.shapes import restore

    restore(model.network, "sdpa")
    new, num_slots = bench.size(100, 4), bench.size(SLOTS, 4)
    prompts = [
        prompt_tokens(model, request)
        for request in questions_for(model).ask(num_slots, tokens=bench.size(1000, 0), new=new)
    ]
    room = max(len(prompt) for prompt in prompts) + new + 8
    side = TransformersBatching(model.network, num_slots=num_slots, num_tokens=room, limit_s=120)
    try:
        side.run(prompts, 3)
        seconds = min(side.run(prompts, new).seconds for _ in range(2))
    except Exception as error:  # noqa: BLE001 - another library's feature; the rest is measured
        bench.note(transformers_batching_problem=str(error)[:300] or type(error).__name__)
    else:
        bench.note(transformers_batching_s=round(seconds, 3))
