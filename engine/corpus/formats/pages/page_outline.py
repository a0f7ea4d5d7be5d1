"""Turns the main part of a web page into headings, folded parts and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from engine.corpus.formats.outline import Kind, Paragraph
from engine.corpus.formats.pages.accordions import folded_parts
from engine.corpus.formats.pages.html import Element, children_in_order, plain, to_markdown
from engine.corpus.formats.question_table import question_columns
from engine.corpus.formats.questions import asks

_HEADING = re.compile(r"h([1-6])")
_LISTS = ("ul", "ol", "menu")
_BLOCKS = (
    "address|article|aside|blockquote|body|center|dd|details|div|dl|dt|fieldset|figure|footer|form"
    "|h1|h2|h3|h4|h5|h6|header|hr|legend|li|main|menu|ol|p|pre|section|summary|table|tbody|td|tfoot"
    "|th|thead|tr|ul"
)
_IS_BLOCK = frozenset(_BLOCKS.split("|"))
#: Google Docs writes each level of a list as a list of its own: lst-kix_abc-2.
_LIST_DEPTH = re.compile(r"(?:^|\s)lst-[\w]+-(\d)(?:\s|$)")
#: Word writes an item of a list as a paragraph with a mark and spaces.
_WORD_ITEM = re.compile(r"MsoListParagraph")
_WORD_MARK = re.compile(r"\A[·•o§▪-]\s+")
_ITEM = re.compile(r"(?m)^(?=(?:- |\d{1,9}[.)] ))")
_TITLE_CLASS = re.compile(r"(?i)(?:^|\s)(?:title|subtitle|page-title|MsoTitle)(?:\s|$)")
_SIGNS = " \t\n+-−–×✕▼▾▸►▲⌄›»"
_LONGEST_TITLE = 500


def outline_of_page(main: Element) -> Iterator[Paragraph]:
    """What stands in a tidy element, in its order."""
    yield from _Outline(main).paragraphs(main)


class _Outline:
    """Walks the tree once; what was put below its title is not met again."""

    def __init__(self, main: Element) -> None:
        self._folds = folded_parts(main)
        self._done: set[Element] = set()
        self._holds_blocks = _ancestors(main.iter(*_IS_BLOCK))
        marks = [each for each in main.iter() if each in self._folds or _is_mark(each)]
        self._holds_marks = _ancestors(marks)

    def paragraphs(self, element: Element) -> Iterator[Paragraph]:
        """The blocks inside an element; text between them is a paragraph of its own."""
        run = element.makeelement("p")
        for text, child in list(children_in_order(element)):
            _append_text(run, text)
            if child is None:
                break
            child.tail = None
            if child.tag == "button" and child not in self._folds:
                continue
            if self._is_inline(child):
                run.append(child)
                continue
            yield from _text(run)
            run = element.makeelement("p")
            yield from self._block(child)
        yield from _text(run)

    def _is_inline(self, element: Element) -> bool:
        return not (
            element.tag in _IS_BLOCK or element in self._holds_blocks or element in self._folds
        )

    def _block(self, element: Element) -> Iterator[Paragraph]:
        tag = element.tag
        if element in self._done:
            return
        if element in self._folds:
            yield from self._fold(element, [self._folds[element]])
        elif tag == "details":
            summary = element.find("summary")
            if summary is not None:
                self._done.add(summary)
                # Notion puts the id on the list around each of its toggles.
                named = [element, *islice(element.iterancestors("li", "ul", "details"), 2)]
                anchor = next(filter(None, (each.get("id", "") for each in named)), "")
                yield from self._fold(summary, [element], anchor=anchor)
            else:
                yield from self.paragraphs(element)
        elif level := _level(element):
            yield Paragraph(
                kind=Kind.HEADING, text=plain(element), level=level, anchor=_anchor(element)
            )
        elif tag == "dl":
            yield from self._definitions(element)
        elif tag == "table":
            yield from self._table(element)
        elif tag in _LISTS and element not in self._holds_marks:
            yield from _list(element)
        elif tag in ("p", "pre", "blockquote", "summary") and element not in self._holds_marks:
            if _WORD_ITEM.match(element.get("class", "")):
                item = _WORD_MARK.sub("- ", to_markdown(element), count=1)
                yield Paragraph(kind=Kind.ITEM, text=item)
            elif not _TITLE_CLASS.search(element.get("class", "")):
                yield from _text(element)
        elif tag != "hr":
            yield from self.paragraphs(element)

    def _fold(
        self, title: Element, parts: list[Element], *, anchor: str = ""
    ) -> Iterator[Paragraph]:
        shown = plain(title).strip(_SIGNS)
        if not shown or len(shown) > _LONGEST_TITLE:
            return
        yield Paragraph(kind=Kind.FOLD, text=shown, anchor=anchor or _anchor(title))
        for part in parts:
            yield from self.paragraphs(part)
            self._done.add(part)
        yield Paragraph(kind=Kind.FOLD_END, text="")

    def _definitions(self, element: Element) -> Iterator[Paragraph]:
        """Terms that each fold away what defines them; a <div> may hold a pair."""
        pairs: list[tuple[Element, list[Element]]] = []
        for child in element.iter("dt", "dd"):
            if next(child.iterancestors("dl")) is not element:
                continue
            if child.tag == "dt":
                pairs.append((child, []))
            elif pairs:
                pairs[-1][1].append(child)
        for term, parts in pairs:
            yield from self._fold(term, parts)

    def _table(self, element: Element) -> Iterator[Paragraph]:
        rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in element.iter("tr")]
        columns = question_columns(list(map(plain, rows[0]))) if rows else None
        if columns is not None:
            asking = [row for row in rows[1:] if len(row) > max(columns)]
        else:
            asking = [row for row in rows if len(row) == 2 and asks(plain(row[0]))]
        if columns is not None or (len(asking) > 1 and len(asking) >= len(rows) - 1):
            asked, answered = columns or (0, 1)
            for row in asking:
                yield from self._fold(row[asked], [row[answered]])
        elif element in self._holds_marks or all(len(row) <= 1 for row in rows):
            yield from self.paragraphs(element)  # for its looks
        else:
            yield from _text(element)


def _is_mark(element: Element) -> bool:
    return element.tag in ("details", "dl", "table") or _level(element) > 0


def _level(element: Element) -> int:
    """1–6 for a heading, else 0."""
    if match := _HEADING.fullmatch(element.tag):
        return int(match[1])
    level = element.get("aria-level", "2")
    return int(level) if element.get("role") == "heading" and level in "123456" else 0


def _anchor(element: Element) -> str:
    """The fragment that leads to an element: its own, one inside it, or its section's."""
    for each in element.iter():
        if name := each.get("id") or (each.tag == "a" and each.get("name")):
            return str(name)
    parent = element.getparent()
    if parent is not None and parent[0] is element:
        is_section = parent.tag in ("section", "li") or "section" in parent.get("class", "").split()
        return str(parent.get("id", "")) if is_section else ""
    return ""


def _ancestors(elements: Iterable[Element]) -> set[Element]:
    """All elements that hold one of these."""
    found: set[Element] = set()
    for element in elements:
        for above in element.iterancestors():
            if above in found:
                break
            found.add(above)
    return found


def _append_text(run: Element, text: str) -> None:
    # Not len(run), which counts all children.
    last = next(run.iterchildren(reversed=True), None)
    if last is None:
        run.text = (run.text or "") + text
    else:
        last.tail = (last.tail or "") + text


def _text(element: Element) -> Iterator[Paragraph]:
    if not len(element) and not (element.text or "").strip():
        return
    text = to_markdown(element)
    if element.tag in ("pre", "blockquote", "table"):
        yield Paragraph(kind=Kind.BLOCK, text=text)
        return
    # Two line breaks in a row part paragraphs.
    for part in filter(str.strip, text.split("\n\n")):
        yield Paragraph(kind=Kind.TEXT, text=part.strip("\n"))


def _list(element: Element) -> Iterator[Paragraph]:
    depth = _LIST_DEPTH.search(element.get("class", ""))
    indent = "   " * int(depth[1]) if depth else ""
    for item in filter(str.strip, _ITEM.split(to_markdown(element))):
        text = item.strip("\n")
        yield Paragraph(kind=Kind.ITEM, text=indent + text.replace("\n", f"\n{indent}"))
