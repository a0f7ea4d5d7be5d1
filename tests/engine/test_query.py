"""What is made of a question before it is searched for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.retrieval.query import query_in_context, query_text
from engine.types import Question, Turn


def asked(text: str, *earlier: str) -> Question:
    return Question(text=text, history=tuple(Turn(question=q, answer="") for q in earlier))


@pytest.mark.parametrize("text", ["", "  \n", "?!…", "🙏🙏", "\u200b\u2060\ufeff", "---", "\ud800"])
def test_what_holds_no_word_is_not_searched(text: str) -> None:
    assert query_text(asked(text), 4000) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  How do\n\nI  join? ", "How do I join?"),
        ("do\u200bcker", "docker"),
        ("ｄｏｃｋｅｒ", "docker"),
        ("как начать?", "как начать?"),
        ("如何加入", "如何加入"),
    ],
)
def test_a_question_becomes_one_clean_line(text: str, expected: str) -> None:
    assert query_text(asked(text), 4000) == expected


def test_only_the_start_of_a_huge_question_is_searched() -> None:
    text = query_text(asked("docker " * 150_000), 4000)

    assert len(text) <= 4000


@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=4))
def test_any_text_gives_a_line_within_the_limit(text: str, earlier: list[str]) -> None:
    question = asked(text, *earlier)

    lines = [query_text(question, 100), query_in_context(question, 100)]

    assert all(len(line) <= 100 and "\n" not in line for line in lines)


@pytest.mark.parametrize(
    "text",
    ["and on Windows?", "what about flan", "why?", "how do I submit it?", "8 bits?"],
)
def test_a_follow_up_that_cannot_stand_alone_is_read_with_the_question_before(text: str) -> None:
    context = query_in_context(asked(text, "How do I run Docker?"), 4000)

    assert context == f"How do I run Docker? {text}"


@pytest.mark.parametrize(
    "text",
    [
        "How do I find the Slack channel of the course?",
        "thanks!",
        "ok got it, thank you so much",
        "?",
    ],
)
def test_a_whole_question_or_a_thank_you_is_read_by_itself(text: str) -> None:
    assert query_in_context(asked(text, "How do I run Docker?"), 4000) == ""


def test_a_first_question_has_no_context_however_short() -> None:
    assert query_in_context(asked("why?"), 4000) == ""


def test_context_reaches_back_over_thanks_and_to_a_question_that_stands_alone() -> None:
    question = asked(
        "and Phi?", "What is MRR?", "How do I load Mistral on a T4?", "and flan?", "thx"
    )

    assert query_in_context(question, 4000) == "How do I load Mistral on a T4? and flan? and Phi?"
