"""A model that says that it has no answer is understood."""

from __future__ import annotations

import pytest

from engine.prompt import says_no_answer

# Abstention


@pytest.mark.parametrize(
    "text",
    [
        "NO_ANSWER",
        " NO_ANSWER.",
        "**NO_ANSWER**",
        "No answer.",
        "ANSWER: NO_ANSWER",
        "The FAQ does not mention the president. NO_ANSWER",
        "The context does not contain any information about this.",
        "The provided FAQ entries do not answer the question.",
        "The FAQ doesn't say.",
        "I don't know.",
        "I do not know the answer.",
        "I'm sorry, but I can't find that in the FAQ.",
        "Sorry, there is no information about this.",
        "Unfortunately, the FAQ does not cover it.",
        "There is no mention of parking in the FAQ.",
        "This is not mentioned in the FAQ.",
        "Not mentioned in the FAQ.",
        "I cannot answer this question.",
    ],
)
def test_an_abstention_is_recognised(text: str) -> None:
    assert says_no_answer(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No, you cannot join after the deadline.",
        "Yes, you can join at any time.",
        "There is no fee.",
        "The homework is not graded.",
        "I recommend that you start with module 1.",
        "You do not need a GPU.",
        "The information is on the course page.",
        "Not yet: the form opens in May.",
        "Unfortunately the form is closed; write to the staff.",
        "This is not required for the certificate.",
    ],
)
def test_an_answer_is_not_taken_for_an_abstention(text: str) -> None:
    assert not says_no_answer(text)
