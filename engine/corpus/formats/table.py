"""Reads entries out of CSV files."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from engine.corpus.entry import EntryList, Parsed
from engine.corpus.text import clean_line, decode
from engine.errors import CorpusError

if TYPE_CHECKING:
    from _csv import Reader

_DELIMITERS = ",;\t|"


def parse_csv(data: bytes) -> Parsed:
    """Rows below a header that names the columns question and answer.

    Raises CorpusError when there is no such header or the quotes do not match.
    """
    text = decode(data)
    if text[:4].lower() == "sep=":  # a hint that Excel writes and reads
        text = text.partition("\n")[2]
    delimiter = next((each for each in _DELIMITERS if _is_header(_header(text, each))), None)
    if delimiter is None:
        raise CorpusError(
            "The file has no header with the columns “question” and “answer” (or “text”); "
            "add one as its first line."
        )
    found = EntryList()
    rows = _rows(text, delimiter)
    try:
        header = next(filter(any, rows))
        for row in filter(any, rows):
            found.add(dict(zip(header, row, strict=False)))
    except csv.Error as error:
        raise CorpusError(f"The file is not valid CSV (line {rows.line_num}: {error}).") from None
    return found.parsed()


def _rows(text: str, delimiter: str) -> Reader:
    # Strict: an unclosed quote is an error instead of swallowing the rest of the file.
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _header(text: str, delimiter: str) -> set[str]:
    try:
        return {
            clean_line(name).casefold() for name in next(filter(any, _rows(text, delimiter)), [])
        }
    except csv.Error:
        return set()


def _is_header(names: set[str]) -> bool:
    return "question" in names and not names.isdisjoint({"answer", "text"})
