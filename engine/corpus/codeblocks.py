"""Finds the code blocks of a Markdown text: between fences, and indented ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from engine.code_fences import Fence, opening_fence

_ITEM = re.compile(r"[ ]*(?:[-*+]|\d{1,9}[.)])[ ]+(?=\S)")
#: Columns to the right of the text around it.
_INDENT = 4


def code_blocks(lines: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The text in stretches of lines, each with whether it is code."""
    marked = zip(lines, _are_code(lines), strict=True)
    for is_code, group in groupby(marked, key=lambda pair: pair[1]):
        yield "\n".join(line for line, _ in group), is_code


def _are_code(lines: Sequence[str]) -> Iterator[bool]:
    fence: Fence | None = None
    #: Where the text of each open list item begins.
    columns: list[int] = []
    after_blank, in_code = True, False
    for line in lines:
        if fence is not None:
            if fence.is_closed_by(line):
                fence = None
            yield True
            continue
        fence = opening_fence(line)
        if fence is not None:
            after_blank = in_code = False
            yield True
            continue
        if not line.strip():
            after_blank = True
            yield False
            continue
        wide = line.expandtabs(_INDENT)
        indent = len(wide) - len(wide.lstrip())
        item = _ITEM.match(wide)
        while columns and indent < columns[-1] and (after_blank or item):
            columns.pop()
        in_code = (after_blank or in_code) and indent >= (columns or [0])[-1] + _INDENT
        if item and not in_code:
            columns.append(len(item[0]))
        after_blank = False
        yield in_code
