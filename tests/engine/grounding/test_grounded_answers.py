"""Whole answers: in other words, without an answer, with the numbers of their entries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.grounding.grounded_text import GroundedText
from engine.grounding.splitter import split
from engine.protocol import FinishReason
from engine.types import Document
from tests.engine.grounding.faq_cases import ENTRIES, check


@given(st.sampled_from([id_ for id_ in sorted(ENTRIES) if id_ != "team"]))
def test_an_entry_repeated_word_for_word_is_mostly_shown(id_: str) -> None:
    units = split(ENTRIES[id_].answer)

    grounded = check(ENTRIES[id_].answer, id_)

    assert len(grounded.dropped) <= len(units) / 3


@pytest.mark.parametrize(
    ("question", "answer", "says"),
    [
        ("Is it a group project?", "No, the capstone is a solo project.",
         "The capstone is a solo project."),
        ("How do I make panko?", "Cut the bread. Spread the crumbs on a baking sheet.",
         "To make panko crumbs:\n\n1. Spread the crumbs on a baking sheet."),
        ("How do I clean jewelry?", "Pat the jewelry dry with a soft cloth.",
         "Pat it dry with a soft cloth."),
        ("What are twins?", "Twins occur when there are two offspring of one pregnancy.",
         "Twins are two offspring of one pregnancy."),
        ("Which dataset for Question 3?",
         "You must use the `dt_val` dataset to compute the metrics of Question 3 and onwards, "
         "as you did in Question 2.",
         "To compute the metrics for Question 3, you should use the `dt_val` dataset."),
        ("How do I build it?", "Run `make all` in the folder of the project.",
         "In the folder of the project, run `make all`."),
    ],
)  # fmt: skip
def test_what_the_entry_says_in_other_words_is_shown(question: str, answer: str, says: str) -> None:
    entry = Document(id="e", course="", section="", question=question, answer=answer)
    grounded = GroundedText([entry], question)

    grounded.feed(says)
    grounded.finish()

    assert grounded.text == says
    assert grounded.dropped == ()


@pytest.mark.parametrize(
    "says",
    [
        "I'm not able to provide a complete answer.",
        "The above FAQs are not applicable to the question.",
        "Refunds are not discussed here.",
        "No tengo información sobre eso.",
        "Dazu steht hier leider nichts.",
        "К сожалению, в базе знаний нет ответа.",
        "Désolé, je ne trouve pas cette information.",
        "Infelizmente não sei.",
        "Non lo so.",
    ],
)
def test_a_text_that_says_it_has_no_answer_is_not_about_the_entries(says: str) -> None:
    grounded = check(says, "late", "certificate", question="Can I get a refund?")

    assert grounded.text == ""
    assert not grounded.is_about_entries


@pytest.mark.parametrize(
    "says",
    [
        "Submit four projects and review the homework of the instructors.",
        "Register first and finish the project before the certificate.",
        "Pay 300 dollars.",
    ],
)
def test_a_wrong_answer_is_no_abstention(says: str) -> None:
    grounded = check(says, "late", "certificate", question="Can I still join?")

    assert grounded.text == ""
    assert grounded.is_about_entries


def test_the_numbers_in_the_text_are_those_of_the_entries_it_stands_on() -> None:
    grounded = check("You can join at any time [2]. Reviews are anonymous [2].", "late", "review")

    assert grounded.text == "You can join at any time. [1] Reviews are anonymous. [2]"
    assert grounded.cited_ids == ("late", "review")


def test_a_text_without_numbers_gets_none() -> None:
    grounded = check("You can join at any time. Reviews are anonymous.", "late", "review")

    assert "[" not in grounded.text
    assert grounded.cited_ids == ()


@pytest.mark.parametrize("finish", [FinishReason.LENGTH, FinishReason.DEADLINE])
@pytest.mark.parametrize(
    ("says", "left"),
    [
        ("Search the FAQ first. Show the error", "Search the FAQ first."),
        ("Search the FAQ first. Use Python 3.", "Search the FAQ first."),
        ("- Search the FAQ first\n- Show the error message", "- Search the FAQ first"),
        ("Search the FAQ first.", "Search the FAQ first."),
    ],
)
def test_the_unfinished_end_of_a_text_that_was_cut_off_goes(
    finish: FinishReason, says: str, left: str
) -> None:
    grounded = GroundedText([ENTRIES["contact"], ENTRIES["python"]], "")

    grounded.feed(says)
    grounded.finish(finish)

    assert grounded.text == left


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("| Homework | Due |\n|---|---|\n| Homework 1 | 12 May |\n| Homework 2 | 19 May |",
         "Homework 2 is due on 12 May."),
        ("| Plan | Users | Price |\n|---|---|---|\n| Team | 50 | 10 |",
         "| Plan | Price | Users |\n|---|---|---|\n| Team | 50 | 10 |"),
        ("You need Python 3.11 or newer.", "You need Python 3.11 or older."),
        ("Restart `docker compose restart grafana` if it stays empty.",
         "Restart it with `docker compose restart`."),
        ("Do not use sudo with pip.", "~~Do not use sudo with pip.~~"),
    ],
)  # fmt: skip
def test_what_a_reviewer_got_through_is_not_shown(entry: str, says: str) -> None:
    document = Document(id="e", course="", section="", question="How?", answer=entry)
    grounded = GroundedText([document], "")

    grounded.feed(says)
    grounded.finish()

    assert says not in grounded.text


@pytest.mark.parametrize(
    ("says", "left"),
    [
        ("Use `df[0]` to get the first row.", "Use `df[0]` to get the first row."),
        ("As described in [2], use `df[0]` to get the first row.",
         "As described, use `df[0]` to get the first row."),
        ("Choose option (2) in the menu.", "Choose option (2) in the menu."),
    ],
)  # fmt: skip
def test_only_the_mark_of_an_entry_is_taken_for_one(says: str, left: str) -> None:
    answer = "Use `df[0]` to get the first row. Choose option (2) in the menu."
    grounded = GroundedText(
        [Document(id="e", course="", section="", question="How?", answer=answer)], ""
    )

    grounded.feed(says)
    grounded.finish()

    assert grounded.text.removesuffix(" [1]") in (left, "Use `df[0]` to get the first row.")


@pytest.mark.parametrize("text", ["." * 20_000, "1 2 " * 5000, "!" * 20_000, "1. " * 6000])
def test_long_runs_of_marks_and_numbers_are_read(text: str) -> None:
    check(text, "docker", "dates")
