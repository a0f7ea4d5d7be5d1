"""An answer stands below the question that it belongs to."""

from __future__ import annotations

import pytest

from bot.delivery.headlines import MAX_HEADLINE_CHARS, in_parts
from tests.hostile import hostile


@pytest.mark.parametrize(
    ("question", "headline"),
    [
        ("How do I open it?", "How do I open it?"),
        ("How\ndo  I\topen it?", "How do I open it?"),
        ("SELECT * FROM t", r"SELECT \* FROM t"),
        ("what is __init__", r"what is \_\_init\_\_"),
        ("[here](https://example.org)", r"\[here\](https://example.org)"),
        ("`code` and <b>", r"\`code\` and \<b\>"),
    ],
)
def test_a_headline_is_the_question_on_one_line_and_no_markdown(
    question: str, headline: str
) -> None:
    assert in_parts([(question, "Text.")]) == f"**{headline}**\n\nText."


def test_a_long_question_is_shortened_at_a_word_in_its_headline() -> None:
    headline = in_parts([("how do I open it " * 50, "Text.")]).split("**")[1]

    assert len(headline) <= MAX_HEADLINE_CHARS
    assert headline.endswith((" open…", " it…", " do…", " I…", " how…"))


@hostile
def test_no_question_breaks_out_of_its_headline(text: str) -> None:
    headline = in_parts([(text, "Text.")]).split("\n\n")[0]

    assert len(headline) <= 2 * MAX_HEADLINE_CHARS + 4
    assert "\n" not in headline
