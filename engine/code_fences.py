"""Finds code in Markdown: the fences of its blocks, line by line, also in quotations and lists, and
indented blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

_OPENING = re.compile(
    r"(?P<before>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)(?P<mark>`{3,}(?=[^`\n]*$)|~{3,})",
    re.MULTILINE,
)
#: Code in a chat message, where people set three ticks anywhere in a line.
CODE_IN_CHAT = r"```.*?(?:```|\Z)|`[^`\n]*`"
_ITEM = re.compile(r"[ ]*(?:[-*+]|\d{1,9}[.)])[ ]+(?=\S)")
#: Columns to the right of the text around it.
_INDENT = 4


@dataclass(frozen=True, slots=True)
class Fence:
    #: Its ticks or tildes.
    mark: str
    #: What the lines of its block begin with: the quotation or the list item it stands in.
    indent: str

    @property
    def closing(self) -> str:
        return self.indent + self.mark

    def is_closed_by(self, line: str) -> bool:
        inner = line.strip("> \t\n")
        return inner.startswith(self.mark) and not inner.strip(self.mark[0])


def opening_fence(line: str) -> Fence | None:
    """The fence that `line` opens; None where it opens none."""
    match = _OPENING.match(line)
    if match is None:
        return None
    return Fence(match["mark"], "".join(c if c in " \t>" else " " for c in match["before"]))


def open_fence(text: str) -> Fence | None:
    """The fence that is open at the end of `text`."""
    fence: Fence | None = None
    for line in text.split("\n"):
        if fence is None:
            fence = opening_fence(line)
        elif fence.is_closed_by(line):
            fence = None
    return fence


def split_code(text: str) -> Iterator[tuple[str, bool]]:
    """The stretches of `text`, each with whether it is a fenced block; together they are `text`."""
    stretch = ""
    fence: Fence | None = None
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        if fence is not None:
            stretch += line
            if fence.is_closed_by(line):
                yield stretch, True
                stretch, fence = "", None
            continue
        fence = opening_fence(line)
        if fence is not None and stretch:
            yield stretch, False
            stretch = ""
        stretch += line
    if stretch:
        yield stretch, fence is not None


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
