"""The ways to generate that benchmarks/engine.py compares, on the same prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from time import perf_counter, process_time
from typing import Any, Protocol

import torch

from engine.protocol import GenerationRequest
from engine.worker.batching.kernels import pack_linears
from engine.worker.batching.model_runner import CausalRunner
from engine.worker.batching.scheduler import CPU_CHUNKS, GPU_CHUNKS, Scheduler
from engine.worker.batching.sequence import Sequence as EngineSequence
from engine.worker.batching.shapes import prepare

Prompts = Sequence[list[int]]


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on both clocks, in seconds since the run began: the wall's and the processor's."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement."""

    seconds: float
    num_questions: int
    tokens: list[list[int]] = field(repr=False)
    #: When each question had its first token, and its last.
    firsts: list[Moment] = field(default_factory=list, repr=False)
    lasts: list[Moment] = field(default_factory=list, repr=False)
    #: Processor time, of all threads. With one thread it is what a machine at rest would take.
    cpu_seconds: float = 0.0


class Side(Protocol):
    """A way to generate."""

    @property
    def name(self) -> str:
        """In the table and the JSON lines."""
        ...

    def run(self, prompts: Prompts, new: int) -> Run:
        """Answer all of them, each with exactly `new` tokens."""
        ...


def sync() -> None:
    """Wait for the GPU."""
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
        started, tokens = perf_counter(), []
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
        sync()
        return Run(perf_counter() - started, len(prompts), tokens)


class _Clock:
    """Notes when the first token came and when the newest."""

    def __init__(self, begin: Moment) -> None:
        self._begin = begin
        self.first: Moment | None = None
        self.last: Moment | None = None

    def on_start(self) -> None:
        """Not measured."""

    def on_piece(self, piece: str) -> None:
        if not piece:
            return
        now = Moment(perf_counter() - self._begin.wall, process_time() - self._begin.cpu)
        self.first = self.first or now
        self.last = now

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
        name: str = "",
    ) -> None:
        details = f"{', prefix' if prefix else ''}{', drafts' if drafts else ''}"
        self.name = name or f"slots ({num_slots}{details})"
        on_gpu = model.device.type == "cuda"
        quantised = getattr(model, "quantization_method", None) is not None
        prepare(model)
        if not (on_gpu or quantised):  # as the engine does
            pack_linears(model)
        self._scheduler = Scheduler(
            [
                CausalRunner(
                    model,
                    num_slots=num_slots,
                    num_tokens=num_tokens,
                    graphs=on_gpu and not quantised,
                )
            ],
            decode=lambda tokens: "".join(chr(0x10000 + token) for token in tokens),
            eos=frozenset(),
            chunks=GPU_CHUNKS if on_gpu else CPU_CHUNKS,
            drafts=drafts,
            remembers=False,
        )
        self._scheduler.keep_prefix(list(prefix))

    def run(self, prompts: Prompts, new: int) -> Run:
        """All of them at once."""
        sync()
        begin = Moment(perf_counter(), process_time())
        clocks = [_Clock(begin) for _ in prompts]
        for number, (prompt, clock) in enumerate(zip(prompts, clocks, strict=True)):
            request = GenerationRequest(id=str(number), question="", documents=())
            seq = EngineSequence(request, clock)
            seq.prepare(prompt, max_new_tokens=new)
            self._scheduler.add(seq)
        texts: dict[str, str] = {}
        while len(texts) < len(prompts):
            for seq in self._scheduler.step():
                if seq.error:
                    raise seq.error
                texts[seq.id] = seq.text
        return Run(
            perf_counter() - begin.wall,
            len(prompts),
            [[ord(c) - 0x10000 for c in texts[str(n)]] for n in range(len(prompts))],
            [clock.first for clock in clocks if clock.first],
            [clock.last for clock in clocks if clock.last],
        )


class TransformersBatching:
    """transformers' own continuous batching, with the same beginning of all prompts read before."""

    name = "transformers' continuous batching"

    def __init__(
        self,
        model: Any,
        *,
        num_slots: int,
        num_tokens: int,
        limit_s: float,
        prefix: Sequence[int] = (),
    ) -> None:
        self._model, self._num_slots, self._num_tokens = model, num_slots, num_tokens
        self._prefix = list(prefix)
        #: Seconds that one result may take.
        self._limit_s = limit_s

    def run(self, prompts: Prompts, new: int) -> Run:
        """All of them at once."""
        manager = self._start(new)
        try:
            if self._prefix:
                # Pages are shared once a request has filled them, and only whole ones.
                _finish(manager, [self._prefix], 1, self._limit_s)
            sync()
            started = perf_counter()
            tokens = _finish(manager, prompts, new, self._limit_s)
            seconds = perf_counter() - started
        finally:
            manager.stop(block=True)
        return Run(seconds, len(prompts), tokens)

    def _start(self, new: int) -> Any:
        from transformers import ContinuousBatchingConfig, GenerationConfig

        on_gpu = self._model.device.type == "cuda"
        # transformers 5.17 has another name for a page, and no flash attention to switch to.
        known = signature(ContinuousBatchingConfig).parameters
        options = {"page_size": 32, "block_size": 32, "auto_switch_to_flash": False}
        manager = self._model.init_continuous_batching(
            generation_config=GenerationConfig(
                max_new_tokens=new, do_sample=False, eos_token_id=-1, pad_token_id=0
            ),
            continuous_batching_config=ContinuousBatchingConfig(
                num_blocks=(self._num_slots + 1) * (self._num_tokens // 32 + 2),
                max_batch_tokens=(GPU_CHUNKS if on_gpu else CPU_CHUNKS)[1],
                **{name: value for name, value in options.items() if name in known},
            ),
        )
        manager.start()
        return manager


def _finish(manager: Any, prompts: Prompts, new: int, limit_s: float) -> list[list[int]]:
    ids = manager.add_requests([list(prompt) for prompt in prompts], max_new_tokens=new)
    done: dict[str, list[int]] = {}
    while len(done) < len(prompts):
        result = manager.get_result(timeout=limit_s)
        if result is None:
            raise RuntimeError(
                f"Transformers' batching gave no result within {limit_s:g} s; "
                "leave its figure out with --only."
            )
        if result.is_finished():
            done[result.request_id] = result.generated_tokens
    return [done[i] for i in ids]


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
    """Run it, and note the processor time unless it was noted where the work was done."""
    started = process_time()
    run = side()
    return run if run.cpu_seconds else replace(run, cpu_seconds=process_time() - started)
