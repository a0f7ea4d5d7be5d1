"""Shortens a Markdown text at the borders of its paragraphs and sentences, never inside code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.code_fences import open_fence, split_code

#: More than this is never looked at: the longest window holds less.
MAX_CHARS = 200_000

#: A sentence ends at its mark and the white space after it, or at a line's end.
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece that is kept or dropped whole, with the white space before it."""

    text: str
    before: str
    is_code: bool = False


def balanced(text: str) -> str:
    """`text` with a code block that was never closed closed at its end."""
    fence = open_fence(text)
    return text if fence is None else f"{text.rstrip()}\n{fence.closing}"


def longest_excerpt(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning of `text` that fits, in whole sentences and whole code blocks.

    A code block that does not fit even alone is left out. When not even one sentence fits, whole
    words of the first one; empty when there is nothing to keep.
    """
    units = [unit for unit in _units(text[:MAX_CHARS]) if not unit.is_code or fits(unit.text)]
    kept = _longest_prefix(units, fits)
    if kept:
        return kept
    first = next((unit for unit in units if not unit.is_code), None)
    return "" if first is None else _words(first.text, fits)


def whole_words(text: str, fits: Callable[[str], bool]) -> str:
    """`text`, or its longest beginning in whole words that fits."""
    return text if fits(text) else _words(text, fits)


def _words(text: str, fits: Callable[[str], bool]) -> str:
    return _longest_prefix([_Unit(word, " ") for word in text.split()], fits)


def _longest_prefix(units: list[_Unit], fits: Callable[[str], bool]) -> str:
    low, high = 0, len(units)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(_join(units[:middle])):
            low = middle
        else:
            high = middle - 1
    return _join(units[:low])


def _join(units: list[_Unit]) -> str:
    return "".join(unit.before + unit.text for unit in units).strip()


def _units(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    for stretch, is_code in split_code(text):
        if is_code:
            units.append(_Unit(balanced(stretch.removesuffix("\n")), "\n", is_code=True))
        else:
            units += _sentences(stretch)
    return units


def _sentences(prose: str) -> list[_Unit]:
    units: list[_Unit] = []
    before, start = "\n", 0
    for match in _SENTENCE_END.finditer(prose):
        if prose[start : match.start()].strip():
            units.append(_Unit(prose[start : match.start()], before))
        before, start = match[0], match.end()
    if prose[start:].strip():
        units.append(_Unit(prose[start:], before))
    return units
