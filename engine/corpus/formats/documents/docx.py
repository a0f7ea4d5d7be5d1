"""Reads a .docx as exported from a shared document, once it was unpacked without trusting it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from engine.corpus.entry import Parsed
from engine.corpus.formats.documents.archive import checked_document
from engine.corpus.formats.documents.wordml import Element, Lists, Styles, W, attribute, local_name
from engine.corpus.formats.headings import entries_below_headings
from engine.corpus.formats.outline import Kind, Paragraph
from engine.corpus.formats.question_table import question_columns
from engine.corpus.text import clean_line, clean_text, clean_url
from engine.errors import CorpusError

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
#: Elements that only wrap others: accepted insertions, tags, fields, content controls.
_WRAPPERS = {"ins", "moveTo", "smartTag", "fldSimple", "sdt", "sdtContent", "customXml", "bdo"}
_TYPEWRITER = re.compile(r"(?i)courier|consolas|menlo|monaco|\bmono\b|source code|inconsolata")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_HYPERLINK = re.compile(r'\s*HYPERLINK\s+"([^"]+)"')
_GOOGLE_HEADING = re.compile(r"_(?:heading=h\.)?([a-z0-9]{6,14})")


def parse_docx(data: bytes, max_bytes: int) -> Parsed:
    """The questions of a document: Heading 1 is the section, the headings below it ask.

    Bold questions and paragraphs that begin with "Question:" or "Q:" are read as well.
    Raises CorpusError when it is no .docx, would unpack to more than `max_bytes`, or has no
    questions.
    """
    try:
        paragraphs = list(_Document(checked_document(data, max_bytes)).paragraphs())
    except CorpusError:
        raise
    # A broken file makes zipfile, lxml and python-docx raise errors of a dozen kinds.
    except Exception as error:
        raise CorpusError("The file is not a readable .docx; export it again.") from error
    parsed = entries_below_headings(paragraphs)
    if not parsed.entries and not parsed.problems:
        raise CorpusError(
            "The document has no headings and nothing in it asks; make each section a Heading 1 "
            "and each question a Heading 2."
        )
    return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A stretch of text in one font and weight with one link."""

    text: str
    code: bool
    bold: bool
    url: str


class _Document:
    """Walks the XML below python-docx, which leaves out insertions, fields and nested tables."""

    def __init__(self, data: bytes) -> None:
        import docx

        document = docx.Document(io.BytesIO(data))
        self._body: Element = document.element.body
        self._links: dict[str, str] = {
            key: str(relation.target_ref)
            for key, relation in document.part.rels.items()
            if relation.is_external
        }
        self._styles = Styles(document.styles.element)
        try:
            self._lists = Lists(document.part.numbering_part.element)
        except (KeyError, NotImplementedError):  # a document without lists
            self._lists = Lists(None)

    def paragraphs(self) -> Iterator[Paragraph]:
        yield from self._blocks(self._body)

    def _blocks(self, parent: Element) -> Iterator[Paragraph]:
        for child in parent:
            name = local_name(child)
            if name == "p":
                yield from self._paragraph(child)
            elif name == "tbl":
                yield from self._table(child)
            elif name in _WRAPPERS:
                yield from self._blocks(child)

    def _paragraph(self, element: Element) -> Iterator[Paragraph]:
        yield from self._text(element)
        for box in element.iter(f"{W}txbxContent"):
            is_own = next(box.iterancestors(f"{W}p")) is element
            # Each box is there twice: once more for programs that cannot draw it.
            if is_own and next(box.iterancestors(_FALLBACK), None) is None:
                yield from self._blocks(box)

    def _text(self, element: Element) -> Iterator[Paragraph]:
        pieces = list(self._pieces(element))
        plain = "".join(piece.text for piece in pieces)
        if not clean_line(plain) or self._styles.is_passed_over(element):
            return
        if level := self._styles.level(element):
            yield Paragraph(
                kind=Kind.HEADING, text=clean_line(plain), level=level, anchor=_anchor(element)
            )
            return
        list_id, numbers = self._styles.list_of(element)
        if list_id:
            depth, mark = self._lists.mark(list_id, element, numbers=numbers)
            indent = "   " * depth
            lines = _markdown(pieces).replace("\n", f"\n{indent}{' ' * len(mark)}")
            yield Paragraph(kind=Kind.ITEM, text=f"{indent}{mark}{lines}")
        elif self._styles.is_code(element) or all(p.code for p in pieces if p.text.strip()):
            yield Paragraph(kind=Kind.CODE, text=clean_text(plain))
        else:
            yield Paragraph(kind=Kind.TEXT, text=_markdown(pieces))

    def _table(self, table: Element) -> Iterator[Paragraph]:
        rows = [row.findall(f"{W}tc") for row in table.findall(f"{W}tr")]
        width = max(map(len, rows), default=0)
        if width <= 1:  # a box around text or code
            for cell in (cell for row in rows for cell in row):
                yield from self._blocks(cell)
            return
        columns = question_columns(list(map(self._cell, rows[0])))
        if columns is not None:
            yield from self._asked_rows(rows[1:], *columns)
            return
        texts = [[self._cell(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
        lines = [f"| {' | '.join(row)} |" for row in texts if any(row)]
        if lines:
            lines.insert(1, "|" + " --- |" * width)
            yield Paragraph(kind=Kind.TEXT, text="\n".join(lines))

    def _asked_rows(
        self, rows: list[list[Element]], asked: int, answered: int
    ) -> Iterator[Paragraph]:
        """The rows as folded parts, one with each question."""
        for row in (row for row in rows if len(row) > max(asked, answered)):
            if title := self._cell(row[asked]):
                yield Paragraph(kind=Kind.FOLD, text=title.replace("\\|", "|"))
                yield from self._blocks(row[answered])
                yield Paragraph(kind=Kind.FOLD_END, text="")

    def _cell(self, cell: Element) -> str:
        texts = (_markdown(self._pieces(each)) for each in cell.iter(f"{W}p"))
        return clean_line(" ".join(texts)).replace("|", "\\|")

    def _pieces(self, paragraph: Element) -> Iterator[_Piece]:
        #: The instructions of the fields that are open.
        fields: list[str] = []
        for run, link in _runs(paragraph, ""):
            _follow_fields(run, fields)
            text = _run_text(run)
            if run.find(f"{W}rPr/{W}vanish") is not None or not text:
                continue
            fonts = run.find(f"{W}rPr/{W}rFonts")
            font = "" if fonts is None else attribute(fonts, "ascii")
            named = (match[1] for field in fields if (match := _HYPERLINK.match(field)))
            yield _Piece(
                text=text,
                code=bool(_TYPEWRITER.search(font)),
                bold=self._styles.is_bold(run, paragraph),
                url=self._links.get(link, "") or next(named, ""),
            )


def _runs(parent: Element, link: str) -> Iterator[tuple[Element, str]]:
    """The runs of a paragraph, each with the id of its link."""
    for child in parent:
        name = local_name(child)
        if name == "r":
            yield child, link
        elif name == "hyperlink":
            yield from _runs(child, str(child.get(_RELATION, "")))
        elif name in _WRAPPERS:
            yield from _runs(child, link)


def _follow_fields(run: Element, fields: list[str]) -> None:
    """Links may be fields: a run that begins one, some that say where to, and one that ends it."""
    for child in run:
        name = local_name(child)
        if name == "fldChar":
            kind = attribute(child, "fldCharType")
            if kind == "begin":
                fields.append("")
            elif kind == "end" and fields:
                fields.pop()
        elif name == "instrText" and fields:
            fields[-1] += child.text or ""


def _anchor(heading: Element) -> str:
    """Where Google Docs opens the heading: its exports name a bookmark after it."""
    for mark in heading.iter(f"{W}bookmarkStart"):
        if match := _GOOGLE_HEADING.fullmatch(attribute(mark, "name")):
            return f"heading=h.{match[1]}"
    return ""


def _run_text(run: Element) -> str:
    parts = []
    for child in run:
        name = local_name(child)
        if name == "t":
            parts.append(child.text or "")
        elif name == "tab":
            parts.append("\t")
        elif name in ("br", "cr") and attribute(child, "type") not in ("page", "column"):
            parts.append("\n")
        elif name == "noBreakHyphen":
            parts.append("-")
    return "".join(parts)


def _markdown(pieces: Iterable[_Piece]) -> str:
    """Neighbouring pieces of one kind are joined; links and code get their Markdown marks."""
    parts = []
    joined = groupby(pieces, key=lambda piece: (piece.code, piece.bold, piece.url))
    for (code, bold, url), group in joined:
        text = "".join(piece.text for piece in group)
        inner = text.strip()
        shown = f"`{inner}`" if code and not re.search(r"[`\n]", inner) else inner
        if bold and not code and not url and re.search(r"\w", inner):
            shown = f"**{shown}**"
        parts.append(text.replace(inner, _link(shown, url), 1) if inner else text)
    return clean_text("".join(parts)).strip()


def _link(text: str, url: str) -> str:
    target = clean_url(url)
    if target is None or text == target:
        return text
    if "[" in text or "]" in text:
        return f"{text} ({target})"
    return f"[{text}](<{target}>)" if "(" in target else f"[{text}]({target})"
