"""CUDA graphs on and off: whether the texts are equal, and what a step takes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmarks.gpu.asking import answer, questions_for, writing_rate
from benchmarks.gpu.models import ALIASES, entry, make, tokenizer
from benchmarks.gpu.parts import Bench
from engine.models.catalog import Dtype
from engine.worker.batching import graphs
from engine.worker.core import EngineCore
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.loading import LoadedModel, free_memory

ROWS = (1, 8, 32)


class _Told(logging.Handler):
    """Counts the graphs that were captured, and keeps why one was not."""

    def __init__(self) -> None:
        super().__init__()
        self.num_captured = 0
        self.problem = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self.problem = repr(record.exc_info[1]) if record.exc_info else record.getMessage()
        else:
            self.num_captured += 1


@contextmanager
def _listening() -> Iterator[_Told]:
    told = _Told()
    graphs.log.setLevel(logging.INFO)
    graphs.log.addHandler(told)
    try:
        yield told
    finally:
        graphs.log.removeHandler(told)


def measure(bench: Bench) -> None:
    """Every architecture in float32 for the texts, in bfloat16 for the time."""
    if not bench.on_gpu:
        bench.note(graphs="needs a GPU: both sides run without graphs")
    for alias in ALIASES:
        on, off = (_texts(bench, alias, on=on) for on in (True, False))
        equal = sum(one == other for one, other in zip(on, off, strict=True))
        bench.note(**{f"{alias}_equal": f"{equal} of {len(on)}"})
        for on in (True, False):
            _note_steps(bench, alias, on=on)


@contextmanager
def _engine(
    bench: Bench, alias: str, dtype: torch.dtype, *, on: bool, counts: bool
) -> Iterator[tuple[EngineCore, HuggingFaceModel]]:
    """The engine with or without graphs."""
    free_memory()  # what the last one had
    one = entry(alias, bench, dtype=Dtype(str(dtype).removeprefix("torch.")))
    network = make(alias, bench, dtype, counts=counts)
    words = tokenizer(one, network.config.vocab_size)
    model = HuggingFaceModel(one, LoadedModel(network, words, "", "", bench.on_gpu))
    model.has_graphs = on and bench.on_gpu
    yield EngineCore.of(model, max_batch=bench.size(max(ROWS), 2)), model


def _texts(bench: Bench, alias: str, *, on: bool) -> list[str]:
    """What is written in float32, where no two tokens are equally probable."""
    with (
        _listening() as told,
        _engine(bench, alias, torch.float32, on=on, counts=False) as (core, model),
    ):
        new, tokens = bench.size(48, 8), bench.size(300, 0)
        texts, num_tokens = [], 0
        for number in (1, 5):
            run = answer(core, questions_for(model).ask(number, tokens=tokens, new=new))
            texts += [one.text for one in run.answers]
            num_tokens += sum(one.completion_tokens for one in run.answers)
    if on:
        bench.note(
            **{
                f"{alias}_captured": told.num_captured,
                f"{alias}_problem": told.problem,
                f"{alias}_compared_tokens": num_tokens,
            }
        )
    return texts


def _note_steps(bench: Bench, alias: str, *, on: bool) -> None:
    """Milliseconds of a step in which every row gets a token, from runs with 1 and more."""
    dtype = torch.bfloat16 if bench.on_gpu else torch.float32
    new, tokens = bench.size(100, 4), bench.size(500, 0)
    with _engine(bench, alias, dtype, on=on, counts=True) as (core, model):
        questions = questions_for(model)
        for rows in ROWS if bench.on_gpu else ROWS[:1]:
            answer(core, questions.ask(rows, tokens=tokens, new=24 if bench.on_gpu else 2))
            first, whole = (
                min(
                    answer(core, questions.ask(rows, tokens=tokens, new=length)).seconds
                    for _ in range(bench.size(2, 1))
                )
                for length in (1, new)
            )
            step = rows / writing_rate(rows, new, first, whole)
            name = f"{alias}_{rows}_{'with' if on else 'without'}_graphs_ms"
            bench.note(**{name: round(1000 * step, 2)})
