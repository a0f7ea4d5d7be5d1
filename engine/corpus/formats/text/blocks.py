"""Finds the headings, lists and paragraphs of a Markdown text; keeps their lines as written."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from engine.corpus.formats.outline import Kind, Paragraph
from engine.corpus.formats.question_table import question_columns
from engine.corpus.formats.questions import asks
from engine.corpus.formats.text.anchors import Anchors
from engine.corpus.formats.text.containers import ANCHOR, FOLD, FOLD_END
from engine.corpus.text import clean_line
from engine.errors import CorpusError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: markdown-it takes up to two kilobytes and a tenth of a millisecond for each.
_MOST_LINES = 100_000
#: What is nested deeper stays text.
_MAX_NESTING = 20
#: The longest heading; longer ones are paragraphs.
_LONGEST_TITLE = 400

_EXPLICIT_ID = re.compile(r"\s*\{:?\s*#([\w.:-]{1,200})[^{}\n]{0,200}\}\s*\Z")
_ANCHOR_TAG = re.compile(
    r"""(?i)<a\s+(?:name|id)\s*=\s*["']?([^"'\s>]{1,200})["']?\s*(?:/>|>(?:\s*</a\s*>)?)"""
)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t:-]+\|[ \t:|-]*")
_CELL_END = re.compile(r"(?<!\\)\|")
_RULED = re.compile(r"^[=\-~_*# ]{3,}$")


def bounded(text: str) -> str:
    """The text itself. Raises CorpusError when it has more lines than a person writes."""
    if text.count("\n") > _MOST_LINES:
        raise CorpusError(f"The file has more than {_MOST_LINES} lines; split it.")
    return text


def paragraphs_of(text: str) -> list[Paragraph]:
    """The top-level blocks of a text that `plain_containers` wrote.

    Raises CorpusError when it has too many lines.
    """
    tokens = _reader().parse(bounded(text))
    return list(_Blocks(text.split("\n"), tokens).paragraphs())


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})
    # Words are read in headings only. A table is a paragraph as far as its place goes.
    return reader.disable(["reference", "inline", "text_join"])


class _Blocks:
    """Goes through the tokens of one text."""

    def __init__(self, lines: Sequence[str], tokens: list[Token]) -> None:
        self._lines = lines
        self._tokens = tokens
        self._anchors = Anchors()
        #: Set by a line of its own before the heading.
        self._anchor = ""

    def paragraphs(self) -> Iterator[Paragraph]:
        starts = self._starts()
        ends = [*(start for _, start in starts), len(self._lines)][1:]
        for (position, start), end in zip(starts, ends, strict=True):
            written, gap = self._between(start, end)
            yield from self._paragraph(position, written, gap)

    def _starts(self) -> list[tuple[int, int]]:
        """Each block, and each item of a list, with its first line."""
        found: list[tuple[int, int]] = []
        in_list = False
        for position, token in enumerate(self._tokens):
            if token.map is None:
                continue
            if token.level == 0 and token.nesting >= 0 and token.type != "inline":
                in_list = token.type in ("bullet_list_open", "ordered_list_open")
                if not in_list:
                    found.append((position, token.map[0]))
            elif token.level == 1 and in_list and token.type == "list_item_open":
                found.append((position, token.map[0]))
        return found

    def _between(self, start: int, end: int) -> tuple[str, str]:
        """The lines as written, and the line ends up to the next block."""
        last = end
        while last > start + 1 and not self._lines[last - 1].strip():
            last -= 1
        return "\n".join(self._lines[start:last]), "\n" * (end - last + 1)

    def _paragraph(self, position: int, written: str, gap: str) -> Iterator[Paragraph]:
        token = self._tokens[position]
        if token.type == "heading_open":
            yield from self._heading(token, self._tokens[position + 1].content, written, gap)
        elif token.type == "list_item_open":
            yield Paragraph(kind=Kind.ITEM, text=written, gap=gap)
        elif token.type != "paragraph_open":
            yield Paragraph(kind=Kind.BLOCK, text=written, gap=gap)
        elif written.startswith(FOLD):
            anchor, self._anchor = self._anchor, ""
            yield Paragraph(kind=Kind.FOLD, text=self._plain(written[1:])[0], anchor=anchor)
        elif written.startswith(FOLD_END):
            yield Paragraph(kind=Kind.FOLD_END, text="")
        elif written.startswith(ANCHOR):
            self._anchor = written[1:]
        elif rows := _asked_rows(written.split("\n")):
            for question, answer in rows:
                yield Paragraph(kind=Kind.TEXT, text=f"Q: {question}\nA: {answer}")
        else:
            yield Paragraph(kind=Kind.TEXT, text=written, gap=gap)

    def _heading(self, token: Token, content: str, written: str, gap: str) -> Iterator[Paragraph]:
        content = "\n".join(line for line in content.split("\n") if not _RULED.match(line.strip()))
        title, anchor = self._plain(content)
        is_text = len(content) > _LONGEST_TITLE or (
            # An answer with a rule right below it, which Markdown takes for a heading.
            token.markup == "-" and not asks(title) and ("\n" in content or title.endswith("."))
        )
        if is_text:
            yield Paragraph(kind=Kind.TEXT, text=content, gap=gap)
        elif title:
            named = self._anchors.of(title)
            yield Paragraph(
                kind=Kind.HEADING,
                text=title,
                level=int(token.tag[1:]),
                anchor=anchor or self._anchor or named,
                written=written,
            )
            self._anchor = ""

    def _plain(self, content: str) -> tuple[str, str]:
        """The words of a title and the anchor that is written into it."""
        anchor = ""
        for pattern in (_EXPLICIT_ID, _ANCHOR_TAG):
            if match := pattern.search(content):
                anchor = anchor or match[1]
                content = pattern.sub("", content)
        if len(content) > _LONGEST_TITLE:
            return clean_line(content), anchor
        words: list[Token] = []
        _reader().inline.parse(content.strip(), _reader(), {}, words)
        return clean_line("".join(_words(words))), anchor


def _asked_rows(lines: list[str]) -> list[tuple[str, str]]:
    """Questions and answers of a table in which two columns are called so."""
    if len(lines) < 3 or "|" not in lines[0] or not _TABLE_RULE.fullmatch(lines[1]):
        return []
    head, _, *rows = ([cell.strip() for cell in _cells(line)] for line in lines)
    columns = question_columns(head)
    if columns is None:
        return []
    asked, answered = columns
    filled_in = (row for row in rows if len(row) > max(columns) and row[asked] and row[answered])
    return [(row[asked], row[answered]) for row in filled_in]


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.replace("\\|", "|") for cell in _CELL_END.split(inner)]


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "text_special", "code_inline"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.type == "html_inline" and not _TAG.fullmatch(token.content):
            yield html.unescape(token.content)
        elif token.type == "image":
            yield from _words(token.children or [])
