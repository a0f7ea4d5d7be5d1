"""Entries are found in every shape that people keep them in."""

from __future__ import annotations

import json

import pytest

from engine.corpus.entry import Entry
from engine.corpus.fields import NAMES
from engine.corpus.formats.data.structured import parse_json, parse_yaml


def read(text: str) -> list[Entry]:
    return list(parse_yaml(text.encode()).entries)


def placed(text: str) -> list[tuple[str, str, str]]:
    return [(entry.section, entry.question, entry.answer) for entry in read(text)]


ONE = [("Joining", "Can I join late?", "Yes.")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "title: Our FAQ\ngroups:\n- title: Joining\n  items:\n"
            "  - {question: Can I join late?, answer: Yes.}\n",
            id="groups with items",
        ),
        pytest.param(
            "categories:\n- name: Joining\n  slug: join\n  questions:\n"
            "  - {q: Can I join late?, a: Yes.}\n",
            id="categories with questions",
        ),
        pytest.param("faq: {Joining: [{q: Can I join late?, a: Yes.}]}", id="a key a section"),
        pytest.param("Joining: {Can I join late?: Yes.}", id="questions mapped in a section"),
        pytest.param(
            "data: {items: [{question: Can I join late?, answer: Yes., category: Joining}]}",
            id="data with items",
        ),
        pytest.param(
            "title: Joining\nentries: [{question: Can I join late?, answer: Yes.}]",
            id="a file for each section",
        ),
        pytest.param(
            "records: [{id: r1, fields: {Question: Can I join late?, Answer: Yes.,"
            " Topic: Joining}}]",
            id="fields in a wrapper",
        ),
        pytest.param(
            "categories: {joining: {heading: Joining, list: [{title: Can I join late?,"
            " body: Yes.}]}}",
            id="keyed groups",
        ),
        pytest.param(
            "faq: {title: FAQ, qnaDocuments: [{questions: [Can I join late?], answer: Yes.,"
            " tags: 'Joining, Start'}]}",
            id="names that say nothing",
        ),
        pytest.param(
            "name: Joining\nlist: [{question: {de: Darf ich?, en: Can I join late?},"
            " answer: {de: Ja., en: Yes.}}]",
            id="in several languages",
        ),
    ],
)
def test_the_title_above_a_list_is_its_section(text: str) -> None:
    assert placed(text) == ONE


def test_sections_within_sections_are_joined() -> None:
    text = """
    sections:
    - title: Setup
      subsections:
      - name: Docker
        items: [{question: Why?, answer: So.}]
      items: [{question: When?, answer: Now.}]
    """

    assert placed(text) == [("Setup / Docker", "Why?", "So."), ("Setup", "When?", "Now.")]


def test_courses_hold_sections_that_hold_entries() -> None:
    text = """
    courses:
    - name: Data Basics
      sections: [{title: Setup, entries: [{title: Which editor should I use?, text: Any.}]}]
    - course: ml
      Homework: [{question: When?, answer: Now.}]
    """

    entries = read(text)

    assert [(entry.course, entry.section) for entry in entries] == [
        ("Data Basics", "Setup"),
        ("ml", "Homework"),
    ]


def test_the_key_of_an_entry_is_its_id() -> None:
    (entry,) = read("join-late: {question: Can I join late?, answer: Yes.}")

    assert (entry.id, entry.section, entry.question) == ("join-late", "", "Can I join late?")


def test_a_title_that_does_not_ask_is_read_among_keyed_questions() -> None:
    text = "a: {question: Is it free?, answer: Yes.}\nb: {question: Deadlines, answer: On Sundays.}"

    assert [(entry.id, entry.question) for entry in read(text)] == [
        ("a", "Is it free?"),
        ("b", "Deadlines"),
    ]


def test_an_empty_cell_of_a_data_frame_is_no_answer() -> None:
    parsed = parse_json(b'[{"q": "Why?", "a": "So."}, {"q": "When?", "a": NaN}]')

    assert [entry.question for entry in parsed.entries] == ["Why?"]
    assert parsed.problems == ("Entry 2 (“When?”) has no answer; write one or delete the entry.",)


def test_a_page_of_schema_org_is_read() -> None:
    page = {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "name": "FAQ",
        "mainEntity": [
            {
                "@type": "Question",
                "name": "Late enrolment",
                "acceptedAnswer": {"@type": "Answer", "text": "Yes."},
            }
        ],
    }

    (entry,) = parse_json(json.dumps(page).encode()).entries

    assert (entry.question, entry.answer, entry.section) == ("Late enrolment", "Yes.", "")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("- Can I join late?: Yes.\n- How do I pay?: By card.\n", id="pairs in a list"),
        pytest.param(
            "version: 2\nCan I join late?: Yes.\nHow do I pay?: By card.\n", id="a version beside"
        ),
        pytest.param(
            "question: Can I join late?\nanswer: Yes.\n---\nquestion: How do I pay?\n"
            "answer: By card.\n",
            id="documents",
        ),
    ],
)
def test_two_questions_are_read(text: str) -> None:
    assert [(entry.question, entry.answer) for entry in read(text)] == [
        ("Can I join late?", "Yes."),
        ("How do I pay?", "By card."),
    ]


def test_a_setting_among_questions_is_named_and_the_questions_stay() -> None:
    parsed = parse_yaml(b"Can I join late?: Yes.\nDeadlines: On Sundays.\nIs it free?: Yes.\n")

    assert [entry.question for entry in parsed.entries] == ["Can I join late?", "Is it free?"]
    assert parsed.problems == (
        "Entry 2 (“Deadlines: On Sundays.”) has no question; write one or delete the entry.",
    )


@pytest.mark.parametrize("name", [n for n in NAMES["question"] if n != "questions"])
def test_a_question_is_found_under_each_of_its_names(name: str) -> None:
    (entry,) = read(f"- {{{name}: Why is that?, answer: So.}}")

    assert entry.question == "Why is that?"


@pytest.mark.parametrize("name", NAMES["answer"])
def test_an_answer_is_found_under_each_of_its_names(name: str) -> None:
    (entry,) = read(f"- {{question: Why?, {name.upper()}: So.}}")

    assert entry.answer == "So."


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (field, name)
        for field in ("section", "course", "url", "id", "sort_order", "phrasings")
        for name in NAMES[field]
    ],
)
def test_other_fields_are_found_under_each_of_their_names(field: str, name: str) -> None:
    (entry,) = read(f"- {{question: Why?, answer: So., {name}: '7'}}")

    assert getattr(entry, field) == {"sort_order": 7, "phrasings": ("7",)}.get(field, "7")


def test_a_name_may_be_written_in_any_case_with_any_mark() -> None:
    (entry,) = read("- {Question:: Why?, 'Accepted answer': So., sourceUrl: 'https://e.org'}")

    assert (entry.question, entry.answer, entry.url) == ("Why?", "So.", "https://e.org")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(["First.", "Then."], "First.\nThen.", id="lines"),
        pytest.param(
            [{"step": 1, "text": "First."}, {"text": "Then."}], "First.\nThen.", id="steps"
        ),
        pytest.param({"text": "So.", "links": [{"title": "x"}]}, "So.", id="text with links"),
        pytest.param({"rendered": "<p>So.</p>", "protected": False}, "So.", id="rendered"),
        pytest.param(
            [{"type": "paragraph", "children": [{"text": "So "}, {"text": "it is."}]}],
            "So it is.",
            id="rich text",
        ),
        pytest.param(42, "42", id="a number"),
    ],
)
def test_an_answer_may_have_parts(answer: object, expected: str) -> None:
    (entry,) = parse_json(json.dumps([{"question": "Why?", "answer": answer}]).encode()).entries

    assert entry.answer == expected


@pytest.mark.parametrize(
    "entry",
    [
        {"q": ["Why?", "What for?", "How come?"]},
        {"questions": ["Why?", "What for?", "How come?"]},
        {"question": "Why?", "alternatives": ["What for?", "Why?", "How come?"]},
        {"question": "Why?", "Similar questions": "What for? | How come?"},
    ],
)
def test_the_first_phrasing_is_the_question(entry: dict[str, object]) -> None:
    (read,) = parse_json(json.dumps([{**entry, "answer": "So."}]).encode()).entries

    assert (read.question, read.phrasings) == ("Why?", ("What for?", "How come?"))


def test_the_old_addresses_of_a_page_are_no_phrasings() -> None:
    (entry,) = read("- {question: Why?, answer: So., aliases: [/old/page/, the reason]}")

    assert entry.phrasings == ("the reason",)


@pytest.mark.parametrize(
    "mark",
    [
        *("enabled: no", "draft: true", "published: false", "status: Draft", "status: archived"),
        *("hidden: yes", "disabled: on", "active: 0", "visible: n"),
    ],
)
def test_what_is_kept_back_is_left_out_and_counted(mark: str) -> None:
    parsed = parse_yaml(
        f"- {{question: Why?, answer: So.}}\n- {{question: When?, answer: Now., {mark}}}\n".encode()
    )

    assert [entry.question for entry in parsed.entries] == ["Why?"]
    assert parsed.problems == ()
    assert parsed.left_out == (f"1 entry is left out, marked “{mark.lower()}”.",)


@pytest.mark.parametrize(
    "mark", ["enabled: yes", "draft: false", "published: 2024-05-01", "status: answered"]
)
def test_what_is_not_kept_back_is_served(mark: str) -> None:
    assert len(read(f"- {{question: Why?, answer: So., {mark}}}")) == 1


def test_a_group_that_is_kept_back_keeps_its_entries_back() -> None:
    parsed = parse_yaml(
        b"groups:\n- {title: Old, draft: true, items: [{q: A?, a: b}, {q: C?, a: d}]}\n"
        b"- {title: New, items: [{q: E?, a: f}]}\n"
    )

    assert [entry.question for entry in parsed.entries] == ["E?"]
    assert parsed.left_out == ("2 entries are left out, marked “draft: true”.",)


def test_titles_count_as_questions_where_most_of_them_ask() -> None:
    rows = "- {title: How do I start?, content: Read.}\n- {title: Billing, content: Monthly.}\n"

    assert len(read(rows + "- {title: Is it free?, content: Yes.}\n")) == 3


def test_json_lines_are_read_and_a_bad_line_is_named() -> None:
    data = b'\n{"q": "Why?", "a": "So."}\n{"q": "When?\n{"q": "Where?", "a": "Here."}\n'

    parsed = parse_json(data, by_line=True)

    assert [entry.question for entry in parsed.entries] == ["Why?", "Where?"]
    assert parsed.problems == ("Line 3 is not valid JSON; mend or delete it.",)


def test_json_lines_are_read_under_the_name_of_json_too() -> None:
    data = b'{"q": "Why?", "a": "So."}\n{"q": "Where?", "a": "Here."}\n'

    assert len(parse_json(data).entries) == 2


def test_an_ordinary_list_is_read_under_the_name_of_json_lines_too() -> None:
    data = json.dumps([{"q": "Why?", "a": "So."}], indent=2).encode()

    assert len(parse_json(data, by_line=True).entries) == 1
