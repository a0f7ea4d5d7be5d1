"""JSON, YAML and CSV: the plain shapes, and that nothing makes them raise."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.entry import Parsed
from engine.corpus.formats.data.structured import parse_json, parse_yaml
from engine.corpus.formats.data.table import parse_csv
from engine.errors import CorpusError

#: Text that cleaning leaves as it is.
PLAIN = st.text(st.sampled_from("abc XYZ?,;|'\"#:-é日"), min_size=1).map(str.strip).filter(bool)


def pairs(parsed: Parsed) -> list[tuple[str, str]]:
    return [(entry.question, entry.answer) for entry in parsed.entries]


def test_the_nested_form_gives_course_and_section() -> None:
    data = [
        {
            "course": "llm",
            "documents": [{"text": "Yes.", "section": "General", "question": "Can I join?"}],
        }
    ]

    (entry,) = parse_json(json.dumps(data).encode()).entries

    assert (entry.course, entry.section, entry.question) == ("llm", "General", "Can I join?")
    assert entry.answer == "Yes."


def test_the_flat_form_keeps_its_ids() -> None:
    data = [{"id": "c02e79ef", "course": "de", "section": "S", "question": "When?", "text": "Now."}]

    (entry,) = parse_json(json.dumps(data).encode()).entries

    assert (entry.id, entry.course, entry.answer) == ("c02e79ef", "de", "Now.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("- question: Why?\n  answer: So.\n", [("Why?", "So.")], id="list"),
        pytest.param(
            "Why this?: So.\nWhy that?: |\n  a\n  b\n",
            [("Why this?", "So."), ("Why that?", "a\nb")],
            id="mapping",
        ),
        pytest.param(
            "Setup:\n  - question: Why?\n    text: So.\n", [("Why?", "So.")], id="sections"
        ),
        pytest.param("Why this?:\n  answer: So.\n", [("Why this?", "So.")], id="mapping to entry"),
        pytest.param("question: Why?\nanswer: [a, b]\n", [("Why?", "a\nb")], id="one entry, lines"),
    ],
)
def test_yaml_shapes(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(parse_yaml(text.encode())) == expected


def test_a_mapping_of_sections_names_the_section() -> None:
    (entry,) = parse_yaml(b"Setup:\n  - question: Why?\n    text: So.\n").entries

    assert entry.section == "Setup"


def test_an_id_of_digits_stays_as_written() -> None:
    (entry,) = parse_yaml(b"- {id: 0123456701, question: Why?, answer: So.}\n").entries

    assert entry.id == "0123456701"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiters_are_recognised(delimiter: str) -> None:
    rows = [["Question", "Answer", "Section", "url"], ["Why?", "a, b; c | d", "S", "https://e.org"]]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)

    (entry,) = parse_csv(file.getvalue().encode("utf-8-sig")).entries

    assert (entry.question, entry.answer) == ("Why?", "a, b; c | d")
    assert (entry.section, entry.url) == ("S", "https://e.org")


def test_an_entry_without_answer_is_named_and_the_others_stay() -> None:
    parsed = parse_csv(b"question,answer\nWhy?,So.\nWhen?,\n,Here.\n")

    assert pairs(parsed) == [("Why?", "So.")]
    assert parsed.problems == (
        "Entry 2 (“When?”) has no answer; write one or delete the entry.",
        "Entry 3 (“Here.”) has no question; write one or delete the entry.",
    )


def test_thousands_of_bad_entries_are_summed_up() -> None:
    good = {"question": "Why?", "answer": "So."}
    parsed = parse_json(json.dumps([good, *[1] * 5000]).encode())

    assert len(parsed.problems) == 21
    assert parsed.problems[-1] == "4980 more entries have such problems."


@pytest.mark.parametrize(
    ("parse", "data", "problem"),
    [
        pytest.param(parse_json, b'[{"question": ', "not valid JSON .line 1", id="cut JSON"),
        pytest.param(parse_json, b"[" * 100_000, "nested too deeply", id="deep JSON"),
        pytest.param(parse_json, b"9" * 9_999, "number is too long", id="long number"),
        pytest.param(parse_json, b'{"detail": "Not found"}', "holds no entries", id="error page"),
        pytest.param(parse_json, b"3", "holds no entries", id="a number"),
        pytest.param(parse_json, b"[" + b"{}," * 500_000, "too many parts", id="many objects"),
        pytest.param(
            parse_csv, b"id,question,text\n" + b",a,b\n" * 100_001, "split it", id="many rows"
        ),
        pytest.param(parse_yaml, b"", "holds no entries", id="empty YAML"),
        pytest.param(parse_yaml, b"- " * 5_000, "nested too deeply", id="deep YAML"),
        pytest.param(
            parse_yaml, b"Is it &a?: x\nWhy?: &a [x]\nWhen?: [*a, *a]", "alias", id="YAML bomb"
        ),
        pytest.param(parse_yaml, b"Why?: a: b", "not valid YAML .line 1", id="colon in YAML"),
        pytest.param(parse_csv, b"a,b\n1,2\n", "no header", id="CSV without header"),
        pytest.param(
            parse_csv, b'question,answer\n"a,b\nc,d\n', "not valid CSV .line 3", id="quote"
        ),
        pytest.param(parse_csv, b"", "no header", id="empty CSV"),
    ],
)
def test_a_malformed_file_is_refused_with_a_reason(
    parse: Callable[[bytes], Parsed], data: bytes, problem: str
) -> None:
    with pytest.raises(CorpusError, match=problem):
        parse(data)


@pytest.mark.parametrize("parse", [parse_json, parse_yaml, parse_csv])
@given(data=st.binary() | st.text().map(lambda text: text.encode(errors="replace")))
def test_arbitrary_bytes_raise_nothing_but_corpus_error(
    parse: Callable[[bytes], Parsed], data: bytes
) -> None:
    try:
        parsed = parse(data)
    except CorpusError:
        return
    assert all(entry.question and entry.answer for entry in parsed.entries)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["question", "text", "title", "documents", "id", "Is it?"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_arbitrary_json_raises_nothing_but_corpus_error(content: object) -> None:
    for parse in (parse_json, parse_yaml):
        try:
            parsed = parse(json.dumps(content).encode())
        except CorpusError:
            continue
        assert all(entry.question and entry.answer for entry in parsed.entries)


@given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1))
def test_what_is_written_as_csv_and_json_is_read_back(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([("question", "answer"), *rows])
    written = [{"question": question, "answer": answer} for question, answer in rows]
    expected = [(" ".join(question.split()), answer) for question, answer in rows]

    assert pairs(parse_csv(file.getvalue().encode())) == expected
    assert pairs(parse_json(json.dumps(written).encode())) == expected
