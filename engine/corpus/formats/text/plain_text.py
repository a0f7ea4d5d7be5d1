"""Reads entries out of plain text files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.corpus.entry import Parsed
from engine.corpus.formats.text.blocks import bounded
from engine.corpus.formats.text.markdown import entries_of_markdown
from engine.corpus.text import clean_text, decode

_LONGEST_TITLE = 80
#: "*** Joining ***", "== Joining ==", "[Joining]"
_FRAMED = re.compile(r"([=*#~+_-]{2,})\s*([^\s=*#~+_-].*?)\s*[=*#~+_-]{2,}|\[([^\[\]]+)\]")
_INDENT = re.compile(r"(?:[ ]{4}|\t)\s*(?=[^\W\d_])")


def parse_text(data: bytes) -> Parsed:
    """The questions of a text, read like Markdown.

    Beyond that, a line in capitals or in a frame is a heading, and an indented paragraph that
    begins like a sentence is text and not code.

    Raises CorpusError when it is not text or holds no questions.
    """
    return entries_of_markdown("\n".join(_lines(clean_text(bounded(decode(data))).split("\n"))))


def _lines(lines: list[str]) -> Iterator[str]:
    before = ""
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        title = _title(line.strip()) if not before.strip() and not after.strip() else ""
        if title:
            yield f"## {title}"
        elif (indent := _INDENT.match(line)) and line[indent.end()].isupper():
            yield line[indent.end() :]
        else:
            yield line
        before = line


def _title(line: str) -> str:
    """The words of a line that stands alone and looks like a title; empty where it does not."""
    if len(line) > _LONGEST_TITLE or "?" in line:
        return ""
    if framed := _FRAMED.fullmatch(line):
        return framed[2] or framed[3]
    is_title = line.isupper() and sum(map(str.isalpha, line)) >= 3
    return line.strip("*:") if is_title and not line.startswith(("#", "-", "|", ">")) else ""
