"""Two ways to have questions answered in this process: the engine's, and plain `generate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch

from benchmarks.gpu.environment import synchronise
from benchmarks.gpu.models import Questions
from engine.protocol import Generation, GenerationRequest
from engine.worker.core import EngineCore
from engine.worker.huggingface import HuggingFaceModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Questions that were answered together."""

    seconds: float
    answers: list[Generation]
    #: Seconds until each had its first token, the soonest first.
    firsts: list[float]


class _Clock:
    """Notes when a question got its first token; a Watcher."""

    def __init__(self, begun: float) -> None:
        self._begun = begun
        self.first: float | None = None

    def on_start(self) -> None:
        """Waiting counts."""

    def on_piece(self, piece: str) -> None:
        if self.first is None:
            self.first = perf_counter() - self._begun

    def is_cancelled(self) -> bool:
        return False


def answer(core: EngineCore, requests: Sequence[GenerationRequest]) -> Run:
    """Have the engine answer all of them, as they would wait for it."""
    synchronise()
    begun = perf_counter()
    clocks = {request.id: _Clock(begun) for request in requests}
    for request in requests:
        core.add(request, clocks[request.id])
    results: dict[str, Generation] = {}
    while core.is_busy:
        for seq in core.step():
            if seq.error is not None:
                raise seq.error
            assert seq.generation is not None
            results[seq.id] = seq.generation
    seconds = perf_counter() - begun
    firsts = sorted(clock.first or seconds for clock in clocks.values())
    return Run(
        seconds=seconds, answers=[results[request.id] for request in requests], firsts=firsts
    )


@torch.inference_mode()
def generate(
    model: HuggingFaceModel, requests: Sequence[GenerationRequest], new: int
) -> tuple[float, list[list[int]]]:
    """Have transformers answer them as one padded batch: the seconds, and the new tokens."""
    prompts = [prompt_tokens(model, request) for request in requests]
    longest = max(len(prompt) for prompt in prompts)
    seq2seq = model.network.config.is_encoder_decoder
    rows, marks = [], []
    for prompt in prompts:
        padding = [0] * (longest - len(prompt))
        real = [1] * len(prompt)
        rows.append(prompt + padding if seq2seq else padding + prompt)
        marks.append(real + padding if seq2seq else padding + real)
    ids = torch.tensor(rows, device=model.network.device)
    synchronise()
    begun = perf_counter()
    output = model.network.generate(
        ids,
        attention_mask=torch.tensor(marks, device=ids.device),
        max_new_tokens=new,
        min_new_tokens=new,
        do_sample=False,
        repetition_penalty=model.entry.generation.repetition_penalty,
        eos_token_id=-1,
        pad_token_id=0,
    )
    synchronise()
    seconds = perf_counter() - begun
    return seconds, output[:, 1 if seq2seq else longest :].tolist()


def prompt_tokens(model: HuggingFaceModel, request: GenerationRequest) -> list[int]:
    """The whole prompt as the model reads it."""
    return model.prompts.tokens(model.prompts.fit(request, 10**6).prompt)


def questions_for(model: HuggingFaceModel) -> Questions:
    """Questions whose length is told by the model's own tokenizer."""
    return Questions(lambda request: len(prompt_tokens(model, request)))


def writing_rate(rows: int, new: int, first_s: float, whole_s: float) -> float:
    """Tokens a second beyond the first of each row, from the seconds of runs with 1 and `new`."""
    return rows * (new - 1) / max(whole_s - first_s, 1e-9)


def middle(runs: Sequence[Run]) -> Run:
    """The run of median length."""
    seconds = median(run.seconds for run in runs)
    return min(runs, key=lambda run: abs(run.seconds - seconds))
