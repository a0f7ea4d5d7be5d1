"""Reads entries out of tables: CSV, TSV and what spreadsheets make of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from engine.corpus.entry import MOST_ENTRIES, TOO_MANY_ENTRIES, Parsed
from engine.corpus.fields import NAMES, folded
from engine.corpus.formats.data.shapes import entries_of
from engine.corpus.text import clean_line, decode
from engine.corpus.wording import asks
from engine.errors import CorpusError, NotAnFaq

if TYPE_CHECKING:
    from _csv import Reader

_DELIMITERS = ",;\t|"
#: Rows that are searched for the header: a title and a note may stand above it.
_MOST_ABOVE = 10
#: Cells or lines: a row may hold all of them, a reference each.
_MOST_CELLS = 3_000_000
_NO_HEADER = (
    "The file has no header with the columns “question” and “answer”; add one as its first line."
)
_QUESTION, _ANSWER, _SECTION = (
    {folded(name) for name in NAMES[field]} for field in ("question", "answer", "section")
)


def parse_csv(data: bytes) -> Parsed:
    """Rows below a header that names the columns; two columns need none when the first one asks.

    A row with nothing but a title in its first cell names the section of those below it. Raises
    CorpusError when there is no such header or the quotes do not match.
    """
    text = decode(data)
    if text[:4].lower() == "sep=":  # a hint that Excel writes and reads
        text = text.partition("\n")[2]
    if max(map(text.count, _DELIMITERS + "\n")) > _MOST_CELLS:
        raise CorpusError("The file has too many cells for an FAQ; delete empty rows and columns.")
    delimiter = next((each for each in _DELIMITERS if _header(text, each)), None)
    if delimiter is None:
        return entries_of([{"question": q, "answer": a} for q, a in _pairs(text)])
    rows = _rows(text, delimiter)
    try:
        header = next(filter(_is_header, filter(any, rows)))
        return entries_of(list(_named(header, rows)))
    except csv.Error as error:
        raise CorpusError(f"The file is not valid CSV (line {rows.line_num}: {error}).") from None


def _named(header: list[str], rows: Reader) -> Iterator[dict[str, str]]:
    """Each row by the names of its columns; of two with one name, the first that is filled in."""
    names = [clean_line(name) for name in header]
    section = ""
    for number, row in enumerate(filter(_is_filled_in, rows)):
        if number >= MOST_ENTRIES:
            raise CorpusError(TOO_MANY_ENTRIES)
        fields: dict[str, str] = {}
        for name, cell in zip(names, row, strict=False):
            if name and not fields.get(name):
                fields[name] = cell
        if _is_title(row) and _SECTION.isdisjoint(map(folded, names)):
            section = row[0]
        else:
            yield {**fields, "section": section} if section else fields


def _is_filled_in(row: list[str]) -> bool:
    return any(cell.strip() for cell in row)


def _is_title(row: list[str]) -> bool:
    return bool(row[0].strip()) and not any(cell.strip() for cell in row[1:]) and not asks(row[0])


def _pairs(text: str) -> list[list[str]]:
    """Rows of a question and an answer in a file without a header."""
    for delimiter in _DELIMITERS:
        try:
            rows = list(islice(filter(any, _rows(text, delimiter)), MOST_ENTRIES + 1))
        except csv.Error:
            continue
        pairs = [row[:2] for row in rows if len(row) >= 2 and not any(row[2:])]
        if len(pairs) == len(rows) and 2 * sum(asks(question) for question, _ in pairs) > len(rows):
            return pairs
    raise NotAnFaq(_NO_HEADER)


def _rows(text: str, delimiter: str) -> Reader:
    # Strict: an unclosed quote is an error instead of swallowing the rest of the file.
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _header(text: str, delimiter: str) -> list[str]:
    try:
        above = islice(filter(any, _rows(text, delimiter)), _MOST_ABOVE)
        return next(filter(_is_header, above), [])
    except csv.Error:
        return []


def _is_header(row: list[str]) -> bool:
    names = {folded(cell) for cell in row}
    return not names.isdisjoint(_QUESTION) and not names.isdisjoint(_ANSWER)
