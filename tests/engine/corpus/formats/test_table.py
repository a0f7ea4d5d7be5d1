"""Tables as people keep them in spreadsheets."""

from __future__ import annotations

import pytest

from engine.corpus.formats.data.table import parse_csv
from engine.errors import CorpusError


def read(text: str) -> list[tuple[str, str, str]]:
    return [(e.section, e.question, e.answer) for e in parse_csv(text.encode()).entries]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("FAQ of the course;;\n;;\nFrage;Antwort;\nWo?;Hier.;x\n", id="title above"),
        pytest.param("sep=;\nQuestion;Answer\nWo?;Hier.\n", id="hint of Excel"),
        pytest.param("Question,,Answer,\nWo?,,Hier.,\n", id="unnamed columns"),
        pytest.param("answer,question,answer\n,Wo?,Hier.\n", id="a name twice"),
        pytest.param("Query\tResponse\nWo?\tHier.\n", id="tabs"),
        pytest.param("Question:,Answer:\n , \nWo?,Hier.\n", id="blank row"),
    ],
)
def test_one_entry_is_read(text: str) -> None:
    assert [(q, a.strip()) for _, q, a in read(text)] == [("Wo?", "Hier.")]


def test_a_cell_may_hold_several_lines() -> None:
    assert read('question,answer\nWhy?,"One,\ntwo."\n') == [("", "Why?", "One,\ntwo.")]


def test_two_columns_without_a_header_are_read_where_the_first_asks() -> None:
    assert read('Can I join?,"Yes, you can."\nIs it free?,Yes.\n') == [
        ("", "Can I join?", "Yes, you can."),
        ("", "Is it free?", "Yes."),
    ]


def test_a_row_with_a_title_alone_names_the_section_below_it() -> None:
    rows = "Question,Answer\nJoining,\nCan I join?,Yes.\nHomework,\nIs it hard?,No.\nWhen?,\n"

    parsed = parse_csv(rows.encode())

    assert [entry.section for entry in parsed.entries] == ["Joining", "Homework"]
    assert parsed.problems == ("Entry 3 (“When?”) has no answer; write one or delete the entry.",)


def test_a_name_in_another_column_is_no_question() -> None:
    parsed = parse_csv(b"Name,Question,Answer\nAnn,Why?,So.\nBob,,No idea.\n")

    assert [entry.question for entry in parsed.entries] == ["Why?"]
    assert parsed.problems == (
        "Entry 2 (“No idea.”) has no question; write one or delete the entry.",
    )


def test_a_column_may_keep_rows_back() -> None:
    parsed = parse_csv(b"Question,Answer,Published?\nWhy?,So.,Yes\nWhen?,Now.,No\n")

    assert [entry.question for entry in parsed.entries] == ["Why?"]
    assert parsed.left_out == ("1 entry is left out, marked “published: no”.",)


def test_text_of_an_old_spreadsheet_is_refused_with_what_to_do() -> None:
    with pytest.raises(CorpusError, match="save it as UTF-8"):
        parse_csv("question,answer\nWo?,Drüben.\n".encode("cp1252"))


def test_the_table_of_a_spreadsheet_in_utf_16_is_read() -> None:
    assert parse_csv("Question\tAnswer\nWo?\tHier.\n".encode("utf-16")).entries
