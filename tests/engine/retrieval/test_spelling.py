"""Misspelt words find the FAQ's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.retrieval.spelling import Spelling

SPELLING = Spelling(
    ["Install docker, docker certificates and the homework", "dockes"],
    lambda word: word.rstrip("s"),
)


@pytest.mark.parametrize(
    "misspelt",
    ["dokcer", "docer", "doccker", "dockrr", "Dockeer"],
    ids=["swapped", "missing", "doubled", "wrong", "too many"],
)
def test_a_word_one_letter_off_becomes_the_known_one(misspelt: str) -> None:
    assert SPELLING.repaired(f"my {misspelt}, why?") == "my docker, why?"


@pytest.mark.parametrize(
    "text",
    ["Docker", "certificate", "locker", "dcoekr", "homewrk2", "teh", "x" * 3000],
    ids=["known", "known stem", "other first letter", "far", "digits", "short", "no word"],
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert SPELLING.repaired(text) == text


@given(st.text(max_size=200))
def test_any_text_can_be_repaired_without_any_known_word(text: str) -> None:
    assert Spelling([], str).repaired(text) == text
