"""Follows one generation token by token: streams its text and says when it must end."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol

from engine.errors import NonFiniteLogits
from engine.protocol import FinishReason
from engine.worker.text_stream import TextStream


class Watcher(Protocol):
    """Who listens to one generation; called from the generating thread, after each token."""

    def on_start(self) -> None:
        """The turn of this request has come."""
        ...

    def on_piece(self, piece: str) -> None:
        """A new piece of text; empty for a token that does not show yet."""
        ...

    def is_cancelled(self) -> bool:
        """Whether the generation must end now."""
        ...


class NullWatcher:
    """Hears nothing and never cancels."""

    def on_start(self) -> None: ...

    def on_piece(self, piece: str) -> None: ...

    def is_cancelled(self) -> bool:
        return False


class Watch:
    """The stopping criterion of one generation; transformers calls it after each token."""

    def __init__(
        self,
        watcher: Watcher,
        stream: TextStream,
        *,
        decode: Callable[[list[int]], str],
        skip: int,
        deadline: float,
        streams: bool,
    ) -> None:
        self.stream = stream
        #: Ids at the beginning of each beam that are not part of the answer.
        self.skip = skip
        #: Set when the generation was ended from outside or by the text itself.
        self.reason: FinishReason | None = None
        self.first_token_at: float | None = None
        self._watcher = watcher
        self._decode = decode
        self._deadline = deadline
        #: With beams the text may still change, so nothing is shown before the end.
        self._streams = streams

    def __call__(self, input_ids: Any, scores: object, **_: object) -> Any:
        """Take the ids so far ([beams, tokens]); returns a flag for each beam, [beams]: end now."""
        now = monotonic()
        if self.first_token_at is None:
            self.first_token_at = now
        piece = ""
        if self._streams:
            piece = self.stream.feed(self._decode(input_ids[0, self.skip :].tolist()))
        self._watcher.on_piece(piece)
        if self.stream.stopped:
            self.reason = FinishReason.STOP
        elif self._watcher.is_cancelled():
            self.reason = FinishReason.CANCELLED
        elif now >= self._deadline:
            self.reason = FinishReason.DEADLINE
        return input_ids.new_full((input_ids.shape[0],), int(self.reason is not None)).bool()

    def finish(self, new_tokens: list[int]) -> None:
        """The generation is over: show what was held back."""
        piece = self.stream.feed(self._decode(new_tokens)) + self.stream.finish()
        if self.stream.stopped and self.reason is None:  # with beams it is looked at only now
            self.reason = FinishReason.STOP
        if piece:
            self._watcher.on_piece(piece)


def require_finite_logits(_: Any, scores: Any) -> Any:
    """A logits processor. Raises NonFiniteLogits: the largest of them would be taken in silence."""
    if not bool(scores.max(-1).values.isfinite().all()):
        raise NonFiniteLogits
    return scores
