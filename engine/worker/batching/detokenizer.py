"""Turns the tokens of one answer into text as they come, without decoding all of them anew."""

from __future__ import annotations

from collections.abc import Callable

from engine.worker.text_stream import INCOMPLETE

#: A token may change how the ones just before it are shown (a space, half a character).
_CONTEXT = 6
#: Longer than any character in bytes: an invalid byte must not hold up the text for good.
_MAX_WAITING = 16


class Detokenizer:
    """The text of a growing list of tokens."""

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        #: The text of the tokens before `_settled` is final.
        self._settled = 0
        self._text = ""
        self._pending = ""

    @property
    def text(self) -> str:
        """All text, the end of it perhaps with an incomplete character."""
        return self._text + self._pending

    def feed(self, token: int) -> str:
        """Take the next token; returns the whole text."""
        self._tokens.append(token)
        context = self._tokens[max(0, self._settled - _CONTEXT) : self._settled]
        before = self._decode(context) if context else ""
        after = self._decode(context + self._tokens[self._settled :])
        self._pending = after[len(before) :]
        waiting = len(self._tokens) - self._settled
        if not self._pending.endswith(INCOMPLETE) or waiting > _MAX_WAITING:
            self._text += self._pending
            self._pending = ""
            self._settled = len(self._tokens)
        return self.text
