"""Markdown is split into units that together are the text, whole or in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.grounding.splitter import Splitter, split
from engine.grounding.units import Joiner, UnitKind

SNIPPETS = ["a", "B", ". ", "! ", "\n", "\n\n", "- ", "1. ", "> ", "## ", "**", "`", "```", "```\n",
            "| x | y |\n", "|---|---|\n", ": ", "e.g. ", "3.11", "  ", "\t", "é", "好。", "😀",
            "~~~\n"]  # fmt: skip
MARKDOWN = st.lists(st.one_of(st.sampled_from(SNIPPETS), st.text(max_size=3)), max_size=40).map(
    "".join
)


def in_pieces(text: str, sizes: list[int]) -> list[str]:
    pieces = []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    return [*pieces, text]


@given(MARKDOWN)
def test_all_units_joined_are_the_text(text: str) -> None:
    joiner = Joiner()
    joined = "".join(joiner.add(unit) for unit in split(text))

    assert text.startswith(joined)
    assert not any(character.isalpha() for character in text[len(joined) :])


@given(MARKDOWN, st.lists(st.integers(0, 7), max_size=60))
def test_a_text_in_pieces_gives_the_units_of_the_whole(text: str, sizes: list[int]) -> None:
    splitter = Splitter()

    units = [unit for piece in in_pieces(text, sizes) for unit in splitter.feed(piece)]
    units += splitter.finish()

    assert units == split(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("See e.g. the page. Then go on.", ["See e.g. the page.", "Then go on."]),
        ("Use Python 3.11. It works.", ["Use Python 3.11.", "It works."]),
        ("Run `a. B` now. Done.", ["Run `a. B` now.", "Done."]),
        ("Do this:\nRun it.", ["Do this:", "Run it."]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("1. First. More.\n2. Second", ["First.", "More.", "Second"]),
        ("- one\n  goes on\n- two", ["one\n  goes on", "two"]),
        ("a long line that an editor wrapped at some seventy columns or so\nand its end. Next.",
         ["a long line that an editor wrapped at some seventy columns or so\nand its end.",
          "Next."]),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    units = split(text)

    assert [unit.text for unit in units] == expected


def test_a_unit_has_the_kind_of_its_block() -> None:
    text = "# Head\nText here.\n\n- item\n\n| a |\n|---|\n| 1 |\n\n```sh\nls\n\npwd\n```\n---\n"

    units = split(text)

    assert [(unit.kind, unit.text) for unit in units] == [
        (UnitKind.HEADING, "# Head"),
        (UnitKind.SENTENCE, "Text here."),
        (UnitKind.ITEM, "item"),
        (UnitKind.TABLE_HEAD, "| a |"),
        (UnitKind.TABLE_HEAD, "|---|"),
        (UnitKind.ROW, "| 1 |"),
        (UnitKind.CODE, "```sh\nls\n\npwd\n```"),
        (UnitKind.RULE, "---"),
    ]


def test_a_sentence_is_given_out_when_the_next_one_begins() -> None:
    splitter = Splitter()

    early = splitter.feed("The first sentence is here. ")
    later = splitter.feed("The second")

    assert early == []
    assert [unit.text for unit in later] == ["The first sentence is here."]


def kept(text: str, drop: str) -> str:
    joiner = Joiner()
    markdown = ""
    for unit in split(text):
        if unit.text == drop:
            joiner.skip(unit)
        else:
            markdown += joiner.add(unit)
    return markdown


@pytest.mark.parametrize(
    ("text", "drop", "expected"),
    [
        ("1. A\n2. B\n3. C", "B", "1. A\n2. C"),
        ("- One. Two.", "One.", "- Two."),
        ("First para.\n\nGone.\n- item", "Gone.", "First para.\n\n- item"),
        ("Keep. Gone. Keep too.", "Gone.", "Keep. Keep too."),
        ("1. A\n   - x\n2. B\n3. C", "A", "\n   - x\n1. B\n2. C"),
    ],
)
def test_what_is_kept_stays_proper_markdown(text: str, drop: str, expected: str) -> None:
    assert kept(text, drop) == expected


@pytest.mark.parametrize("text", ["a. " * 7000, "x" * 20_000, "`" * 20_000, "- \n" * 7000])
def test_a_long_answer_in_single_characters_is_split(text: str) -> None:
    splitter = Splitter()

    units = [unit for character in text for unit in splitter.feed(character)]
    units += splitter.finish()

    assert units == split(text)
