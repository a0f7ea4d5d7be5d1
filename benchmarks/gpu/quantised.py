"""Mistral in NF4 and int8 with bitsandbytes: memory and speed."""

from __future__ import annotations

import importlib.util

from benchmarks.gpu.asking import answer, questions_for, writing_rate
from benchmarks.gpu.models import entry, saved
from benchmarks.gpu.parts import Bench, Skipped
from benchmarks.gpu.speed import weight_bytes
from engine.models.catalog import Dtype, Quantisation
from engine.models.memory import memory_need
from engine.worker.core import EngineCore
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.loading import free_memory

ALIAS = "mistral-7b"


def measure(bench: Bench) -> None:
    """The same weights in 16, 8 and 4 bits."""
    if importlib.util.find_spec("bitsandbytes") is None:
        raise Skipped("bitsandbytes is not installed")
    with saved(entry(ALIAS, bench), bench) as folder:
        for how in Quantisation:
            one = entry(ALIAS, bench, quantisation=how)
            model = HuggingFaceModel.load(one, folder, device=bench.device)
            _note(bench, model, how)
            del model
            free_memory()


def _note(bench: Bench, model: HuggingFaceModel, how: Quantisation) -> None:
    config = model.network.config.to_dict()
    dtype = Dtype(str(model.network.dtype).removeprefix("torch."))
    need = memory_need(model.entry, config, on_gpu=bench.on_gpu, dtype=dtype)
    bench.note(
        **{
            f"{how}_weights_measured": weight_bytes(model.network),
            f"{how}_weights_computed": need.weights if need else None,
        }
    )
    core = EngineCore.of(model, max_batch=bench.size(8, 2))
    questions = questions_for(model)
    new, tokens = bench.size(60, 4), bench.size(1000, 0)
    for number in (1, 8) if bench.on_gpu else (1,):
        answer(core, questions.ask(number, tokens=tokens, new=2))
        first, whole = (
            answer(core, questions.ask(number, tokens=tokens, new=length)).seconds
            for length in (1, new)
        )
        rate = writing_rate(number, new, first, whole)
        bench.note(
            **{
                f"{how}_{number}_tokens_per_s": round(rate, 1),
                f"{how}_{number}_question_s": round(whole / number, 3),
            }
        )
