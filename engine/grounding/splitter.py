"""Splits Markdown into units: sentences, list items, table rows, whole code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.code_fences import Fence, opening_fence
from engine.grounding.units import Unit, UnitKind

PREFIX = re.compile(
    r"[ \t]*(?:>[ \t]*)*(?P<list>[-*+•][ \t]+|\d{1,4}[.)][ \t]+)?(?(list)(?:\[[ xX]\][ \t]+)?)"
)
HEADING = re.compile(r"#{1,6}[ \t]+\S")
BOLD_LINE = re.compile(r"(\*\*|__)(?=\S)(?:(?!\1).)+\1:?[ \t]*$")
RULE = re.compile(r"(?:[-*_=][ \t]*){3,}$")
TABLE_DASHES = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*$")
#: The end of a sentence; what follows decides whether it is one.
STOP = re.compile(r"(?:(?<![.!?…])[.!?…]+[\"'”’»)\]*_]*(?=\s)|[。！？]+)")
ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|dr|mr|mrs|ms|prof|approx|ca|fig|resp|st|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|z\.b|d\.h|bzw)|\b[A-Z])\.$",
    re.IGNORECASE,
)
NUMERO = re.compile(r"\b(?:no|nr)\.$", re.IGNORECASE)
#: "30. November" is a day, no end.
ORDINAL = re.compile(r"\b\d{1,2}\.$")
#: Letters that tell a month.
MONTH_LETTERS = 3
MONTH = re.compile(
    r"(?:jan|feb|mär|mar|apr|mai|maj|jun|jul|aug|sep|okt|nov|dez|dec)[a-zäé]*\b", re.IGNORECASE
)
#: A line shorter than this was broken on purpose, a longer one by an editor.
WRAPPED_CHARS = 60
#: Characters of a line that tell what it is, unless it begins like something rarer.
TELLING_CHARS = 8
WHOLE_LINE = tuple("|#`~*_-=")


def split(text: str) -> list[Unit]:
    """All units of `text`; a Joiner gives it back (but for white space at the end)."""
    splitter = Splitter()
    return splitter.feed(text) + splitter.finish()


class Splitter:
    """Splits a text that arrives in pieces; a unit is given out as soon as its end is certain."""

    def __init__(self) -> None:
        self._buffer = ""
        self._fence: Fence | None = None
        self._in_line = False
        self._in_table = False
        self._line_chars = 0
        self._wrapped = False
        # The unit that grows, and where in it to look on for its end.
        self._text = ""
        self._scan = 0
        # The block it belongs to.
        self._kind = UnitKind.SENTENCE
        self._marker = ""
        self._opening = ""
        self._gap: str | None = None
        self._block = 0
        self._open = False
        #: White space since the last unit.
        self._space = ""

    def feed(self, piece: str) -> list[Unit]:
        """The units that `piece` completes."""
        self._buffer += piece
        return list(self._advance(final=False))

    def finish(self) -> list[Unit]:
        """The rest; an open fence is given out as it is."""
        units = list(self._advance(final=True))
        units += self._flush()
        return units

    def _advance(self, final: bool) -> Iterator[Unit]:
        while self._buffer:
            before = len(self._buffer)
            if self._fence:
                yield from self._take_code(final)
            elif self._in_line:
                yield from self._take_text(final)
            else:
                yield from self._take_line_start(final)
            if len(self._buffer) == before and not (self._in_line and not self._fence):
                return

    def _take_line_start(self, final: bool) -> Iterator[Unit]:
        line, newline, rest = self._buffer.partition("\n")
        whole = bool(newline) or final
        prefix = PREFIX.match(line)
        assert prefix is not None  # every part of it is optional
        body = line[prefix.end() :]
        telling = len(body) >= 4 and len(line.strip()) >= TELLING_CHARS
        if not whole and (not telling or body.startswith(WHOLE_LINE)):
            return
        if not body.strip():
            yield from self._flush()
            self._open = self._in_table = False
            self._space += line + newline
            self._buffer = rest
            return
        kind = self._kind_of(body) if body.startswith(WHOLE_LINE) else None
        if kind is None:
            yield from self._start_text(prefix)
            self._buffer = self._buffer[prefix.end() :]
            return
        yield from self._flush()
        self._open_block(kind, prefix.group())
        if kind is UnitKind.CODE:
            self._fence = opening_fence(body)
            self._text = body + newline
        else:
            self._text = body
            yield from self._flush()
            self._open = False
            self._space += newline
        self._in_table = kind in (UnitKind.ROW, UnitKind.TABLE_HEAD)
        self._buffer = rest

    def _kind_of(self, body: str) -> UnitKind | None:
        """What a line that starts with `body` is, or None for running text."""
        if body.startswith("|") or (self._in_table and "|" in body):
            dashes = TABLE_DASHES.match(body)
            return UnitKind.ROW if self._in_table and not dashes else UnitKind.TABLE_HEAD
        if opening_fence(body):
            return UnitKind.CODE
        if RULE.match(body):
            return UnitKind.RULE
        if HEADING.match(body) or (BOLD_LINE.match(body) and not STOP.search(body[:-3])):
            return UnitKind.HEADING
        return None

    def _start_text(self, prefix: re.Match[str]) -> Iterator[Unit]:
        self._in_line, self._in_table, self._line_chars = True, False, 0
        if self._open and not prefix["list"]:
            if self._text and (self._wrapped or prefix.group()):
                self._text += self._space + prefix.group()
                self._space = ""
                return
            yield from self._flush()
            self._gap, self._space = self._space + prefix.group(), ""
            return
        yield from self._flush()
        kind = UnitKind.ITEM if prefix["list"] else UnitKind.SENTENCE
        self._open_block(kind, prefix.group())

    def _open_block(self, kind: UnitKind, marker: str) -> None:
        self._kind, self._marker, self._opening, self._gap = kind, marker, self._space, None
        self._block += 1
        self._open = True
        self._space = ""

    def _take_text(self, final: bool) -> Iterator[Unit]:
        """Take the rest of a line, and cut off the sentences that end in it."""
        line, newline, rest = self._buffer.partition("\n")
        self._text += line
        self._line_chars += len(line)
        self._buffer = rest
        yield from self._cut_sentences(whole=bool(newline) or final)
        if not newline:
            return
        self._in_line = False
        trimmed = self._text.rstrip()
        self._space = self._text[len(trimmed) :] + newline
        self._text = trimmed
        self._wrapped = self._line_chars >= WRAPPED_CHARS
        ended = trimmed.endswith((".", "!", "?", ":", ";"))
        # An indented line after it goes on with a list item however short it is.
        if ended or not (self._wrapped or self._kind is UnitKind.ITEM):
            space, self._space = self._space, ""
            yield from self._flush()
            self._space = space

    def _cut_sentences(self, *, whole: bool) -> Iterator[Unit]:
        while stop := STOP.search(self._text, self._scan):
            after = self._text[stop.end() :]
            following = after.lstrip()
            if not following:
                self._scan = stop.start()
                return
            ordinal = ORDINAL.search(self._text, max(0, stop.end() - 4), stop.end())
            if ordinal and len(following) < MONTH_LETTERS and not whole:
                self._scan = stop.start()
                return
            self._scan = stop.end()
            if _ends_sentence(self._text, stop.end(), following):
                self._text = self._text[: stop.end()]
                yield from self._flush()
                self._space = ""
                self._gap = after[: len(after) - len(following)]
                self._text, self._scan = following, 0
        self._scan = max(self._scan, len(self._text) - TELLING_CHARS)

    def _take_code(self, final: bool) -> Iterator[Unit]:
        line, newline, rest = self._buffer.partition("\n")
        if not newline and not final:
            return
        self._text += line + newline
        self._buffer = rest
        if self._fence is not None and self._fence.is_closed_by(line):
            self._fence = None
            self._text = self._text.removesuffix("\n")
            yield from self._flush()
            self._open = False
            self._space += newline

    def _flush(self) -> Iterator[Unit]:
        text = self._text.rstrip()
        if text:
            yield Unit(
                kind=self._kind,
                text=text,
                marker=self._marker,
                opening=self._opening,
                gap=self._gap,
                block=self._block,
            )
            self._gap = ""
        self._space = self._text[len(text) :] + self._space
        self._text, self._scan = "", 0


def _ends_sentence(text: str, end: int, following: str) -> bool:
    if text[end - 1] in "。！？":
        return True
    if following[0].islower() or text.count("`", 0, end) % 2:
        return False
    if ORDINAL.search(text, max(0, end - 4), end) and MONTH.match(following):
        return False
    if NUMERO.search(text, max(0, end - 4), end):
        return not following[0].isdigit()  # "No." says no, too
    return not ABBREVIATION.search(text, max(0, end - 12), end)
