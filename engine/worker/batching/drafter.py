"""Guesses the next tokens of a sequence by looking where its last ones stood before."""

from __future__ import annotations

#: Tokens in a row that must have stood together before.
_LENGTH = 3
#: A guess is at most this long; on the CPU a pass over 8 tokens costs little more than over one.
MAX_DRAFT = 7
#: Below this share of right tokens guessing pauses …
_LEAST_SHARE = 0.3
#: … for so many tokens.
_PAUSE = 24


class Drafter:
    """The guesses for one sequence. An answer from an FAQ often copies what the prompt holds."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        #: Position after the newest occurrence of each run of tokens, and after the one before.
        self._after: dict[tuple[int, ...], int] = {}
        self._share = 0.6
        self._paused = 0

    def feed(self, tokens: list[int]) -> None:
        """Take the next tokens of the sequence."""
        for token in tokens:
            # The run that ends before this token: what came after it is known now.
            if len(self._tokens) >= _LENGTH:
                self._after[tuple(self._tokens[-_LENGTH:])] = len(self._tokens)
            self._tokens.append(token)
        self._paused = max(0, self._paused - len(tokens))

    def draft(self, most: int) -> list[int]:
        """What may come next, at most `most` tokens; often nothing."""
        if self._paused or most < 1 or len(self._tokens) < _LENGTH:
            return []
        at = self._after.get(tuple(self._tokens[-_LENGTH:]))
        if at is None:
            return []
        length = max(1, round(MAX_DRAFT * self._share))
        return self._tokens[at : at + min(length, most)]

    def learn(self, num_drafted: int, num_right: int) -> None:
        """How good the last guess was."""
        if num_drafted:
            self._share += 0.4 * (num_right / num_drafted - self._share)
            if self._share < _LEAST_SHARE:
                self._paused, self._share = _PAUSE, 0.5
