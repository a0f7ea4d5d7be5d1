"""Chooses next tokens: greedy for all rows at once, by chance for a row with its own settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from engine.errors import BrokenNumbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How one request picks its tokens; the fields mean what they mean in transformers."""

    #: 0 (or less) takes the most probable token, as does any sampling with top_k = 1.
    temperature: float = 0.0
    #: 0 does not limit.
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    #: The same seed gives the same text, whoever runs beside it.
    seed: int | None = None

    @property
    def is_greedy(self) -> bool:
        """Whether nothing is left to chance."""
        return not self.temperature > 0

    @property
    def is_plain(self) -> bool:
        """Whether the largest logit decides."""
        return self.is_greedy and self.repetition_penalty == 1.0


class Chooser:
    """Picks the tokens of one row; keeps its source of chance."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._chance = torch.Generator()
        if sampling.seed is None:
            self._chance.seed()
        else:
            self._chance.manual_seed(sampling.seed)

    @property
    def is_plain(self) -> bool:
        """Whether `greedy` has the answer already."""
        return self._sampling.is_plain

    def choose(self, logits: torch.Tensor, context: Sequence[int]) -> int:
        """The next token from its logits, [vocabulary], after the tokens of `context`."""
        sampling = self._sampling
        scores = logits.float().cpu()
        if sampling.repetition_penalty != 1.0:
            seen = torch.tensor(sorted(set(context)))
            old = scores[seen]
            factor = sampling.repetition_penalty
            scores = scores.index_copy(0, seen, torch.where(old < 0, old * factor, old / factor))
        if sampling.is_greedy:
            return int(scores.argmax())
        return self._draw(scores / sampling.temperature)

    def _draw(self, scores: torch.Tensor) -> int:
        sampling = self._sampling
        if 0 < sampling.top_k < scores.shape[0]:
            least = scores.topk(sampling.top_k).values[-1]
            scores = scores.masked_fill(scores < least, float("-inf"))
        if sampling.top_p < 1.0:
            ordered, order = scores.sort()
            surplus = ordered.softmax(-1).cumsum(-1) <= 1 - sampling.top_p
            surplus[-1] = False  # one is always left
            scores = scores.index_fill(0, order[surplus], float("-inf"))
        probabilities = scores.softmax(-1)
        if not bool(probabilities.isfinite().all()):
            raise BrokenNumbers
        return int(torch.multinomial(probabilities, 1, generator=self._chance))


def greedy(logits: torch.Tensor) -> list[int]:
    """The most probable token of each row of [rows, vocabulary]; -1 where a row is broken."""
    best, tokens = logits.max(-1)
    return torch.where(best.isfinite(), tokens, -1).tolist()
