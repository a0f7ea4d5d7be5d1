"""Closes the gaps that images leave in a Markdown text, so that the rest reads well."""

from __future__ import annotations

import re

#: Stands where an image was.
GONE = "\x00"
#: What images are called, in the languages of the interface.
IMAGE_NOUN = (
    r"(?:image|img|picture|pic|photo|screenshot|screen[ _-]?shot|figure|fig|diagram|gif|video|cid"
    r"|bild|abbildung|imagen|imagem|figura|captura|рисунок|скриншот|изображение)"
)
WEB_ADDRESS = re.compile(r"(?i)https?://")

#: What may be left around an image: emphasis, brackets and elements of HTML that held it alone.
_AROUND = (
    re.compile(r"(\*{1,3}|_{1,3}|~~)[ \t]*\x00[ \t]*\1"),
    re.compile(r"\([ \t]*\x00[ \t]*\)"),
    re.compile(r"\[[ \t]*\x00[ \t]*\](?![(\[])"),
    re.compile(
        r"(?i)<(p|div|center|figure|picture|span|a|figcaption|table|tbody|tr|td|details)\b[^<>]*>"
        r"(?:\s|<br\s*/?>)*\x00\s*</\1\s*>"
    ),
    re.compile(r"\x00(?:[ \t]|<br\s*/?>|&nbsp;)*\x00"),
)
_EMPTY_LINK = re.compile(
    r"\[[ \t]*\x00[ \t]*\]\(\s*<?([^()\s<>]*)>?[^()\n]*\)"
    r"""|<a\b[^<>]*?href\s*=\s*["']([^"'<>\s]*)["'][^<>]*>\s*\x00\s*</a\s*>""",
    re.IGNORECASE,
)
_FRAME_TAGS = re.compile(r"(?i)</?(?:figure|picture|figcaption)\b[^<>]*>|<source\b[^<>]*>")
#: Marks of quotations, list items, tasks and headings before a line's text.
_LINE_START = re.compile(
    r"[ \t]*(?:>[ \t]*)*(?:(?:[-*+•]|\d{1,9}[.)])(?:[ \t]+|(?=\x00)|$))?"
    r"(?:\[[ xX]\][ \t]*)?(?:#{1,6}[ \t]+)?"
)
_ITEM_START = re.compile(r"([ \t]*)(?:[-*+•]|\d{1,9}[.)])[ \t]+")
_NOTHING_LEFT = re.compile(r"(?i)(?:[\x00\s*_~\\]|<br\s*/?>|&nbsp;)*")
_ONLY_A_LABEL = re.compile(rf"(?i)\W*(?:{IMAGE_NOUN})s?\W*\d*\W*")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def closed_up(text: str) -> str:
    """`text` without its gaps and what stood around them alone.

    A line that begins with "\\x01" stands for a code block, and is left alone.
    """
    before = ""
    while before != text:
        before = text
        text = _EMPTY_LINK.sub(_bare_address, text)
        for pattern in _AROUND:
            text = pattern.sub(GONE, text)
    if "<img" not in text.lower():
        text = _FRAME_TAGS.sub("", text)
    lines = _without_empty_lines(text.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n").rstrip()


def _bare_address(match: re.Match[str]) -> str:
    address = match[1] or match[2] or ""
    return address if WEB_ADDRESS.match(address) else GONE


def _without_empty_lines(lines: list[str]) -> list[str]:
    """The lines without those that held nothing but an image."""
    kept: list[str] = []
    waiting = lines[::-1]
    while waiting:
        line = waiting.pop()
        if GONE not in line:
            kept.append(line)
            continue
        start = _LINE_START.match(line)
        mark = start[0] if start else ""
        rest = line[len(mark) :]
        if not (_NOTHING_LEFT.fullmatch(rest) or _ONLY_A_LABEL.fullmatch(rest)):
            kept.append(mark + _closed_line(rest))
            continue
        if _continues(mark, waiting):
            while not waiting[-1].strip():
                waiting.pop()
            waiting.append(mark + waiting.pop().lstrip())
            continue
        _drop_label(kept)
        # A blank line on each side becomes one.
        while waiting and not waiting[-1].strip() and (not kept or not kept[-1].strip()):
            waiting.pop()
    return kept


def _continues(mark: str, waiting: list[str]) -> bool:
    """Whether the text of a list item goes on below the image it began with."""
    item = _ITEM_START.fullmatch(mark)
    following = next((line for line in reversed(waiting) if line.strip()), "")
    if item is None or following.startswith("\x01") or _ITEM_START.match(following):
        return False
    return len(following) - len(following.lstrip()) > len(item[1].expandtabs(4))


def _drop_label(kept: list[str]) -> None:
    """Take "Screenshot:" away that stood above the image."""
    at = next((i for i in range(len(kept) - 1, -1, -1) if kept[i].strip()), None)
    if at is not None and kept[at].strip(" *_").endswith(":") and _ONLY_A_LABEL.fullmatch(kept[at]):
        del kept[at:]


def _closed_line(text: str) -> str:
    """A line without its gaps: single spaces, none before a mark."""
    text = re.sub(r"[ \t]+[-–—][ \t]*\x00[ \t]*$", "", text)
    text = re.sub(r"([:,;])[ \t]*\x00[ \t]*[.,;]", r"\1", text)
    text = re.sub(r"(^|[(\[{«“])[ \t]*\x00[ \t]*", r"\1", text)
    text = re.sub(r"[ \t]*\x00[ \t]*(?=$|[.,;:!?)\]}»”])", "", text)
    return re.sub(r"[ \t]*\x00[ \t]*", " ", text)
