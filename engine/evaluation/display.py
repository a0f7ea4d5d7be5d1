"""Shows a measurement in a terminal: how far it is, and its figures in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TextIO

#: Seconds between two looks: at a line that is rewritten, and at lines below each other.
REWRITE_S, LINE_S = 0.1, 3.0


class Progress:
    """`120 of 400`: rewritten in place in a terminal, elsewhere a line every few seconds."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._in_place = stream.isatty()
        self._shown_at: float | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._in_place and self._shown_at is not None:
            print(file=self._stream, flush=True)

    def show(self, done: int, total: int) -> None:
        now = self._clock()
        every_s = REWRITE_S if self._in_place else LINE_S
        is_due = self._shown_at is None or now - self._shown_at >= every_s
        if not is_due and done < total:
            return
        self._shown_at = now
        line = f"{done} of {total}"
        if self._in_place:
            print(f"\r{line}", end="", file=self._stream, flush=True)
        else:
            print(line, file=self._stream, flush=True)


def in_columns(rows: Sequence[Sequence[str]], *, num_names: int) -> str:
    """The rows under each other; the first `num_names` columns are names, the others figures."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if column < num_names else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
