"""How one request picks its tokens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingParams:
    """The fields mean what they mean in transformers."""

    #: 0 (or less) takes the most probable token, as does any sampling with top_k = 1.
    temperature: float = 0.0
    #: 0 does not limit.
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    #: The same seed gives the same text, whatever runs beside it.
    seed: int | None = None

    @property
    def is_greedy(self) -> bool:
        """Whether nothing is left to chance."""
        return not self.temperature > 0

    @property
    def is_plain(self) -> bool:
        """Whether the largest logit decides."""
        return self.is_greedy and self.repetition_penalty == 1.0
