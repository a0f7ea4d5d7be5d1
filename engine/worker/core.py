"""What the engine process drives: takes requests, works on many at once, tells which finished."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ModelLoadError, OutOfMemory
from engine.models.catalog import ModelEntry, Quantisation
from engine.prompt import answer_tokens
from engine.protocol import GenerationRequest
from engine.worker.batching.sampling_params import SamplingParams
from engine.worker.batching.sequence import Sequence, SequenceStatus, finish_cancelled
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.loading import free_memory, is_out_of_memory
from engine.worker.offload import Weights, release_unused_memory, require_host_memory
from engine.worker.placement import SHORT_TOKENS, free_for_slots, make_scheduler, prepare_for_slots
from engine.worker.watch import NullWatcher, Watcher

if TYPE_CHECKING:
    from engine.worker.batching.scheduler import Scheduler


class EngineCore:
    """One model at work. Not for several threads at once."""

    def __init__(
        self,
        model: HuggingFaceModel,
        *,
        max_batch: int,
        short_tokens: int = SHORT_TOKENS,
        free: Callable[[HuggingFaceModel], float] = free_for_slots,
    ) -> None:
        """`short_tokens` is what a short slot holds, `free` the bytes that slots may take."""
        self.model = model
        self._free = free
        self._max_batch = max_batch
        self._weights = Weights(model.network)
        self._slot_bytes = prepare_for_slots(model, short_tokens)
        #: None where one request at a time is answered by plain `generate`, and while parked.
        self._scheduler: Scheduler | None = None
        #: Requests for plain `generate`.
        self._waiting: deque[Sequence] = deque()
        #: How many requests it works on at once, and the bytes that their slots take.
        self.num_slots = 1
        self.slots_bytes = 0
        self._allocate_slots()

    @classmethod
    def load(cls, entry: ModelEntry, path: Path, *, device: str, max_batch: int) -> EngineCore:
        """Load the model and have it write one token. Raises ModelLoadError."""
        model = HuggingFaceModel.load(entry, path, device=device)
        try:
            return cls.of(model, max_batch=max_batch)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Raised out here: a traceback kept in __cause__ would keep the weights in memory.
        raise ModelLoadError(
            f"{entry.alias} fits into memory, but leaves no room for an answer; "
            "choose a smaller model or a quantised one, or lower its context_window."
        )

    @classmethod
    def of(cls, model: HuggingFaceModel, *, max_batch: int) -> EngineCore:
        """Work with `model`, in slots where its architecture allows it."""
        core = cls(model, max_batch=max_batch)
        hello = GenerationRequest(id="", question="Hello?", documents=(), max_new_tokens=2)
        core.add(hello, NullWatcher())
        while core.is_busy:
            for seq in core.step():
                if seq.error is not None:
                    raise seq.error
        return core

    def _allocate_slots(self) -> None:
        sizes = self._slot_bytes
        if sizes is not None:
            num_short, num_whole = sizes.num_slots_in(self._free(self.model), self._max_batch)
            short = (num_short, sizes.short_tokens)
            self._scheduler = make_scheduler(self.model, short, num_whole, self._prepare)
            self.num_slots = num_short + num_whole
            self.slots_bytes = num_short * sizes.short + num_whole * sizes.whole

    def park(self) -> None:
        """Free all memory but that of the weights, and move those to the machine's; no request may
        be waiting. Raises ModelLoadError where that cannot be: the model is of no use then.
        """
        if self.model.on_gpu and self.model.entry.quantisation is Quantisation.INT8:
            raise ModelLoadError("A model in int8 cannot leave the GPU: parts of it would stay.")
        self._scheduler = None
        release_unused_memory()
        if self.model.on_gpu:
            self._weights.offload()
            release_unused_memory()
        require_host_memory()

    def resume(self) -> None:
        """Get ready for questions after `park`. Raises ModelLoadError."""
        try:
            self._weights.restore()
            self._allocate_slots()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        else:
            return
        raise ModelLoadError(f"There is no room any more for {self.model.entry.alias}.")

    @property
    def is_busy(self) -> bool:
        """Whether `step` has something to do."""
        return bool(self._waiting) if self._scheduler is None else self._scheduler.is_busy

    def add(self, request: GenerationRequest, watcher: Watcher) -> None:
        """Queue a request."""
        seq = Sequence(request, watcher)
        if self._scheduler is None:
            self._waiting.append(seq)
        else:
            self._scheduler.add(seq)

    def step(self) -> list[Sequence]:
        """Work for a moment; returns which sequences finished, with an error or a generation.

        Raises what leaves a GPU in an unknown state.
        """
        if self._scheduler is None:
            finished = self._step_alone()
        else:
            steps = self._scheduler.step()
            finished = [seq for seq in steps if not self._retry(self._scheduler, seq)]
        for seq in finished:
            if seq.error is None and seq.generation is None:
                seq.generation = seq.to_generation(self.model.entry.alias)
        return finished

    def _step_alone(self) -> list[Sequence]:
        """Without slots: one request from beginning to end."""
        finished = finish_cancelled(self._waiting)
        if not self._waiting:
            return finished
        seq = self._waiting.popleft()
        seq.watcher.on_start()
        try:
            seq.generation = self.model.generate(seq.request, seq.watcher)
            seq.status = SequenceStatus(seq.generation.finish_reason)
        except Exception as error:
            if self.model.is_broken_by(error):
                raise
            seq.fail(error)
        return [*finished, seq]

    def _prepare(self, seq: Sequence) -> None:
        """Fit its prompt to the window."""
        entry, prompts, how = self.model.entry, self.model.prompts, self.model.entry.generation
        budget = prompts.budget(seq.request)
        fitted = prompts.fit(seq.request, budget // 2 if seq.halved else budget)
        seq.prepare(
            prompts.tokens(fitted.prompt),
            max_new_tokens=answer_tokens(entry, seq.request),
            sampling=SamplingParams(
                temperature=how.temperature if how.do_sample else 0.0,
                top_k=how.top_k,
                top_p=how.top_p,
                repetition_penalty=how.repetition_penalty,
            ),
            stop=fitted.stop,
            document_ids=fitted.document_ids,
        )

    def _retry(self, scheduler: Scheduler, seq: Sequence) -> bool:
        """Put it back for a try with half the context, if memory ran out for the first time."""
        if seq.error is None or not is_out_of_memory(seq.error):
            return False
        if seq.halved:
            seq.error = OutOfMemory()
        else:
            seq.retry_halved()
            scheduler.put_back(seq)
        free_memory()  # now that no traceback holds the tensors
        return seq.error is None
