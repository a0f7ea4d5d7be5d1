"""What the engine process drives: takes questions, works on many at once, tells who is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from engine.errors import GenerationError, ModelLoadError, OutOfMemory
from engine.generation import FinishReason, Generation, GenerationRequest
from engine.models.catalog import ModelEntry, Quantisation
from engine.prompt import FittedPrompt, answer_tokens
from engine.worker.huggingface import HuggingFaceModel
from engine.worker.loading import free_memory, is_out_of_memory
from engine.worker.offload import Weights, give_back, require_room
from engine.worker.placement import free_for_slots, make_slots, suit_slots
from engine.worker.watch import Nobody, Watcher

if TYPE_CHECKING:
    from engine.worker.batching.outcome import Outcome
    from engine.worker.batching.scheduler import Scheduler
    from engine.worker.batching.sequence import SequenceRequest


@dataclass(frozen=True, slots=True)
class Done:
    """A question's end."""

    id: str
    #: An error is of this question alone.
    result: Generation | Exception


@dataclass(slots=True)
class _Asked:
    request: GenerationRequest
    watcher: Watcher
    on_start: Callable[[], None]
    #: After memory ran out it is tried once more with half the context.
    halved: bool = False
    #: Its prompt and the tokens of that, once known.
    fitted: FittedPrompt | None = None
    prompt: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Flight:
    asked: _Asked
    started: float


class EngineCore:
    """One model at work. Not for several threads at once."""

    def __init__(self, model: HuggingFaceModel, *, max_batch: int) -> None:
        self._model = model
        self._max_batch = max_batch
        self._weights = Weights(model.network)
        self._slot_bytes = suit_slots(model)
        #: Empty where one question at a time is answered by plain `generate`, and while parked.
        self._schedulers: list[Scheduler] = []
        #: How many questions it works on at once, and the bytes that their slots take.
        self.num_slots = 1
        self.slots_bytes = 0
        self._waiting: deque[_Asked] = deque()
        self._flights: dict[str, _Flight] = {}
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
        batch = cls(model, max_batch=max_batch)
        hello = GenerationRequest(id="", question="Hello?", documents=(), max_new_tokens=2)
        batch.add(hello, Nobody(), lambda: None)
        while batch.is_busy:
            for done in batch.step():
                if isinstance(done.result, Exception):
                    raise done.result
        return batch

    def _allocate_slots(self) -> None:
        sizes = self._slot_bytes
        if sizes is not None:
            num_short, num_whole = sizes.share_out(free_for_slots(self._model), self._max_batch)
            self._schedulers = make_slots(self._model, num_short, num_whole)
            self.num_slots = num_short + num_whole
            self.slots_bytes = num_short * sizes.short + num_whole * sizes.whole

    def park(self) -> None:
        """Keep no more than the weights, and those in the machine's memory; nobody may wait.

        Raises ModelLoadError where that cannot be: the model is of no use then.
        """
        if self.on_gpu and self._model.entry.quantisation is Quantisation.INT8:
            raise ModelLoadError("A model in int8 cannot leave the GPU: parts of it would stay.")
        self._schedulers = []
        give_back()
        if self.on_gpu:
            self._weights.leave()
            give_back()
        require_room()

    def resume(self) -> None:
        """Get ready for questions after `park`. Raises ModelLoadError."""
        try:
            self._weights.come_back()
            self._allocate_slots()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        else:
            return
        raise ModelLoadError(f"There is no room any more for {self._model.entry.alias}.")

    @property
    def device(self) -> str:
        """For people."""
        return self._model.device

    @property
    def dtype(self) -> str:
        """For people."""
        return self._model.dtype

    @property
    def on_gpu(self) -> bool:
        """Whether it computes on a CUDA GPU."""
        return self._model.on_gpu

    @property
    def is_busy(self) -> bool:
        """Whether `step` has something to do."""
        return bool(self._waiting or self._flights)

    def add(
        self, request: GenerationRequest, watcher: Watcher, on_start: Callable[[], None]
    ) -> None:
        """Queue a question; `on_start` is called when its turn has come."""
        self._waiting.append(_Asked(request, watcher, on_start))

    def step(self) -> list[Done]:
        """Work for a moment; returns who is done."""
        done = self._drop()
        if not self._schedulers:
            return done + ([self._answer(self._waiting.popleft())] if self._waiting else [])
        while self._waiting:
            asked = self._waiting[0]
            try:
                if not self._hand_over(asked):
                    break
            except Exception as error:  # noqa: BLE001 - whatever a tokenizer raises at a text
                done.append(Done(asked.request.id, error))
            self._waiting.popleft()
        for scheduler in self._schedulers:
            for outcome in scheduler.step():
                done += self._conclude(self._flights.pop(outcome.request.id), outcome)
        return done

    def _drop(self) -> list[Done]:
        """A cancelled question leaves the queue at once."""
        gone = [asked for asked in self._waiting if asked.watcher.is_cancelled()]
        if gone:
            self._waiting = deque(asked for asked in self._waiting if asked not in gone)
        return [Done(asked.request.id, self._nothing()) for asked in gone]

    def _nothing(self) -> Generation:
        return Generation(
            text="",
            finish_reason=FinishReason.CANCELLED,
            prompt_tokens=0,
            completion_tokens=0,
            document_ids=(),
            model=self._model.entry.alias,
            first_token_s=0.0,
            total_s=0.0,
        )

    def _answer(self, asked: _Asked) -> Done:
        """Without slots: one question from beginning to end."""
        asked.on_start()
        try:
            return Done(asked.request.id, self._model.generate(asked.request, asked.watcher))
        except GenerationError as error:  # of this question alone, on a GPU as well
            return Done(asked.request.id, error)
        except Exception as error:
            if self._model.on_gpu:
                raise
            return Done(asked.request.id, error)

    def _hand_over(self, asked: _Asked) -> bool:
        """Give it the shortest slot that holds it; False while none is free: nobody overtakes."""
        if not any(scheduler.wants_more for scheduler in self._schedulers):
            return False
        started = monotonic()
        request = self._slot_request(asked, started)
        longest = self._schedulers[-1]  # it tells what is wrong with one that nothing holds
        for scheduler in self._schedulers:
            if scheduler.wants_more and (scheduler.holds(request) or scheduler is longest):
                break
        else:
            return False
        if not asked.halved:
            asked.on_start()
        self._flights[request.id] = _Flight(asked, started)
        scheduler.add(request, asked.watcher)
        return True

    def _slot_request(self, asked: _Asked, started: float) -> SequenceRequest:
        from engine.worker.batching.sampling import Sampling
        from engine.worker.batching.sequence import SequenceRequest

        request, how = asked.request, self._model.entry.generation
        limit = answer_tokens(self._model.entry, request)
        if asked.fitted is None:
            room = self._model.entry.context_window - limit
            prompts = self._model.prompts
            asked.fitted = prompts.fit(request, room // 2 if asked.halved else room)
            asked.prompt = prompts.tokens(asked.fitted.prompt)
        return SequenceRequest(
            id=request.id,
            prompt=asked.prompt,
            max_new_tokens=limit,
            sampling=Sampling(
                temperature=how.temperature if how.do_sample else 0.0,
                top_k=how.top_k,
                top_p=how.top_p,
                repetition_penalty=how.repetition_penalty,
            ),
            stop=asked.fitted.stop,
            deadline=started + request.deadline_s,
        )

    def _conclude(self, flight: _Flight, outcome: Outcome) -> list[Done]:
        asked, ended = flight.asked, monotonic()
        if outcome.error is not None:
            if not is_out_of_memory(outcome.error):
                return [Done(asked.request.id, outcome.error)]
            free_memory()
            if asked.halved:
                return [Done(asked.request.id, OutOfMemory())]
            halved = _Asked(asked.request, asked.watcher, asked.on_start, halved=True)
            self._waiting.appendleft(halved)
            return []
        assert asked.fitted is not None
        generation = Generation(
            text=outcome.text,
            finish_reason=outcome.reason,
            prompt_tokens=len(outcome.request.prompt),
            completion_tokens=outcome.num_new_tokens,
            document_ids=asked.fitted.document_ids,
            model=self._model.entry.alias,
            first_token_s=(outcome.first_token_at or ended) - flight.started,
            total_s=ended - flight.started,
        )
        return [Done(asked.request.id, generation)]
