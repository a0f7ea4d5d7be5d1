"""Streaming: what is shown is never taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.serving.pending import Resumed
from engine.worker.text_stream import TextStream


def test_the_text_ends_before_a_stop_sequence() -> None:
    stream = TextStream(("\nQ:",))

    pieces = [stream.feed(text) for text in ("Yes", "Yes.", "Yes.\n", "Yes.\nQ", "Yes.\nQ: more")]

    assert pieces == ["Yes", ".", "", "", ""]
    assert stream.stopped
    assert stream.text == "Yes."


def test_what_only_looked_like_a_stop_sequence_is_shown_in_the_end() -> None:
    stream = TextStream(("\nQ:",))

    stream.feed("Yes.\nQ")

    assert stream.finish() == "\nQ"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<think>\nThey ask when.\n</think>\n\nOn Monday.", "On Monday."),
        ("\n<think></think>On Monday.", "On Monday."),
        ("On <think>or was it Tuesday?</think>Monday.", "On Monday."),
        ("<think>They ask when, and", ""),
        ("Between <think> and </b> it thinks", "Between <think> and </b> it thinks"),
        ("a < b, <th is a tag", "a < b, <th is a tag"),
    ],
    ids=["thought", "empty thought", "second thought", "no end", "a word of it", "other tags"],
)
def test_what_a_model_thinks_is_never_shown(text: str, shown: str) -> None:
    stream = TextStream()

    pieces = [stream.feed(text[:end]) for end in range(1, len(text) + 1)]

    assert "".join(pieces) + stream.finish() == shown
    assert stream.text == shown


def test_half_a_character_waits_for_its_other_half() -> None:
    stream = TextStream()

    pieces = [stream.feed("caf\ufffd"), stream.feed("café")]

    assert pieces == ["caf", "é"]


SENTENCE = "You need a token to use the API. "


def test_a_text_that_repeats_itself_ends_after_the_sentence() -> None:
    stream = TextStream()

    pieces = [stream.feed(SENTENCE * number) for number in range(1, 9)]

    assert stream.stopped
    assert stream.text == (3 * SENTENCE).rstrip()
    assert "".join(pieces) + stream.finish() == stream.text


def test_what_comes_first_ends_the_text() -> None:
    repeating, stopping = TextStream(("\nQ:",)), TextStream(("\nQ:",))

    repeating.feed(9 * SENTENCE + "\nQ: more")
    stopping.feed(2 * SENTENCE + "\nQ: " + 9 * SENTENCE)

    assert repeating.text == (3 * SENTENCE).rstrip()
    assert stopping.text == 2 * SENTENCE


repeating = st.lists(
    st.sampled_from([SENTENCE, "\n", "\nQ", ":", "No. ", "and then and then ", "\nQ: "]),
    max_size=30,
)


@given(repeating, st.sampled_from([("\nQ:",), ("\n\n", "then N"), ()]))
def test_pieces_end_where_the_whole_text_does(parts: list[str], stop: tuple[str, ...]) -> None:
    text = "".join(parts)
    at_once, by_pieces = TextStream(stop), TextStream(stop)

    whole = at_once.feed(text) + at_once.finish()
    ends = range(1, len(text) + 1)
    shown = "".join(by_pieces.feed(text[:end]) for end in ends) + by_pieces.finish()

    assert shown == whole == by_pieces.text == at_once.text
    assert by_pieces.stopped == at_once.stopped


@given(st.text(alphabet="ab\nQ:<", max_size=40), st.sampled_from([("\nQ:",), ("<a", "bb"), ()]))
def test_the_pieces_make_the_text(text: str, stop: tuple[str, ...]) -> None:
    stream = TextStream(stop)

    shown = "".join(stream.feed(text[:end]) for end in range(1, len(text) + 1)) + stream.finish()

    assert shown == stream.text
    assert text.startswith(shown)
    assert not any(mark in shown for mark in stop)


def test_text_that_comes_a_second_time_is_shown_once() -> None:
    shown: list[str] = []
    resumed = Resumed(shown.append)

    for piece in ("Yes", ", you"):
        resumed(piece)
    resumed.begin_again()
    for piece in ("Ye", "s, you can", " join."):
        resumed(piece)

    assert shown == ["Yes", ", you", " can", " join."]
