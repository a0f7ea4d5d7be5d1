"""A code block is found wherever Markdown lets one stand, and closed where it was left open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.code_fences import open_fence, split_code
from engine.excerpt import balanced


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("Run:\n```\nls", "Run:\n```\nls\n```"),
        ("~~~~ sh\n~~~", "~~~~ sh\n~~~\n~~~~"),
        ("> ```sh\n> ls", "> ```sh\n> ls\n> ```"),
        ("- ```sh\n  ls", "- ```sh\n  ls\n  ```"),
        ("a ``` b", "a ``` b"),
        ("```a`b\nc", "```a`b\nc"),
        ("```\nls\n```", "```\nls\n```"),
    ],
)
def test_an_open_block_is_closed_where_it_stands(text: str, closed: str) -> None:
    assert balanced(text) == closed


def test_text_is_split_into_prose_and_whole_blocks() -> None:
    text = "Run:\n```sh\nls\n```\nThen:\n> ~~~\n> x"

    assert list(split_code(text)) == [
        ("Run:\n", False),
        ("```sh\nls\n```\n", True),
        ("Then:\n", False),
        ("> ~~~\n> x", True),
    ]


@given(st.lists(st.sampled_from(["```", "~~~", "> ", "- ", "x", "`", "\n", " "])).map("".join))
def test_nothing_is_lost_and_a_closed_text_is_closed(text: str) -> None:
    assert "".join(stretch for stretch, _ in split_code(text)) == text
    assert open_fence(balanced(text)) is None
