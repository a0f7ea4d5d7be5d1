"""Writes what static sites fold away, frame and hide into Markdown in one plain form.

Details, accordions and admonitions of a dozen generators say one of two things: "here is a title
with a text below it", or "this text is set in a frame". The first becomes two lines of marks
around the text, the second the text alone. Nothing in fenced code is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.code_fences import Fence, opening_fence
from engine.corpus.text import clean_line

#: Control characters, which a cleaned text has none of: a line with the title of what is folded,
#: a line that ends it, and a line with an anchor for the heading to come.
FOLD, FOLD_END, ANCHOR = "\x01", "\x02", "\x03"

_FOLDING = (
    r"details|expand(?:able|er)?|accordion(?:-?item)?|collaps\w*|toggle|spoiler|faq\w*|question|help"
    r"|dropdown"
)
_FOLDS = re.compile(_FOLDING, re.IGNORECASE)
_SHORTCODE = re.compile(
    rf"(?i)[ \t]*\{{\{{[<%]\s*(?P<end>/?)\s*(?:{_FOLDING})\b"
    r"(?P<rest>[^{}]{0,500}?)/?\s*[>%]\}\}[ \t]*"
)
#: Classes and the like, which Jekyll sets after a line or below it.
_KRAMDOWN = re.compile(r"[ \t]*\{:[^{}]{0,200}\}[ \t]*\Z")
_QUOTED = re.compile(
    r"""(?:\b(?:title|summary|question|label|header|name)\s*=\s*)?(?:"([^"]+)"|'([^']+)'|“([^”]+)”)"""
)
_COLONS = re.compile(r"^[ \t]{0,3}:{3,}[ \t]*(?:\{?([\w-]+)\}?[ \t]*(?:\[([^\]]+)\]|(.*)))?$")
_EXCLAIMED = re.compile(
    r"""^(?:!!!|\?\?\?\+?)[ \t]+([\w-]+)(?:[ \t]+[\w-]+){0,5}(?:[ \t]+"([^"]*)")?[ \t]*$"""
)
#: How each line within an admonition begins.
_INDENT, _QUOTE = re.compile(r"[ ]{4}|\t|\s*\Z"), re.compile(r"[ ]{0,3}>[ ]?")
#: "> [!NOTE]" of GitHub; "> [!question]- Can I join late?" of Obsidian folds.
_ALERT = re.compile(r"^([ \t]*>[ \t]*)\[!(\w+)\][-+]?[ \t]*(.*)$")
_OPEN_TAG = re.compile(r"(?i)<(summary|h[1-6]|dt)\b[^<>]{0,300}>(?!.*</\1\s*>)")
_CODE_SPAN = r"(?<!`)(?P<ticks>`+)(?!`).{1,2000}?(?<!`)(?P=ticks)(?!`)"
_CODE_SPANS = re.compile(_CODE_SPAN)
_HIDDEN = re.compile(rf"{_CODE_SPAN}|<!--.*?(?:-->|\Z)")
_TAGS = re.compile(
    rf"(?is){_CODE_SPAN}"
    r"|[ \t]*<summary\b[^<>]{0,300}>(?P<summary>.{0,2000}?)</summary\s*>[ \t]*"
    r"|[ \t]*<dt\b(?P<dt_of>[^<>]{0,300})>(?P<dt>.{0,2000}?)</dt\s*>[ \t]*"
    r"|[ \t]*<h(?P<level>[1-6])\b(?P<of>[^<>]{0,300})>(?P<title>.{0,2000}?)</h(?P=level)\s*>[ \t]*"
    r"|[ \t]*<details\b(?P<details>[^<>]{0,300})>[ \t]*"
    r"|(?P<end>[ \t]*</(?:details|dd)\s*>[ \t]*)"
    r"|[ \t]*</?(?:dd|dl)\b[^<>]{0,300}>[ \t]*"
)
_ANCHOR_LINE = re.compile(
    r"""(?i)^[ \t]*(?:<a\s+(?:name|id)\s*=\s*["']?([^"'\s>]{1,200})["']?\s*"""
    r"(?:/>|>\s*</a\s*>)\s*)+$"
)
_ID = re.compile(r"""(?i)\bid\s*=\s*["']?([^"'\s>]{1,200})""")
_LABELLED = re.compile(
    r"(?i)[ ]{0,3}(?:[-*+•>][ \t]+)?(?=[*_]{0,3}(?:(?P<question>q(?:uestion)?)|a(?:ns(?:wer)?)?)"
    r"[*_]{0,3}\s?\d{0,3}[:：])"
)
_MARKUP = re.compile(r"<[^<>]{1,300}>")
#: A tag may go on over a few lines.
_MOST_TAG_LINES = 20


def plain_containers(text: str) -> str:
    """`text` with folded parts between marks; comments and frames are gone."""
    written: list[str] = []
    for piece, is_code in _Lines(text.split("\n")).written():
        for line in piece.split("\n"):
            # Marks on lines of their own leave more blank lines than anybody wrote.
            if is_code or line.strip() or (written and written[-1].strip()):
                written.append(line)
    return "\n".join(written)


class _Lines:
    """Goes through the lines of a file once."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._fence: Fence | None = None
        self._in_comment = False
        #: The lines of a tag that goes on.
        self._tag: list[str] = []
        #: Whether the lines of a quotation are read without its marks.
        self._is_quoted = False
        #: Whether the last label was that of a question.
        self._is_asked = False
        #: For each admonition that is open: what its lines begin with, and whether it folds.
        self._framed: list[tuple[re.Pattern[str], bool]] = []
        #: For each container between colons that is open: whether it folds.
        self._colons: list[bool] = []

    def written(self) -> Iterator[tuple[str, bool]]:
        """Each line, or what stands for it, and whether it is code."""
        for raw in self._lines:
            depth, line = self._dedented(raw)
            while len(self._framed) > depth:
                yield _end(self._framed.pop()[1]), False
            if self._is_code(line):
                yield line, True
            elif (shown := self._shown(line)) is not None and not self._goes_on(shown):
                yield self._line(self._unlisted(self._whole(shown))), False
        yield " ".join(self._tag), False

    def _dedented(self, line: str) -> tuple[int, str]:
        """In how many of the open admonitions it stands, and the line without their marks."""
        depth = 0
        while depth < len(self._framed) and (match := self._framed[depth][0].match(line)):
            line = line[match.end() :]
            depth += 1
        return depth, line

    def _is_code(self, line: str) -> bool:
        if self._fence is not None:
            self._fence = None if self._fence.is_closed_by(line) else self._fence
            return True
        if not self._in_comment:
            self._fence = opening_fence(line)
        return self._fence is not None

    def _shown(self, line: str) -> str | None:
        """The line without comments; None for one that holds nothing else."""
        if self._in_comment:
            _, end, line = line.partition("-->")
            self._in_comment = not end
        elif "<!--" not in line:
            return line
        self._in_comment = self._in_comment or line.rfind("-->") < line.rfind("<!--")
        shown = _HIDDEN.sub(lambda match: match[0] if match["ticks"] else "", line)
        return shown if shown.strip() else None

    def _goes_on(self, line: str) -> bool:
        """Whether the line leaves a tag open that the next ones close."""
        if not self._tag and not _OPEN_TAG.search(_CODE_SPANS.sub("", line)):
            return False
        self._tag.append(line.strip())
        return len(self._tag) < _MOST_TAG_LINES and bool(_OPEN_TAG.search(" ".join(self._tag)))

    def _unlisted(self, line: str) -> str:
        """A line "- Q: …" or "> A: …" without the mark before it, and apart from the line above."""
        self._is_quoted = self._is_quoted and line.startswith(">")
        if self._is_quoted:
            line = line[1:].removeprefix(" ")
        match = _LABELLED.match(line)
        if match is None:
            return line
        self._is_quoted = self._is_quoted or ">" in match[0]
        is_answer, self._is_asked = self._is_asked, match["question"] is not None
        if match["question"]:
            return f"\n{line[match.end() :]}"
        return line[match.end() :] if is_answer else line  # "- A: …" may be the first of choices

    def _whole(self, line: str) -> str:
        """The line, with those before it that belong to its tag."""
        whole, self._tag = " ".join(self._tag) or line, []
        return whole

    def _line(self, line: str) -> str:
        if match := _EXCLAIMED.match(line):
            self._framed.append((_INDENT, _folds(match[1], match[2])))
            return _begin(match[2] or "", self._framed[-1][1])
        if (match := _COLONS.match(line)) and (match[1] or self._colons):
            if not match[1]:
                return _end(self._colons.pop())
            title = (match[2] or match[3] or "").strip()
            self._colons.append(_folds(match[1], title))
            return _begin(title, self._colons[-1])
        if match := _ALERT.match(line):
            if not _folds(match[2], match[3]):
                return f"{match[1]}{match[3]}".rstrip()
            self._framed.append((_QUOTE, True))
            return _begin(match[3], True)
        if match := _ANCHOR_LINE.match(line):
            return f"\n{ANCHOR}{match[1]}\n\n"
        if "{" in line:
            line = _SHORTCODE.sub(_shortcode, line)
            line = line if line.startswith("#") else _KRAMDOWN.sub("", line)
        return _TAGS.sub(_tag, line) if "<" in line else line


def _folds(kind: str, title: str | None) -> bool:
    return bool(title) and _FOLDS.fullmatch(kind) is not None


def _begin(title: str, folds: bool) -> str:
    if folds:
        return f"\n{FOLD}{clean_line(title)}\n\n"
    return f"\n**{title}**\n" if title else ""


def _end(folds: bool) -> str:
    return f"\n{FOLD_END}\n\n" if folds else ""


def _shortcode(match: re.Match[str]) -> str:
    if match["end"]:
        return _end(True)
    quoted = _QUOTED.search(match["rest"])
    return _begin(quoted[1] or quoted[2] or quoted[3], True) if quoted else ""


def _tag(match: re.Match[str]) -> str:
    """The mark for an HTML tag, on lines of its own."""
    if match["ticks"]:
        return match[0]
    if match["level"]:
        found = _ID.search(match["of"])
        anchor = f" {{#{found[1]}}}" if found else ""
        return f"\n\n{'#' * int(match['level'])} {_words(match['title'])}{anchor}\n\n"
    title = match["summary"] if match["summary"] is not None else match["dt"]
    if title is not None:
        return f"\n\n{FOLD}{_words(title)}\n\n"
    if match["end"]:
        return f"\n\n{FOLD_END}\n\n"
    found = _ID.search(match["details"] or "")
    return f"\n\n{ANCHOR}{found[1]}\n\n" if found else ""


def _words(html: str) -> str:
    return clean_line(_MARKUP.sub("", html))
