"""The pieces of a Markdown answer, and how the kept ones are put together again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class UnitKind(StrEnum):
    """What a unit is; an item or paragraph of several sentences is several units."""

    SENTENCE = "sentence"
    ITEM = "item"
    ROW = "row"
    #: First row of a table, and the line of dashes under it.
    TABLE_HEAD = "table_head"
    #: A whole fenced block, fences included.
    CODE = "code"
    HEADING = "heading"
    #: A horizontal rule.
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The smallest piece of an answer that is kept or dropped as a whole."""

    kind: UnitKind
    #: Without marker and surrounding white space.
    text: str
    #: What the block starts with: indentation, `> `, `- `, `2. `, `## `.
    marker: str = ""
    #: White space before the block.
    opening: str = ""
    #: White space (and `>` of a new line) between this unit and the one before in its block;
    #: None when it is the first of its block.
    gap: str | None = None
    #: Number of the block (paragraph, item, row…) it belongs to.
    block: int = 0


class Joiner:
    """Puts kept units together; knows what was left out between them."""

    def __init__(self) -> None:
        self._block = 0
        self._skipped_opening = ""
        self._removed: dict[int, int] = {}
        self._seen: tuple[int, str] = (0, "")

    def add(self, unit: Unit) -> str:
        """The Markdown that `unit` adds."""
        self._count(unit)
        if unit.block == self._block:
            return (unit.gap or "") + unit.text
        opening = max(self._skipped_opening, unit.opening, key=lambda s: s.count("\n"))
        self._block, self._skipped_opening = unit.block, ""
        return opening + self._renumbered(unit) + unit.text

    def skip(self, unit: Unit) -> None:
        self._count(unit)
        if unit.block != self._block and unit.gap is None:
            self._skipped_opening = max(
                self._skipped_opening, unit.opening, key=lambda s: s.count("\n")
            )

    def _count(self, unit: Unit) -> None:
        """Count the numbered items that were left out whole, by indentation."""
        block, marker = self._seen
        if block and unit.block != block and block != self._block and marker.strip()[:1].isdigit():
            indent = _indent(marker)
            self._removed[indent] = self._removed.get(indent, 0) + 1
        if unit.block != block:
            if not unit.marker:
                self._removed.clear()
            else:
                deeper = [indent for indent in self._removed if indent > _indent(unit.marker)]
                for indent in deeper:
                    del self._removed[indent]
        self._seen = (unit.block, unit.marker)

    def _renumbered(self, unit: Unit) -> str:
        removed = self._removed.get(_indent(unit.marker), 0)
        if not removed:
            return unit.marker
        return re.sub(
            r"\d+", lambda number: str(max(1, int(number[0]) - removed)), unit.marker, count=1
        )


def _indent(marker: str) -> int:
    return len(marker) - len(marker.lstrip())
