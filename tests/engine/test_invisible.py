"""One rule says which characters show nothing, for whole texts and for those that stream in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.invisible import plain_line_ends, without_invisible

SHOWN = ["👩\u200d💻 and 1\ufe0f\u20e3", "می\u200cخواهم", "ന്\u200d", "a\tb\nc"]


def in_pieces(pieces: list[str]) -> str:
    shown = ""
    for piece in pieces:
        shown += without_invisible(piece, shown[-1:], more_follows=True)
    return shown


@pytest.mark.parametrize("text", SHOWN)
def test_a_text_that_comes_by_the_character_keeps_what_its_writing_needs(text: str) -> None:
    assert in_pieces(list(text)) == without_invisible(text) == text


@pytest.mark.parametrize("text", ["x\u200dy", "\u200d", "a\ue000b", "a\u2028b"])
def test_what_shows_nothing_goes(text: str) -> None:
    assert without_invisible(text).isascii()


def test_every_kind_of_line_end_becomes_a_plain_one() -> None:
    assert plain_line_ends("a\r\nb\rc\u2028d\x85e") == "a\nb\nc\nd\ne"


@given(st.text())
def test_removing_twice_changes_nothing_more(text: str) -> None:
    once = without_invisible(text)

    assert without_invisible(once) == once
