"""Samples next tokens: greedy for all sequences at once, by chance for one with its own params."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.errors import NonFiniteLogits
from engine.worker.batching.sampling_params import SamplingParams


class Sampler:
    """Samples the tokens of one sequence; keeps its random generator."""

    def __init__(self, params: SamplingParams) -> None:
        self._params = params
        self._generator = torch.Generator()
        if params.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(params.seed)

    def sample(self, logits: torch.Tensor, context: Sequence[int]) -> int:
        """The next token from its logits, [vocabulary], after the tokens of `context`.

        Raises NonFiniteLogits where the logits give no probabilities to draw by.
        """
        params = self._params
        scores = logits.float().cpu()
        if params.repetition_penalty != 1.0:
            seen = torch.tensor(sorted(set(context)))
            old = scores[seen]
            factor = params.repetition_penalty
            scores = scores.index_copy(0, seen, torch.where(old < 0, old * factor, old / factor))
        if params.is_greedy:
            return int(scores.argmax())
        return self._draw(scores / params.temperature)

    def _draw(self, scores: torch.Tensor) -> int:
        params = self._params
        if 0 < params.top_k < scores.shape[0]:
            least = scores.topk(params.top_k).values[-1]
            scores = scores.masked_fill(scores < least, float("-inf"))
        if params.top_p < 1.0:
            ordered, order = scores.sort()
            surplus = ordered.softmax(-1).cumsum(-1) <= 1 - params.top_p
            surplus[-1] = False  # one is always left
            scores = scores.index_fill(0, order[surplus], float("-inf"))
        probabilities = scores.softmax(-1)
        if not bool(probabilities.isfinite().all()):
            raise NonFiniteLogits
        return int(torch.multinomial(probabilities, 1, generator=self._generator))


def greedy(logits: torch.Tensor) -> list[int]:
    """The most probable token for each of [N, vocabulary]; -1 where its logit is not finite."""
    best, tokens = logits.max(-1)
    return torch.where(best.isfinite(), tokens, -1).tolist()
