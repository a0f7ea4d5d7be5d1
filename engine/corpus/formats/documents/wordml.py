"""Reads styles and lists of WordprocessingML, the XML inside a .docx."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: An element of lxml, which comes without types.
Element = Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CODE_STYLE = re.compile(r"(?i)\b(code|preformatted|html pre|plain text|listing)")
_PASSED_OVER = re.compile(r"(?i)(title|subtitle|toc .*|table of contents|header|footer)")
#: Word writes the name in English whatever its language; other programs do not.
_HEADING = re.compile(
    r"(?i)(?:heading|überschrift|titre|t[ií]tulo|titolo|заголовок|kop|nagłówek|rubrik|overskrift"
    r"|otsikko|nadpis|başlık|見出し|标题|標題|제목)[ _-]?([1-9])"
)
#: Somebody's own style for the questions; it stands below every real heading.
_QUESTION = re.compile(r"(?i)(?:faq[ _-]?)?(?:question|frage|pregunta|pergunta|вопрос|q)")
_QUESTION_LEVEL = 9
_DEEPEST_STYLE = 10
_DEEPEST_LIST = 8


def local_name(element: Element) -> str:
    """The name of a WordprocessingML element; comments and other vocabularies have none."""
    tag = element.tag
    return tag.removeprefix(W) if isinstance(tag, str) and tag.startswith(W) else ""


def attribute(element: Element, name: str) -> str:
    """The value of an attribute, empty when it is not there."""
    return str(element.get(f"{W}{name}", ""))


def child_value(element: Element, *path: str) -> str:
    """The `val` of a descendant, empty when it is not there."""
    child = element.find("/".join(f"{W}{name}" for name in path))
    return "" if child is None else attribute(child, "val")


def bold(element: Element) -> bool | None:
    """What a run or style says of its weight, if anything."""
    mark = element.find(f"{W}rPr/{W}b")
    return None if mark is None else attribute(mark, "val") not in ("0", "false", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    name: str
    based_on: str
    #: 1–9 from the outline level, 0 without one.
    outline: int
    #: Of the list that the style belongs to.
    list_id: str
    #: None where the style leaves it to the one it is based on.
    is_bold: bool | None


class Styles:
    """What the paragraph styles of a document mean."""

    def __init__(self, styles: Element) -> None:
        self._styles = {
            attribute(style, "styleId"): _Style(
                name=child_value(style, "name"),
                based_on=child_value(style, "basedOn"),
                outline=_outline(style),
                list_id=child_value(style, "pPr", "numPr", "numId"),
                is_bold=bold(style),
            )
            for style in styles.findall(f"{W}style")
        }

    def is_passed_over(self, paragraph: Element) -> bool:
        """Whether it is the document's title or its table of contents."""
        return any(_PASSED_OVER.fullmatch(style.name) for style in self._chain(paragraph))

    def is_code(self, paragraph: Element) -> bool:
        return any(_CODE_STYLE.search(style.name) for style in self._chain(paragraph))

    def level(self, paragraph: Element) -> int:
        """1–9 for a heading, else 0."""
        for style in self._chain(paragraph):
            named = _HEADING.fullmatch(style.name)
            if named or style.outline:
                return int(named[1]) if named else style.outline
            if _QUESTION.fullmatch(style.name):
                return _QUESTION_LEVEL
        return _outline(paragraph)

    def is_bold(self, run: Element, paragraph: Element) -> bool:
        """Whether a run is bold, by itself or by its style or that of its paragraph."""
        own = bold(run)
        if own is not None:
            return own
        styles = [*self._chain(run, "rPr", "rStyle"), *self._chain(paragraph)]
        return next((style.is_bold for style in styles if style.is_bold is not None), False)

    def list_of(self, paragraph: Element) -> tuple[str, bool]:
        """The id of the list it belongs to (empty: none), and whether its style numbers."""
        own = child_value(paragraph, "pPr", "numPr", "numId")
        if own:
            return ("" if own == "0" else own), False
        for style in self._chain(paragraph):
            named = re.match(r"(?i)list (bullet|number)", style.name)
            if named or style.list_id:
                return style.list_id or style.name, bool(named and named[1].lower() == "number")
        return "", False

    def _chain(self, element: Element, *path: str) -> Iterator[_Style]:
        """The style of a paragraph, or at `path` of a run, and those it is based on."""
        key = child_value(element, *(path or ("pPr", "pStyle")))
        for _ in range(_DEEPEST_STYLE):
            found = self._styles.get(key)
            if found is None:
                return
            yield found
            key = found.based_on


class Lists:
    """Gives each list item its mark: a bullet, or the next number."""

    def __init__(self, numbering: Element | None) -> None:
        self._formats = {} if numbering is None else _formats(numbering)
        self._counted: Counter[tuple[str, int]] = Counter()

    def mark(self, list_id: str, paragraph: Element, *, numbers: bool) -> tuple[int, str]:
        """How deep the item is, and its mark; `numbers` tells where the document does not."""
        depth = min(_number(child_value(paragraph, "pPr", "numPr", "ilvl")), _DEEPEST_LIST)
        kind = self._formats.get((list_id, depth), "decimal" if numbers else "bullet")
        for deeper in range(depth + 1, _DEEPEST_LIST + 1):
            self._counted.pop((list_id, deeper), None)
        if kind in ("bullet", "none"):
            return depth, "- "
        self._counted[list_id, depth] += 1
        return depth, f"{self._counted[list_id, depth]}. "


def _formats(numbering: Element) -> dict[tuple[str, int], str]:
    """(list id, depth) → the number format, such as bullet or decimal."""
    kinds = {
        attribute(kind, "abstractNumId"): {
            _number(attribute(level, "ilvl")): child_value(level, "numFmt")
            for level in kind.findall(f"{W}lvl")
        }
        for kind in numbering.findall(f"{W}abstractNum")
    }
    return {
        (attribute(number, "numId"), depth): name
        for number in numbering.findall(f"{W}num")
        for depth, name in kinds.get(child_value(number, "abstractNumId"), {}).items()
    }


def _outline(element: Element) -> int:
    level = child_value(element, "pPr", "outlineLvl")
    return int(level) + 1 if re.fullmatch("[0-8]", level) else 0


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,3}", text) else 0
