"""Makes headings and paragraphs of the lines of a PDF, which knows neither."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from engine.corpus.formats.outline import Kind, Paragraph
from engine.corpus.formats.questions import answers_by_label, asks, labelled

#: Larger than the text by this much is meant.
_LARGER = 1.08
#: Lines of one paragraph are no further apart, in multiples of the usual distance.
_SAME_PARAGRAPH = 1.35
_PAGE_NUMBER = re.compile(
    r"(?i)[-–—|•\s]*(?:(?:page|seite|página|p\.|стр\.?)\s*)?\d{1,4}"
    r"(?:\s*(?:/|of|von|de|из)\s*\d{1,4})?[-–—|•\s]*"
)
_BULLET = re.compile(r"[•◦▪▸‣●○■□➢✓\uf0b7\uf0a7·]\s*|[-–*]\s+|o\s+(?=[A-Z])")
_NUMBERED = re.compile(r"\d{1,3}[.)]\s+|[a-z]\)\s+")
#: The mark of an item that was drawn apart from its text.
_MARK_ONLY = re.compile(r"\s*(?:[•◦▪▸‣●○■□\uf0b7\uf0a7·*–-]|\d{1,3}[.)])\s*")
_SENTENCE_END = re.compile(r"[.!?:…。！？]['\"”»)]*$")
_ASKS = re.compile(r"[?？؟]['\"”»)]*\s*$")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
_LONGEST_HEADING = 300
#: Lines at the top and at the bottom of a page where its furniture stands.
_EDGE = 3
_MOST_LEVELS = 5


@dataclass(slots=True, kw_only=True)
class Line:
    """One line as it stands on a page; sizes and places in points, from the lower left."""

    page: int
    x: float
    y: float
    size: float
    text: str = ""
    num_bold: int = 0
    num_code: int = 0

    def add(self, text: str, size: float, *, is_bold: bool, is_code: bool) -> None:
        self.text += text
        visible = len(text.strip())
        self.size = max(self.size, size) if visible else self.size
        self.num_bold += visible * is_bold
        self.num_code += visible * is_code

    @property
    def is_bold(self) -> bool:
        return self.num_bold >= len(self.text.strip().replace(" ", "")) > 0

    @property
    def is_code(self) -> bool:
        return self.num_code * 2 > len(self.text.strip())


def paragraphs_of(lines: Sequence[Line], bookmarks: Mapping[str, int]) -> Iterator[Paragraph]:
    """Headings by size, weight and bookmark; the anchor of each is its page."""
    lines = [line for line in lines if line.text.strip() and not _MARK_ONLY.fullmatch(line.text)]
    kept = list(_without_furniture(lines))
    layout = _Layout(kept, bookmarks)
    for (level, kind, _), group in groupby(layout.blocks(), key=lambda block: block.key):
        for block in group:
            text = block.text()
            if kind is Kind.HEADING:
                yield Paragraph(
                    kind=kind, text=text, level=level, anchor=f"page={block.lines[0].page}"
                )
            else:
                yield Paragraph(kind=kind, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Lines that belong together."""

    kind: Kind
    level: int
    lines: list[Line]

    @property
    def key(self) -> tuple[int, Kind, int]:
        return self.level, self.kind, id(self)

    def text(self) -> str:
        if self.kind is Kind.CODE:
            left = min(line.x for line in self.lines)
            width = max(line.size for line in self.lines) * 0.6 or 1.0
            return "\n".join(
                " " * round((line.x - left) / width) + line.text.rstrip() for line in self.lines
            )
        joined = ""
        for line in self.lines:
            text = " ".join(line.text.split())
            if _HYPHEN.search(joined) and text[:1].islower():
                joined = joined[:-1] + text
            else:
                joined = f"{joined} {text}" if joined else text
        joined = joined.replace("\u00ad", "")
        if self.kind is Kind.ITEM:
            return _BULLET.sub("- ", joined, count=1) if _BULLET.match(joined) else joined
        return joined


class _Layout:
    """What is usual in a document: the size of its text, and how far apart its lines are."""

    def __init__(self, lines: Sequence[Line], bookmarks: Mapping[str, int]) -> None:
        self._lines = lines
        sizes: Counter[float] = Counter()
        for line in lines:
            if not line.is_code:
                sizes[round(line.size, 1)] += len(line.text)
        self._body = sizes.most_common(1)[0][0] if sizes else 0.0
        larger = sorted((size for size in sizes if size > self._body * _LARGER), reverse=True)
        self._levels = {size: min(n, _MOST_LEVELS) for n, size in enumerate(larger, start=1)}
        text = [line for line in lines if round(line.size, 1) == self._body]
        # In a document that is all bold, bold says nothing.
        num_bold = sum(len(line.text) for line in text if line.is_bold)
        self._bold_stands_out = num_bold * 2 < sum(len(line.text) for line in text)
        named = {_folded(line.text) for line in lines}
        self._bookmarks = {title: depth for title, depth in bookmarks.items() if title in named}
        gaps = Counter(
            round(above.y - below.y)
            for above, below in pairwise(text)
            if above.page == below.page and 0 < above.y - below.y < self._body * 3
        )
        # The smallest distance that is common: within paragraphs, not between them.
        common = [gap for gap, number in gaps.items() if number * 5 >= max(gaps.values())]
        self._leading = min(*common, self._body * 1.6) if common else self._body * 1.2
        self._right = max((len(line.text) for line in text), default=0)

    def blocks(self) -> Iterator[_Block]:
        block: _Block | None = None
        for line in self._lines:
            level = self._level(line)
            kind = self._kind(line, level)
            if block and self._goes_on(block, line, kind, level):
                block.lines.append(line)
                continue
            if block:
                yield block
            block = _Block(kind=kind, level=level, lines=[line])
        if block:
            yield block

    def _level(self, line: Line) -> int:
        text = line.text.strip()
        if depth := self._bookmarks.get(_folded(text)):
            return depth
        if line.is_code or len(text) > _LONGEST_HEADING or not re.search(r"[^\W\d_]", text):
            return 0
        if level := self._levels.get(round(line.size, 1)):
            return level
        is_title = asks(text) or not _SENTENCE_END.search(text)
        if line.is_bold and self._bold_stands_out and is_title and line.size > self._body * 0.9:
            return min(len(self._levels) + 1, _MOST_LEVELS + 1)
        return 0

    def _kind(self, line: Line, level: int) -> Kind:
        if level:
            return Kind.HEADING
        if line.is_code:
            return Kind.CODE
        text = line.text.strip()
        is_item = _BULLET.match(text) or _NUMBERED.match(text)
        return Kind.ITEM if is_item else Kind.TEXT

    def _goes_on(self, block: _Block, line: Line, kind: Kind, level: int) -> bool:
        """Whether a line belongs to the lines before it."""
        last = block.lines[-1]
        if kind is Kind.HEADING or block.kind is Kind.HEADING:
            is_close = last.page == line.page and 0 < last.y - line.y < line.size * 1.4
            return (
                kind is block.kind
                and level == block.level
                and is_close
                and not _ASKS.search(last.text)
            )
        if kind is Kind.CODE or block.kind is Kind.CODE:
            return kind is block.kind
        if kind is Kind.ITEM:
            return False
        ended = _SENTENCE_END.search(last.text.strip()) is not None
        if last.page != line.page or line.y > last.y:
            return not ended
        text = line.text.strip()
        if last.is_bold != line.is_bold or labelled(text) or answers_by_label(text):
            return False
        if last.y - line.y > self._leading * _SAME_PARAGRAPH:
            is_double_spaced = last.y - line.y < self._body * 2.6
            return is_double_spaced and not ended and text[:1].islower()
        if ended and _ASKS.search(text):
            return False
        if block.kind is Kind.ITEM and line.x < block.lines[0].x - 1:
            return False
        is_short = len(last.text.strip()) < self._right * 0.6
        return not (ended and is_short) and not _ASKS.search(last.text)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _without_furniture(lines: Sequence[Line]) -> Iterator[Line]:
    """Without the headers, footers and numbers of pages."""
    pages = [list(group) for _, group in groupby(lines, key=lambda line: line.page)]
    edges = [_edges(page) for page in pages]
    counted = Counter(place for edge in edges for place in set(edge.values()))
    enough = max(2, len(pages) * 0.5)
    for page, edge in zip(pages, edges, strict=True):
        for line in page:
            place = edge.get(id(line))
            is_number = place and place[2] and _PAGE_NUMBER.fullmatch(line.text.strip())
            if not is_number and (place is None or counted[place] < enough):
                yield line


def _edges(page: list[Line]) -> dict[int, tuple[str, int, bool]]:
    """The first and last lines of a page: what each says, where, and whether it is outermost.

    Numbers do not matter in the outermost, which may count the pages.
    """
    ordered = sorted(page, key=lambda line: -line.y)
    near = ordered if len(ordered) <= 2 * _EDGE else [*ordered[:_EDGE], *ordered[-_EDGE:]]
    places = {}
    for line in near:
        is_outermost = line.y in (ordered[0].y, ordered[-1].y)
        text = _folded(line.text)
        text = re.sub(r"\d+", "#", text) if is_outermost else text
        places[id(line)] = (text, round(line.y / 4), is_outermost)
    return places
