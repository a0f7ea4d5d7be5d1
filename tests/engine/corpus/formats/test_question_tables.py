"""Tables in running text whose columns say where questions and answers stand."""

from __future__ import annotations

import io

import docx
import pytest

from engine.corpus.entry import Entry
from engine.corpus.formats.documents.docx import parse_docx
from engine.corpus.formats.pages.webpage import parse_webpage
from engine.corpus.formats.question_table import question_columns
from engine.corpus.formats.text.markdown import parse_markdown

ROWS = [["#", "Frage", "Wer", "Antwort"], ["1", "Geht das?", "Ina", "Ja."], ["2", "Wo", "", "Da."]]
READ = [("Geht das?", "Ja."), ("Wo", "Da.")]


def pairs(entries: tuple[Entry, ...]) -> list[tuple[str, str]]:
    return [(entry.question, entry.answer) for entry in entries]


def test_a_table_of_markdown_is_read() -> None:
    lines = [f"| {' | '.join(row)} |" for row in ROWS]
    text = "\n".join([lines[0], "|---|---|---|---|", *lines[1:]])

    assert pairs(parse_markdown(text.encode()).entries) == READ


def test_a_table_of_a_document_is_read() -> None:
    document = docx.Document()
    table = document.add_table(rows=0, cols=4)
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    file = io.BytesIO()
    document.save(file)

    assert pairs(parse_docx(file.getvalue(), 10_000_000).entries) == READ


def test_a_table_of_a_page_is_read() -> None:
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
    page = f"<html><body><main><h1>FAQ</h1><table>{rows}</table></main></body></html>"

    assert pairs(parse_webpage(page.encode()).entries) == READ


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["質問", "回答"], (0, 1)),
        (["Nr.", "Відповідь", "Питання"], (2, 1)),
        (["**Question**", "Answers"], (0, 1)),
        (["Question", "Points"], None),
        (["Question", "Options", "Answer"], None),
        ([], None),
    ],
)
def test_columns_are_found_by_their_names(
    header: list[str], columns: tuple[int, int] | None
) -> None:
    assert question_columns(header) == columns
