"""How a request to the slots ended."""

from __future__ import annotations

from dataclasses import dataclass

from engine.generation import FinishReason
from engine.worker.batching.sequence import SequenceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one request ended."""

    request: SequenceRequest
    text: str
    reason: FinishReason
    num_new_tokens: int
    #: Times of `monotonic`; None when it did not come so far.
    started_at: float | None
    first_token_at: float | None
    #: Why there is no text, when there is none.
    error: Exception | None = None

    @classmethod
    def without_text(
        cls, request: SequenceRequest, reason: FinishReason, error: Exception | None = None
    ) -> Outcome:
        """That of a request which never got a slot."""
        return cls(
            request=request,
            text="",
            reason=reason,
            num_new_tokens=0,
            started_at=None,
            first_token_at=None,
            error=error,
        )
