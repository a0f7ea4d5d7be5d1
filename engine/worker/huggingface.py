"""A model of transformers, and its own way to write one answer after the other."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any

from engine.errors import GenerationError, OutOfMemory
from engine.models.catalog import GenerationDefaults, ModelEntry, Quantisation, Task
from engine.prompt import FittedPrompt, answer_tokens
from engine.protocol import FinishReason, Generation, GenerationRequest
from engine.worker.loading import LoadedModel, free_memory, is_out_of_memory, load_model
from engine.worker.prompt_builder import PromptBuilder
from engine.worker.text_stream import TextStream
from engine.worker.watch import Watch, Watcher, require_finite_logits


class HuggingFaceModel:
    """One loaded model. Not for several threads at once."""

    def __init__(self, entry: ModelEntry, loaded: LoadedModel) -> None:
        self.entry = entry
        #: The object of transformers.
        self.network = loaded.model
        self._tokenizer = loaded.tokenizer
        self.prompts = PromptBuilder(entry, loaded.tokenizer)
        #: For people.
        self.device = loaded.device
        self.dtype = loaded.dtype
        #: Whether it computes on a CUDA GPU.
        self.on_gpu = loaded.on_gpu
        #: Whether its steps are recorded as CUDA graphs.
        self.has_graphs = loaded.on_gpu and entry.quantisation is Quantisation.NONE

    @classmethod
    def load(cls, entry: ModelEntry, path: Path, *, device: str) -> HuggingFaceModel:
        """Load the weights in `path`. Raises ModelLoadError with a sentence."""
        return cls(entry, load_model(entry, path, device=device))

    @property
    def eos_token_ids(self) -> list[int]:
        """Tokens that end a text."""
        eos = self.network.generation_config.eos_token_id
        return [] if eos is None else eos if isinstance(eos, list) else [eos]

    def generate(self, request: GenerationRequest, watcher: Watcher) -> Generation:
        """Write the answer for `request`, telling `watcher` of each token.

        Raises OutOfMemory after a second try with half the context. Any other error comes out
        as it is: on a GPU it means that the process must end.
        """
        started = monotonic()
        limit = answer_tokens(self.entry, request)
        budget = self.prompts.budget(request)
        num_shown = 0
        for num_tokens in (budget, budget // 2):
            fitted = self.prompts.fit(request, num_tokens)
            stream = TextStream(fitted.stop, num_shown=num_shown)
            try:
                return self._run(request, fitted, limit, started, watcher, stream)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            num_shown = stream.num_shown
            # Out here the traceback, which holds the tensors, is gone.
            free_memory()
        raise OutOfMemory

    def _run(
        self,
        request: GenerationRequest,
        fitted: FittedPrompt,
        limit: int,
        started: float,
        watcher: Watcher,
        stream: TextStream,
    ) -> Generation:
        prompt = self.prompts.tokens(fitted.prompt)
        watch = Watch(
            watcher,
            stream,
            decode=self.decode,
            # A decoder-only model repeats the prompt, the other kind begins with one mark.
            skip=len(prompt) if self.entry.task is Task.CAUSAL else 1,
            deadline=started + request.deadline_s,
            streams=self.entry.generation.num_beams == 1,
        )
        new_tokens = self._write(prompt, watch, limit)
        watch.finish(new_tokens)
        cut_off = len(new_tokens) >= limit and new_tokens[-1] not in self.eos_token_ids
        ended = monotonic()
        return Generation(
            text=watch.stream.text.strip(),
            finish_reason=watch.reason or (FinishReason.LENGTH if cut_off else FinishReason.STOP),
            prompt_tokens=len(prompt),
            completion_tokens=len(new_tokens),
            document_ids=fitted.document_ids,
            model=self.entry.alias,
            first_token_s=(watch.first_token_at or ended) - started,
            total_s=ended - started,
        )

    def _write(self, prompt: list[int], watch: Watch, limit: int) -> list[int]:
        """The tokens after the prompt."""
        import torch

        input_ids = torch.tensor([prompt], device=self.network.device)
        with torch.inference_mode():
            output = self.network.generate(
                input_ids,
                attention_mask=torch.ones_like(input_ids),
                stopping_criteria=[watch],
                logits_processor=[require_finite_logits],
                **_arguments(self.entry.generation, limit),
            )
        new_tokens: list[int] = output[0, watch.skip :].tolist()
        return new_tokens

    def is_broken_by(self, error: Exception) -> bool:
        """Whether the GPU may be broken: after an unknown error nothing there is sure."""
        expected = isinstance(error, GenerationError | ValueError) or is_out_of_memory(error)
        return self.on_gpu and not expected

    def decode(self, tokens: list[int]) -> str:
        """The text of `tokens`."""
        text: str = self._tokenizer.decode(
            tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


def _arguments(defaults: GenerationDefaults, limit: int) -> dict[str, Any]:
    # Without sampling the three stay unset: transformers warns of what it will not use.
    sampling = defaults.do_sample
    return {
        "max_new_tokens": limit,
        "num_beams": defaults.num_beams,
        "do_sample": sampling,
        "repetition_penalty": defaults.repetition_penalty,
        "temperature": defaults.temperature if sampling else None,
        "top_k": defaults.top_k if sampling else None,
        "top_p": defaults.top_p if sampling else None,
    }
