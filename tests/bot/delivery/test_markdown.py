"""The Markdown tree: everything a reader should see is in it, and nothing they cannot see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.markdown import (
    Code,
    Heading,
    ListBlock,
    Paragraph,
    Quote,
    Rule,
    Table,
    parse,
    plain,
)


def words(value: object) -> str:
    """All text of a tree, in reading order."""
    match value:
        case Paragraph(spans=spans) | Heading(spans=spans):
            return plain(spans) + "\n"
        case Code(text=text):
            return text + "\n"
        case ListBlock(items=items):
            return "".join(words(item) for item in items)
        case Quote(blocks=blocks):
            return words(blocks)
        case Table(rows=rows):
            return "\n".join(" ".join(plain(cell) for cell in row) for row in rows) + "\n"
        case tuple():
            return "".join(words(block) for block in value)
        case Rule():
            return ""
    raise AssertionError(value)


@pytest.mark.parametrize(
    "text",
    [
        "> " * 9 + "kept",
        "> " * 60 + "kept",
        ">" * 400 + "kept",
        "- " * 300 + "kept",
        "\n".join("  " * depth + f"- kept{depth}" for depth in range(60)),
        "1. " * 40 + "kept",
    ],
    ids=["quotes", "deep quotes", "very deep quotes", "lists", "a staircase", "numbers"],
)
def test_nothing_is_lost_however_deep_it_is_nested(text: str) -> None:
    tree = words(parse(text))

    assert "kept" in tree
    assert all(f"kept{depth}" in tree for depth in range(60) if f"kept{depth}" in text)


def test_the_tree_itself_is_never_deep() -> None:
    def depth(blocks: object) -> int:
        match blocks:
            case tuple():
                return max((depth(block) for block in blocks), default=0)
            case ListBlock(items=items):
                return 1 + depth(items)
            case Quote(blocks=inner):
                return 1 + depth(inner)
        return 0

    assert depth(parse("> " * 40 + "x")) <= 8
    assert depth(parse("\n".join("  " * level + "- x" for level in range(40)))) <= 8


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](tg://user?id=1)", "a (tg://user?id=1)"),
        ("[a](/b 'more')", "more: a (/b)"),
        ("![pic](https://e.org/p.png)", "pic"),
        ("[![pic](https://e.org/p.png)](https://e.org)", "pic (https://e.org/p.png)"),
        ("[a]: https://e.org/unused", "[a]: https://e.org/unused"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("```python title=main.py\nx\n```", "title=main.py\nx"),
        ("<think>hidden</think>shown", "shown"),
        ("shown <THINK>never closed", "shown"),
    ],
)
def test_what_a_browser_would_hide_is_shown(text: str, shown: str) -> None:
    assert words(parse(text)).strip() == shown


@pytest.mark.parametrize("text", ["a&#8203;b", "a\u200bb", "a&#x202E;b", "a\U000e0041b", "a\x00b"])
def test_invisible_characters_are_removed(text: str) -> None:
    shown = words(parse(text)).strip()

    assert shown.isascii() or shown == "a\ufffdb"


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    parse(text)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "> ", "- ", "1. ", "# ", "> - ", "    ", "* * ", "**", "| "]),
            st.text("abcxyz0123456789", min_size=1, max_size=12),
        ),
        max_size=20,
    )
)
def test_no_word_is_lost(lines: list[tuple[str, str]]) -> None:
    text = "\n".join(mark + word for mark, word in lines)

    shown = words(parse(text))

    assert [word for _, word in lines if word not in shown] == []
