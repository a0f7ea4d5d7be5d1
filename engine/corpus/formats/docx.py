"""Reads a .docx as exported from a shared document, once it was unpacked without trusting it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from engine.corpus.entry import Parsed
from engine.corpus.formats.headings import Kind, Paragraph, entries_below_headings
from engine.corpus.formats.wordml import Element, Lists, Styles, W, attribute, local_name
from engine.corpus.text import clean_line, clean_text, clean_url
from engine.errors import CorpusError

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
#: Elements that only wrap others: accepted insertions, tags, fields, content controls.
_WRAPPERS = {"ins", "moveTo", "smartTag", "fldSimple", "sdt", "sdtContent", "customXml", "bdo"}
_TYPEWRITER = re.compile(r"(?i)courier|consolas|menlo|monaco|\bmono\b|source code|inconsolata")
_MOST_MEMBERS = 2_000
#: libxml2 takes about 100 bytes for each tag or attribute: this bounds a document to some 200 MB.
_MOST_TAGS = 1_000_000
_CHUNK = 1 << 16
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']+)""")
_PLAIN_ENCODINGS = {b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii"}
_XML_NAMES = (".xml", ".rels")


def parse_docx(data: bytes, max_bytes: int) -> Parsed:
    """The questions of a document: Heading 1 is the section, the headings below it ask.

    Raises CorpusError when it is no .docx, would unpack to more than `max_bytes`, or has no
    headings.
    """
    try:
        paragraphs = list(_Document(checked_archive(data, max_bytes)).paragraphs())
    except CorpusError:
        raise
    # A broken file makes zipfile, lxml and python-docx raise errors of a dozen kinds.
    except Exception as error:
        raise CorpusError(
            f"The file is not a readable .docx ({type(error).__name__}); export it again."
        ) from error
    if not any(paragraph.kind is Kind.HEADING for paragraph in paragraphs):
        raise CorpusError(
            "The document has no headings; make each section a Heading 1 and each question "
            "a Heading 2."
        )
    return entries_below_headings(paragraphs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A stretch of text in one font with one link."""

    text: str
    code: bool
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
        pieces = list(self._pieces(element, ""))
        plain = "".join(piece.text for piece in pieces)
        if not clean_line(plain) or self._styles.is_passed_over(element):
            return
        if level := self._styles.level(element):
            yield Paragraph(kind=Kind.HEADING, text=clean_line(plain), level=level)
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
        texts = [[self._cell(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
        lines = [f"| {' | '.join(row)} |" for row in texts if any(row)]
        if lines:
            lines.insert(1, "|" + " --- |" * width)
            yield Paragraph(kind=Kind.TEXT, text="\n".join(lines))

    def _cell(self, cell: Element) -> str:
        texts = (_markdown(self._pieces(each, "")) for each in cell.iter(f"{W}p"))
        return clean_line(" ".join(texts)).replace("|", "\\|")

    def _pieces(self, parent: Element, url: str) -> Iterator[_Piece]:
        for child in parent:
            name = local_name(child)
            if name == "r":
                if child.find(f"{W}rPr/{W}vanish") is None and (text := _run_text(child)):
                    fonts = child.find(f"{W}rPr/{W}rFonts")
                    font = "" if fonts is None else attribute(fonts, "ascii")
                    yield _Piece(text=text, code=bool(_TYPEWRITER.search(font)), url=url)
            elif name == "hyperlink":
                target = self._links.get(str(child.get(_RELATION, "")), "")
                yield from self._pieces(child, target)
            elif name in _WRAPPERS:
                yield from self._pieces(child, url)


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
    for (code, url), group in groupby(pieces, key=lambda piece: (piece.code, piece.url)):
        text = "".join(piece.text for piece in group)
        inner = text.strip()
        shown = f"`{inner}`" if code and not re.search(r"[`\n]", inner) else inner
        parts.append(text.replace(inner, _link(shown, url), 1) if inner else text)
    return clean_text("".join(parts)).strip()


def _link(text: str, url: str) -> str:
    target = clean_url(url)
    if target is None or text == target:
        return text
    if "[" in text or "]" in text:
        return f"{text} ({target})"
    return f"[{text}](<{target}>)" if "(" in target else f"[{text}]({target})"


def checked_archive(data: bytes, max_bytes: int) -> bytes:
    """The same archive with only its XML, every part checked and stored unpacked.

    The sizes in a zip's directory may lie, so what comes out is counted while unpacking.
    Raises CorpusError when it is refused; zipfile's own errors when it is broken.
    """
    safe = io.BytesIO()
    left, tags_left = max_bytes, _MOST_TAGS
    with (
        zipfile.ZipFile(io.BytesIO(data)) as archive,
        zipfile.ZipFile(safe, "w", zipfile.ZIP_STORED) as copy,
    ):
        members = [member for member in archive.infolist() if not member.is_dir()]
        _check_directory(members, max_bytes)
        for member in members:
            part = b""  # pictures are not read
            if member.filename.lower().endswith(_XML_NAMES):
                part = _read(archive, member, left)
                left -= len(part)
                tags_left -= part.count(b"<") + part.count(b"=")
                _check_xml(part, tags_left)
            copy.writestr(zipfile.ZipInfo(member.filename), part)
    return safe.getvalue()


def _check_directory(members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    if len(members) > _MOST_MEMBERS or len({m.filename for m in members}) < len(members):
        raise CorpusError("The document's archive has too many or repeated parts; it is refused.")
    if sum(member.file_size for member in members) > max_bytes:
        raise CorpusError(
            f"The document unpacks to more than {max_bytes} bytes (corpus.max_bytes); "
            "take out large pictures or split it."
        )
    if any(member.flag_bits & 1 for member in members):
        raise CorpusError("The document is protected by a password; save it without one.")
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in members):
        raise CorpusError("The document is packed in a way no office program uses; it is refused.")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    part = bytearray()
    with archive.open(member) as packed:
        while chunk := packed.read(_CHUNK):
            part += chunk
            if len(part) > left:
                raise CorpusError(
                    "The document unpacks to more than corpus.max_bytes and lies about it; "
                    "it is refused."
                )
    return bytes(part)


def _check_xml(part: bytes, tags_left: int) -> None:
    if tags_left < 0:
        raise CorpusError("The document has too many XML elements; split it.")
    plain = part.replace(b"\0", b"")  # UTF-16 then reads like UTF-8
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
        plain = plain.removeprefix(mark)
    encoding = _ENCODING.match(plain)
    if encoding is not None and encoding[1].lower() not in _PLAIN_ENCODINGS:
        raise CorpusError("The document uses an unusual XML encoding; export it again.")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise CorpusError("The document's XML declares entities, which no export does; refused.")
    if plain.lstrip()[:1] != b"<":
        raise CorpusError("The document holds a part that is not XML; export it again.")
