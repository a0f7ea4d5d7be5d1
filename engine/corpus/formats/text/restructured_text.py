"""Reads entries out of reStructuredText files, as far as an FAQ uses it."""

from __future__ import annotations

import re
import string
import textwrap
import unicodedata
from collections.abc import Iterator

from engine.corpus.entry import Parsed
from engine.corpus.formats.text.blocks import bounded
from engine.corpus.formats.text.markdown import entries_of_markdown
from engine.corpus.text import clean_text, decode

_EXPLICIT = re.compile(r"(?P<indent>[ ]*)\.\.(?:\s+(?P<rest>.*))?")
_DIRECTIVE = re.compile(r"([\w-]+(?:[:+.][\w-]+)*)::(?:\s+(.*))?")
_TARGET = re.compile(r"_`?([^`:]+)`?:(?:\s+(\S+))?")
_OPTION = re.compile(r"\s*:([\w -]+):(?:\s+(.*))?")
_CODE = {"code", "code-block", "sourcecode", "parsed-literal", "prompt", "console", "highlight"}
_FOLDING = {"dropdown", "collapse", "details", "toggle", "faq", "question"}
_PICTURES = {"image", "figure"}
#: What they show is not in the file, or says nothing to a reader of an answer.
_DROPPED = {
    *("contents", "toctree", "include", "literalinclude", "raw", "meta", "index", "sectnum"),
    *(
        "highlight",
        "currentmodule",
        "module",
        "tags",
        "bibliography",
        "target-notes",
        "default-role",
    ),
}
_LITERAL = re.compile(r"``(.+?)``")
_LINK = re.compile(r"`([^`<>]+?)\s*<([^`<>\s]+)>`__?")
_ROLE = re.compile(r":[\w:+-]{1,60}:`~?([^`<>]+?)(?:\s*<[^`<>]*>)?`")
_REFERENCE = re.compile(r"`([^`<>]+)`__?\b|(?<![\w`])(\w[\w.-]*\w)_(?![\w`])")
_DEEPEST = 10
#: Nobody writes longer ones by hand; they stay as they are.
_LONGEST_LINE = 5_000


def parse_rst(data: bytes) -> Parsed:
    """The questions of a text whose headings are underlined.

    Raises CorpusError when it is not text or holds no questions.
    """
    text = clean_text(bounded(decode(data))).expandtabs(8)
    targets = {
        m[1].lower(): m[2] or "" for m in re.finditer(r"(?m)^\.\. _`?([^`:\n]+)`?:[ ]+(\S+)", text)
    }
    return entries_of_markdown("\n".join(_Converter(targets).markdown(text.split("\n"))))


class _Converter:
    """Writes the lines of a file as Markdown."""

    def __init__(self, targets: dict[str, str]) -> None:
        self._targets = targets
        #: Adornments in the order in which they were met: the first is the top level.
        self._levels: list[tuple[str, bool]] = []
        self._depth = 0

    def markdown(self, lines: list[str]) -> Iterator[str]:
        number = 0
        while number < len(lines):
            line = lines[number]
            if heading := self._heading(lines, number):
                length, title = heading
                number += length
                yield from ("", title, "")
                continue
            number += 1
            if explicit := _EXPLICIT.fullmatch(line):
                end = _end_of_block(lines, number, len(explicit["indent"]))
                body = textwrap.dedent("\n".join(lines[number:end])).split("\n")
                number = end
                for written in self._explicit(explicit["rest"] or "", body):
                    yield explicit["indent"] + written if written else ""
            elif line.rstrip().endswith("::"):
                end = _end_of_block(lines, number, _indent(line))
                shown = line.rstrip()[:-2].rstrip()
                yield self._inline(f"{shown}:") if shown else ""
                yield from _fenced("", lines[number:end])
                number = end
            elif self._is_term(lines, number - 1):
                end = _end_of_block(lines, number, 0)
                yield from ("", f"**{self._inline(line).strip('*')}**", "")
                yield from self._nested(textwrap.dedent("\n".join(lines[number:end])).split("\n"))
                number = end
            elif not (_OPTION.fullmatch(line) and not self._levels):  # fields of the document
                yield self._inline(line)

    def _heading(self, lines: list[str], number: int) -> tuple[int, str] | None:
        """How many lines a heading takes here, and how Markdown writes it."""
        if self._depth or (number and lines[number - 1].strip()):
            return None
        is_over = bool(_adornment(lines[number]))
        title, under, *_ = (*lines[number + is_over : number + is_over + 2], "", "")
        mark = _adornment(under)
        if not mark or not title.strip() or _adornment(title):
            return None
        if len(under.strip()) + 2 < len(title.strip()) or (title[0] == " " and not is_over):
            return None
        style = (mark, is_over)
        if style not in self._levels:
            self._levels.append(style)
        words = self._inline(title.strip())
        level = min(self._levels.index(style) + 1, 6)
        return 2 + is_over, f"{'#' * level} {words} {{#{_identifier(words)}}}"

    def _explicit(self, rest: str, body: list[str]) -> Iterator[str]:
        """A directive, or nothing for targets and comments."""
        match = _DIRECTIVE.fullmatch(rest)
        if match is None:
            return
        name, argument = match[1].lower(), match[2] or ""
        options: dict[str, str] = {}
        while body and (option := _OPTION.fullmatch(body[0])):
            options[option[1]] = option[2] or ""
            body = body[1:]
        yield ""
        if name in _CODE and name not in _DROPPED:
            yield from _fenced(argument, body)
        elif name in _PICTURES:
            yield f"![{options.get('alt', '')}]({argument})"
            yield from self._nested(body)
        elif name in _FOLDING and argument:
            yield from (f"<details><summary>{argument}</summary>", "")
            yield from self._nested(body)
            yield from ("", "</details>")
        elif name == "rubric":
            yield f"**{self._inline(argument)}**"
        elif name not in _DROPPED:
            if any(map(str.isalpha, argument)):  # not the number of a version
                yield self._inline(argument)
            yield from self._nested(body)
        yield ""

    def _nested(self, lines: list[str]) -> Iterator[str]:
        if self._depth >= _DEEPEST:
            yield from lines
            return
        self._depth += 1
        yield from self.markdown(lines)
        self._depth -= 1

    def _is_term(self, lines: list[str], number: int) -> bool:
        """Whether it is a term with its definition indented right below it."""
        line, below, *_ = (*lines[number : number + 2], "")
        before = lines[number - 1] if number else ""
        is_text = bool(line.strip()) and not line[0].isspace() and not before.strip()
        is_marked = re.match(r"(?:[-*+•|]|#\.|\(?\w{1,3}[.)])\s", line) is not None
        return is_text and not is_marked and below.startswith("  ") and bool(below.strip())

    def _inline(self, line: str) -> str:
        """Links, roles and literals of one line."""
        if len(line) > _LONGEST_LINE:
            return line
        code: list[str] = []

        def kept(match: re.Match[str]) -> str:
            code.append(f"`` {match[1]} ``" if "`" in match[1] else f"`{match[1]}`")
            return f"\x04{len(code) - 1}\x05"

        line = re.sub(r"\A(\s*)#\.(?=\s)", r"\g<1>1.", line)
        line = re.sub(r"\A\|\s(?!.*\|\s*\Z)", "", line)
        line = _LITERAL.sub(kept, line)
        line = _LINK.sub(r"[\1](\2)", line)
        line = _ROLE.sub(r"\1", line)
        line = _REFERENCE.sub(self._reference, line)
        return re.sub("\x04(\\d+)\x05", lambda match: code[int(match[1])], line)

    def _reference(self, match: re.Match[str]) -> str:
        words = match[1] or match[2]
        url = self._targets.get(words.lower(), "")
        return f"[{words}]({url})" if url else words


def _adornment(line: str) -> str:
    """The mark that a line repeats to underline a heading; empty for other lines."""
    marks = line.rstrip()
    is_one = 3 <= len(marks) <= _LONGEST_LINE and marks == marks[0] * len(marks)
    return marks[0] if is_one and marks[0] in string.punctuation else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _end_of_block(lines: list[str], start: int, indent: int) -> int:
    """Where the lines end that are indented deeper than `indent`."""
    end = start
    for number in range(start, len(lines)):
        if lines[number].strip():
            if _indent(lines[number]) <= indent:
                break
            end = number + 1
    return end


def _fenced(language: str, lines: list[str]) -> Iterator[str]:
    code = textwrap.dedent("\n".join(lines)).strip("\n")
    if code:
        fence = "~~~" if "```" in code else "```"
        yield from ("", f"{fence}{language}", *code.split("\n"), fence, "")


def _identifier(title: str) -> str:
    """The fragment that docutils gives a heading."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "id1"
