"""PDFs: headings by size, weight and bookmark, lines that were wrapped, and files made to hurt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus.entry import Entry
from engine.corpus.formats.documents.pdf import parse_pdf
from engine.errors import CorpusError, NotAnFaq
from tests.engine.corpus.formats.pdf_writer import Text, pdf, pdf_of_streams

LONG = "This answer goes on and on so that it fills a whole line of the page and then"


def lines(*written: tuple[str, str, float], top: float = 780) -> Iterator[Text]:
    """Lines of (text, font, size) below each other; an empty one is a gap."""
    y = top
    for text, font, size in written:
        if text:
            yield Text(text=text, y=y, size=size, font=font)
        y -= size * 1.2 if text else 8


def read(*pages: list[Text], bookmarks: tuple[str, ...] = ()) -> tuple[Entry, ...]:
    return parse_pdf(pdf(pages, bookmarks=bookmarks)).entries


def rows(*pages: list[Text], bookmarks: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    found = read(*pages, bookmarks=bookmarks)
    return [(entry.section, entry.question, entry.answer) for entry in found]


SIZED = list(
    lines(
        ("Boat club FAQ", "bold", 20),
        ("Membership", "bold", 16),
        ("Can I join in the middle of the year?", "bold", 13),
        (LONG, "text", 11),
        ("it ends with a re-", "text", 11),
        ("markable word.", "text", 11),
        ("", "", 0),
        ("A second paragraph.", "text", 11),
        ("What does it cost?", "bold", 13),
        ("80 (eighty) a year.", "text", 11),
        ("Boats", "bold", 16),
        ("Which boats are there, and who may take one out on the lake", "bold", 13),
        ("without a teacher?", "bold", 13),
        ("• a canoe", "text", 11),
        ("• two sailing boats", "text", 11),
        ("make reserve BOAT=1", "code", 11),
        ("make list", "code", 11),
    )
)


def test_larger_lines_are_headings_and_wrapped_lines_are_joined() -> None:
    assert rows(SIZED) == [
        (
            "Membership",
            "Can I join in the middle of the year?",
            f"{LONG} it ends with a remarkable word.\n\nA second paragraph.",
        ),
        ("Membership", "What does it cost?", "80 (eighty) a year."),
        (
            "Boats",
            "Which boats are there, and who may take one out on the lake without a teacher?",
            "- a canoe\n- two sailing boats\n\n```\nmake reserve BOAT=1\nmake list\n```",
        ),
    ]


def test_the_page_is_the_anchor() -> None:
    second = list(lines(("Where is it?", "bold", 13), ("Here.", "text", 11)))

    assert [entry.anchor for entry in read(SIZED, second)] == ["page=1"] * 3 + ["page=2"]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param([("bold", "{q}"), ("text", "{a}")], id="bold"),
        pytest.param([("text", "Q: {q}"), ("text", "A: {a}")], id="labels"),
        pytest.param([("text", "{q}"), ("text", "{a}")], id="question marks"),
        pytest.param([("bold", "{n}. {q}"), ("text", "{a}")], id="numbers"),
    ],
)
def test_questions_of_the_size_of_the_text_are_found(written: list[tuple[str, str]]) -> None:
    questions = ["May I bring a friend?", "Who has the key?", "Is it warm there?"]
    parts: list[tuple[str, str, float]] = [("Common questions", "bold", 18)]
    for number, question in enumerate(questions, start=1):
        for font, text in written:
            shown = text.format(q=question, a=f"{LONG} it says no.", n=number)
            parts += [(shown, font, 11), ("", "", 0)]

    found = rows(list(lines(*parts)))

    assert [(question, answer) for _, question, answer in found] == [
        (question, f"{LONG} it says no.") for question in questions
    ]


def test_what_stands_on_every_page_is_left_out() -> None:
    def page(number: int) -> list[Text]:
        body = lines((f"What is rule {number}?", "bold", 13), (f"Rule {number} holds.", "text", 11))
        return [
            Text(text="Handbook of the boat club 2026", y=820, size=8),
            *body,
            Text(text=f"Page {number} of 3", y=30, size=8),
        ]

    assert rows(page(1), page(2), page(3)) == [
        ("", f"What is rule {number}?", f"Rule {number} holds.") for number in (1, 2, 3)
    ]


def test_bookmarks_name_headings_that_look_like_text() -> None:
    titles = ("Opening hours?", "Lost property?")
    page = list(
        lines(*((text, "text", 11.0) for title in titles for text in (title, f"{LONG} ends.")))
    )

    assert rows(page, bookmarks=titles) == [("", title, f"{LONG} ends.") for title in titles]


def test_an_answer_goes_on_over_the_page_break() -> None:
    first = list(lines(("Why?", "bold", 13), ("It begins on this page and", "text", 11)))
    second = list(lines(("ends on the next.", "text", 11)))

    assert rows(first, second) == [("", "Why?", "It begins on this page and ends on the next.")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(pdf([[]]), "pictures of text only", id="scanned"),
        pytest.param(pdf([SIZED]).replace(b"%PDF", b"%XXX")[:200], "not a readable PDF", id="cut"),
        pytest.param(
            pdf([SIZED], extra="/Encrypt<</Filter/Standard/V 1/R 2/O(x)/U(y)/P -1>>/ID[(a)(a)]"),
            "protected by a password|not a readable PDF",
            id="password",
        ),
        pytest.param(pdf([[]] * 1_001), "more than 1,000 pages", id="pages"),
        pytest.param(
            pdf_of_streams([b"BT /text 9 Tf " + b"(a) Tj " * 2_000_000 + b"ET"]),
            "far more than text",
            id="large page",
        ),
        pytest.param(pdf_of_streams([bytes(50_000_000)]), "far more than text", id="bomb"),
    ],
)
def test_a_pdf_that_cannot_be_read_says_what_to_do(data: bytes, reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        parse_pdf(data)


def test_a_letter_is_no_faq() -> None:
    with pytest.raises(NotAnFaq, match="no questions"):
        read(list(lines(("Dear members,", "text", 11), ("we wish you well.", "text", 11))))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_pdf_raises_nothing_but_corpus_error(data: st.DataObject) -> None:
    damaged = bytearray(pdf([SIZED]))
    for _ in range(data.draw(st.integers(1, 20))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    try:
        entries = parse_pdf(bytes(damaged)).entries
    except CorpusError:
        return
    assert all(entry.question and entry.answer for entry in entries)
