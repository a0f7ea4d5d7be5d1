"""The ways to generate that benchmarks/engine.py compares, on the same prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter, process_time
from typing import Any

import torch

from engine.slots import runner
from engine.slots.packed import pack_linears
from engine.slots.row import SlotRequest
from engine.slots.scheduler import CARD_CHUNKS, CPU_CHUNKS, Scheduler
from engine.slots.shapes import prepare

Prompts = Sequence[list[int]]


@dataclass(frozen=True)
class Run:
    """One measurement."""

    seconds: float
    num_questions: int
    tokens: list[list[int]] = field(repr=False)
    #: Seconds from the beginning to each question's first token.
    first_tokens: list[float] = field(default_factory=list)
    #: Processor time, of all threads. With one thread it is what a machine at rest would take.
    cpu_seconds: float = 0.0

    @property
    def per_question(self) -> float:
        """Seconds a question."""
        return self.seconds / self.num_questions


def sync() -> None:
    """Wait for the card."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class Plain:
    """transformers' `generate`, one question after the other."""

    name = "plain generate, one after the other"

    def __init__(self, model: Any) -> None:
        self._model = model

    def run(self, prompts: Prompts, new: int) -> Run:
        """All of them, each with exactly `new` tokens."""
        sync()
        started, tokens, firsts = perf_counter(), [], []
        for prompt in prompts:
            row = torch.tensor([prompt]).to(self._model.device)
            output = self._model.generate(
                row,
                attention_mask=torch.ones_like(row),
                max_new_tokens=new,
                min_new_tokens=new,
                do_sample=False,
                eos_token_id=-1,
                pad_token_id=0,
            )
            tokens.append(output[0, len(prompt) :].tolist())
            firsts.append(perf_counter() - started)
        sync()
        return Run(perf_counter() - started, len(prompts), tokens, firsts)


class _Clock:
    """Notes when the first token came."""

    def __init__(self) -> None:
        self.first: float | None = None
        self._pieces = 0

    def on_text(self, piece: str) -> None:
        if piece and self.first is None:
            self.first = perf_counter()

    def is_cancelled(self) -> bool:
        return False


class Slots:
    """Our scheduler. The model is changed: attention, and on the CPU its linear layers."""

    def __init__(
        self,
        model: Any,
        *,
        num_slots: int,
        num_tokens: int,
        prefix: Sequence[int] = (),
        drafts: bool = False,
        graphs: bool = True,
    ) -> None:
        self.name = (
            f"slots ({num_slots}{', prefix' if prefix else ''}{', drafts' if drafts else ''})"
        )
        on_card = model.device.type == "cuda"
        prepare(model)
        if not on_card:
            pack_linears(model)
        self._new: list[str] = []
        self._scheduler = Scheduler(
            runner.CausalRunner(
                model, num_slots=num_slots, num_tokens=num_tokens, graphs=on_card and graphs
            ),
            decode=lambda tokens: "".join(chr(0x10000 + token) for token in tokens),
            ends=frozenset(),
            chunks=CARD_CHUNKS if on_card else CPU_CHUNKS,
            drafts=drafts,
            remembers=False,
        )
        self._scheduler.keep_prefix(list(prefix))

    def run(self, prompts: Prompts, new: int) -> Run:
        """All of them at once."""
        sync()
        started = perf_counter()
        clocks = [_Clock() for _ in prompts]
        for number, (prompt, clock) in enumerate(zip(prompts, clocks, strict=True)):
            self._scheduler.add(
                SlotRequest(id=str(number), prompt=prompt, max_new_tokens=new), clock
            )
        texts: dict[str, str] = {}
        while len(texts) < len(prompts):
            for outcome in self._scheduler.step():
                if outcome.error:
                    raise outcome.error
                texts[outcome.request.id] = outcome.text
        seconds = perf_counter() - started
        tokens = [[ord(c) - 0x10000 for c in texts[str(n)]] for n in range(len(prompts))]
        firsts = [(clock.first or perf_counter()) - started for clock in clocks]
        return Run(seconds, len(prompts), tokens, firsts)


class TransformersBatching:
    """transformers' own continuous batching."""

    name = "transformers' continuous batching"

    def __init__(self, model: Any, *, num_slots: int, num_tokens: int) -> None:
        self._model, self._num_slots, self._num_tokens = model, num_slots, num_tokens

    def run(self, prompts: Prompts, new: int) -> Run:
        """All of them at once."""
        from transformers import ContinuousBatchingConfig, GenerationConfig

        manager = self._model.init_continuous_batching(
            generation_config=GenerationConfig(
                max_new_tokens=new, do_sample=False, eos_token_id=-1, pad_token_id=0
            ),
            continuous_batching_config=ContinuousBatchingConfig(
                page_size=32,
                num_blocks=self._num_slots * (self._num_tokens // 32 + 2),
                max_batch_tokens=512,
                auto_switch_to_flash=False,
            ),
        )
        manager.start()
        try:
            sync()
            started = perf_counter()
            ids = manager.add_requests([list(prompt) for prompt in prompts], max_new_tokens=new)
            done: dict[str, Any] = {}
            while len(done) < len(prompts):
                result = manager.get_result(timeout=600)
                if result is None:
                    raise RuntimeError("no result for ten minutes")
                if result.is_finished():
                    done[result.request_id] = result
            seconds = perf_counter() - started
        finally:
            manager.stop(block=True)
        return Run(seconds, len(prompts), [done[i].generated_tokens for i in ids])


def interleaved(
    sides: Sequence[tuple[str, Callable[[], Run]]], repeats: int
) -> dict[str, list[Run]]:
    """Each side in turn, `repeats` times: what disturbs one disturbs the others."""
    runs: dict[str, list[Run]] = {name: [] for name, _ in sides}
    for _ in range(repeats):
        for name, side in sides:
            runs[name].append(timed(side))
    return runs


def timed(side: Callable[[], Run]) -> Run:
    """Run it and note the processor time as well."""
    started = process_time()
    run = side()
    return replace(run, cpu_seconds=process_time() - started)
