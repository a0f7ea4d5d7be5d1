"""Turns the growing text of a generation into pieces that will not have to be taken back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.worker.repetition import Repetition

#: What a decoder shows for the first bytes of a character whose last are still to come.
INCOMPLETE = "\ufffd"
#: How a thought begins, and thoughts: one at the beginning that has no end hides all that follows.
_THINK = "<think>"
_THOUGHTS = re.compile(r"\A\s*<think>.*?(?:</think>\s*|\Z)|<think>.*?</think>\s*", re.DOTALL)


class TextStream:
    """Gives out new text as soon as it is certain, and ends it before a stop sequence, or where it
    repeats itself. What a model thinks aloud between marks is left out."""

    def __init__(self, stop: Sequence[str] = (), *, num_shown: int = 0) -> None:
        """`num_shown` characters were given out before the text began again from its beginning."""
        self._stop = tuple(stop)
        #: What the text is held back before: it may turn out to be no part of it.
        self._held = (*self._stop, _THINK)
        self._repetition = Repetition()
        self._text = ""
        #: Characters that were given out.
        self.num_shown = num_shown
        #: Whether the text ended so; it is final then.
        self.stopped = False

    @property
    def text(self) -> str:
        """All text so far, the held-back end included, without a stop sequence."""
        return self._text

    def feed(self, text: str) -> str:
        """Take the whole text so far; returns what is new and certain."""
        if self.stopped:
            return ""
        text = _THOUGHTS.sub("", text)
        at = min((i for i in (text.find(stop) for stop in self._stop) if i >= 0), default=-1)
        certain = at if at >= 0 else self._certain(text)
        repeats = self._repetition.find(text, certain)
        self.stopped = at >= 0 or repeats is not None
        if self.stopped:
            certain = certain if repeats is None else repeats
            text = text[:certain]
        self._text = text
        return self._show(certain)

    def finish(self) -> str:
        """The generation is over; returns what was held back."""
        return self._show(len(self._text))

    def _show(self, end: int) -> str:
        piece = self._text[self.num_shown : end]
        self.num_shown = max(self.num_shown, end)
        return piece

    def _certain(self, text: str) -> int:
        """Up to where the text can no longer change: not into what may become a stop sequence."""
        end = len(text.rstrip(INCOMPLETE))
        thought = text.find(_THINK)
        if thought >= 0:
            return min(thought, end)
        held = 0
        for stop in self._held:
            for length in range(1, min(len(stop), end + 1)):
                if text.endswith(stop[:length], 0, end):
                    held = max(held, length)
        certain = end - held
        return certain if text[:certain].strip() else 0
