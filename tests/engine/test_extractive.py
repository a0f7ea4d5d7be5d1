"""The best entry is quoted as it is written, and cut where a reader would cut it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.extractive import CUT, quote
from engine.types import Document, Match


def match(answer: str) -> Match:
    document = Document(id="1", course="c", section="s", question="How?", answer=answer)
    return Match(document=document, score=1.0)


def test_a_short_entry_is_quoted_verbatim() -> None:
    answer = "Run this:\n\n```sh\nls  -l\n```\n\n- *one*\n- two"

    assert quote(match(answer)) == answer


def test_a_long_entry_is_cut_between_paragraphs() -> None:
    answer = "First one. With more.\n\nSecond one.\n\nThird one."

    assert quote(match(answer), max_chars=40) == f"First one. With more.\n\nSecond one.\n\n{CUT}"


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    answer = "First sentence. Second sentence. Third sentence."

    assert quote(match(answer), max_chars=20) == f"First sentence.\n\n{CUT}"


def test_a_code_block_is_quoted_whole_or_not_at_all() -> None:
    answer = "Do this:\n\n```sh\none\n\ntwo\n\nthree\n```\n\nThen rest."

    assert quote(match(answer), max_chars=25) == f"Do this:\n\n{CUT}"
    assert quote(match(answer), max_chars=40).startswith(
        "Do this:\n\n```sh\none\n\ntwo\n\nthree\n```"
    )


@pytest.mark.parametrize("answer", ["```\n" + "x\n" * 100 + "```", "```\n" + "x\n" * 100])
def test_an_entry_of_one_code_block_too_long_points_to_the_source(answer: str) -> None:
    assert quote(match(answer), max_chars=50) == CUT


def test_an_open_code_block_is_closed() -> None:
    assert quote(match("Run:\n```\nls")) == "Run:\n```\nls\n```"


@given(
    st.lists(st.sampled_from(["Words here. ", "\n\n", "\n", "```\n", "ls -l\n", "- x\n", "é😀"]))
    .map("".join)
    .filter(str.strip),
    st.integers(10, 80),
)
def test_a_quotation_is_a_beginning_of_the_entry_with_whole_code(answer: str, limit: int) -> None:
    quotation = quote(match(answer), max_chars=limit)

    body = quotation.removesuffix(CUT).rstrip()
    closed = body.removesuffix("```").rstrip()
    assert answer.strip().startswith(body) or answer.strip().startswith(closed)
    assert sum(line.startswith("```") for line in quotation.split("\n")) % 2 == 0
    assert quotation.endswith(CUT) or len(answer.strip()) <= limit
