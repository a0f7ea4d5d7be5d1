"""Reads a PDF: its lines with their size and weight, which tell headings from text."""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.corpus.entry import Parsed
from engine.corpus.formats.documents.pdf_layout import Line, paragraphs_of
from engine.corpus.formats.headings import parsed_passages, passages
from engine.errors import CorpusError, NotAnFaq

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_MOST_PAGES = 1_000
_MOST_CHARS = 5_000_000
#: An FAQ of 100 pages takes three seconds.
_MOST_SECONDS = 30
#: Of what a stream unpacks to, and of the numbers, names and operators in it; a page of dense text
#: has 50,000 bytes and 20,000 of these.
_MOST_STREAM = 10_000_000
_MOST_PARTS = 500_000
_BOLD = re.compile(r"(?i)bold|black|heavy|semibold|demi|[-,]b(?:old)?\b|cmbx|sfbx|ecbx")
_TYPEWRITER = re.compile(r"(?i)courier|consolas|menlo|monaco|mono|typewriter|cmtt|sftt|inconsolata")
_MOST_BOOKMARKS = 5_000


def parse_pdf(data: bytes) -> Parsed:
    """The questions of a document: larger or bold lines are headings, bookmarks name them too.

    Headers, footers and page numbers are left out, and lines that were wrapped are joined.
    Raises CorpusError when pypdf is not installed, or the file is protected, scanned, broken or
    too large, and NotAnFaq when it has no questions.
    """
    try:
        import pypdf
    except ImportError:
        raise CorpusError(
            "Reading a PDF needs the package pypdf; install it with “python -m pip install pypdf”."
        ) from None
    # It warns of every flaw of a file, and most files have some.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    limits = pypdf.get_configuration().with_overwrites(
        zlib_maximum_output_length=_MOST_STREAM,
        lzw_maximum_output_length=_MOST_STREAM,
        run_length_maximum_output_length=_MOST_STREAM,
        array_based_stream_maximum_output_length=_MOST_STREAM,
        stream_parsing_work_maximum_count=_MOST_PARTS,
    )
    try:
        with pypdf.apply_configuration(limits):
            reader = _opened(data)
            lines = list(_lines(reader))
            bookmarks = dict(_bookmarks(reader.outline, 1))
    except CorpusError:
        raise
    except pypdf.errors.LimitReachedError as error:
        raise CorpusError(
            "A page of the PDF holds far more than text, or the file is made to hurt; it is not "
            "read. Print the text to a new PDF, or list the document it was made of."
        ) from error
    # A broken file makes pypdf raise errors of a dozen kinds.
    except Exception as error:
        raise CorpusError("The file is not a readable PDF; export it again.") from error
    if not any(line.text.strip() for line in lines):
        raise CorpusError(
            "The PDF holds pictures of text only, as a scanner makes them; run text recognition "
            "(OCR) over it, or list the document it was made of."
        )
    title = str(reader.metadata.title or "") if reader.metadata else ""
    asked = passages(list(paragraphs_of(lines, bookmarks)), title=title)
    if not asked:
        raise NotAnFaq(
            "The PDF has no questions: no larger or bold lines that ask, and none that end with a "
            "question mark; list the document it was made of."
        )
    return parsed_passages(asked)


def _opened(data: bytes) -> PdfReader:
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(data))
    protected = CorpusError("The PDF is protected by a password; save it without one.")
    if reader.is_encrypted:
        try:
            if not reader.decrypt(""):
                raise protected
        except (pypdf.errors.DependencyError, NotImplementedError):
            raise protected from None
    if len(reader.pages) > _MOST_PAGES:
        raise CorpusError(f"The PDF has more than {_MOST_PAGES:,} pages; split it.")
    return reader


def _lines(reader: PdfReader) -> Iterator[Line]:
    deadline = time.monotonic() + _MOST_SECONDS
    num_chars = 0
    for number, page in enumerate(reader.pages, start=1):
        for line in _lines_of_page(page, number, deadline):
            num_chars += len(line.text)
            if num_chars > _MOST_CHARS:
                raise CorpusError(
                    f"The PDF holds more than {_MOST_CHARS:,} characters of text; split it."
                )
            yield line


def _lines_of_page(page: PageObject, number: int, deadline: float) -> list[Line]:
    pieces: list[tuple[str, float, float, float, str]] = []

    def visit(text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:
        if time.monotonic() > deadline:
            raise CorpusError(f"The PDF takes more than {_MOST_SECONDS} seconds to read; split it.")
        if text:
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            scale = abs(tm[3] * cm[3]) or abs(tm[0] * cm[0]) or 1.0
            name = str(font.get("/BaseFont", "")) if font else ""
            pieces.append((text, x, y, abs(size) * scale, name))

    page.extract_text(orientations=(0,), visitor_text=visit)
    lines: list[Line] = []
    open_line: Line | None = None
    for text, x, y, size, font in pieces:
        first = True
        for part in text.split("\n"):
            if not first:
                open_line = None
            first = False
            if not part.strip() and open_line is None:
                continue
            if open_line is None or abs(open_line.y - y) > max(size, open_line.size) * 0.4:
                open_line = Line(page=number, x=x, y=y, size=size)
                lines.append(open_line)
            open_line.add(
                part, size, is_bold=bool(_BOLD.search(font)), is_code=bool(_TYPEWRITER.search(font))
            )
    return lines


def _bookmarks(outline: Any, depth: int) -> Iterator[tuple[str, int]]:
    """Title → depth of what the side bar of a viewer lists."""
    for number, each in enumerate(outline):
        if number > _MOST_BOOKMARKS:
            return
        if isinstance(each, list):
            yield from _bookmarks(each, depth + 1)
        elif title := " ".join(str(each.title or "").split()).casefold():
            yield title, depth
