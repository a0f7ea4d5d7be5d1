"""The best entry is quoted as it is written, and cut where a reader would cut it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.answer.extractive import Quotation, first_sentence, passage, quote
from engine.types import Document, Match


def match(answer: str) -> Match:
    document = Document(id="1", course="c", section="s", question="How?", answer=answer)
    return Match(document=document, score=1.0)


def part(text: str) -> Quotation:
    return Quotation(text=text, shortened=True)


def test_a_short_entry_is_quoted_verbatim() -> None:
    answer = "Run this:\n\n```sh\nls  -l\n```\n\n- *one*\n- two"

    assert quote(match(answer)) == Quotation(text=answer)


def test_a_long_entry_is_cut_between_paragraphs() -> None:
    answer = "First one. With more.\n\nSecond one.\n\nThird one."

    assert quote(match(answer), max_chars=40) == part("First one. With more.\n\nSecond one.")


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    answer = "First sentence. Second sentence. Third sentence."

    assert quote(match(answer), max_chars=20) == part("First sentence.")


def test_a_code_block_is_quoted_whole_or_not_at_all() -> None:
    answer = "Do this:\n\n```sh\none\n\ntwo\n\nthree\n```\n\nThen rest."

    assert quote(match(answer), max_chars=25) == part("Do this:")
    assert quote(match(answer), max_chars=40).text.startswith(
        "Do this:\n\n```sh\none\n\ntwo\n\nthree\n```"
    )


@pytest.mark.parametrize("answer", ["```\n" + "x\n" * 100 + "```", "```\n" + "x\n" * 100])
def test_an_entry_of_one_code_block_too_long_points_to_the_source(answer: str) -> None:
    assert quote(match(answer), max_chars=50) == part("")


def test_an_open_code_block_is_closed() -> None:
    assert quote(match("Run:\n```\nls")) == Quotation(text="Run:\n```\nls\n```")


@given(
    st.lists(st.sampled_from(["Words here. ", "\n\n", "\n", "```\n", "ls -l\n", "- x\n", "é😀"]))
    .map("".join)
    .filter(str.strip),
    st.integers(10, 80),
)
def test_a_quotation_is_a_beginning_of_the_entry_with_whole_code(answer: str, limit: int) -> None:
    quotation = quote(match(answer), max_chars=limit)

    body = quotation.text.rstrip()
    closed = body.removesuffix("```").rstrip()
    assert answer.strip().startswith(body) or answer.strip().startswith(closed)
    assert sum(line.startswith("```") for line in quotation.text.split("\n")) % 2 == 0
    assert quotation.shortened or len(answer.strip()) <= limit


@pytest.mark.parametrize(
    ("answer", "first"),
    [
        ("Yes, you can. More follows.", "Yes, you can."),
        ("No. You cannot do it. Sorry.", "No. You cannot do it."),
        ("Only one sentence without an end", "Only one sentence without an end"),
        ("**Bold** and [a link](http://x.org) with `code`. Next.", "Bold and a link with code."),
        ("> quoted text here. More.", "quoted text here."),
        ("1. First step here.\n2. Second step.", "First step here."),
        ("- First thing here.\n- Second thing.", "First thing here."),
        ("Two\nlines here. Next.", "Two lines here."),
        ("Version 3.10 is needed. Then more.", "Version 3.10 is needed."),
        ("Use i.e. the form. Then more.", "Use i.e. the form."),
        ("```sh\nls\n```\n\nRun this first. Then that.", "Run this first."),
        ("![picture](http://a.b/c.png)\n\nAfter the picture. More.", "After the picture."),
        ("***\n\nAfter the line. More.", "After the line."),
        ("`__init__.py` must exist. Then more.", "__init__.py must exist."),
    ],
)
def test_an_entry_begins_with_its_first_sentence_in_plain_text(answer: str, first: str) -> None:
    assert first_sentence(answer) == first


@pytest.mark.parametrize("answer", ["", "  \n", "```sh\nls\n```", "```\nopen", "![x](y)", "***"])
def test_an_entry_without_words_begins_with_nothing(answer: str) -> None:
    assert first_sentence(answer) == ""


@given(st.text(max_size=400), st.integers(20, 60))
def test_a_beginning_is_one_short_line(answer: str, limit: int) -> None:
    first = first_sentence(answer, max_chars=limit)

    assert len(first) <= limit + len(" …")
    assert len(first.splitlines()) <= 1


def test_a_long_first_sentence_is_cut_between_words() -> None:
    assert first_sentence("Some words, and others that go on.", max_chars=12) == "Some words …"


SAVE = """Call `save_pretrained` with the name of a folder.

The folder lies beside the notebook. To look at it:

```bash
ls models
```

A gated model needs a token."""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "and which folder, beside the notebook?",
            "The folder lies beside the notebook. To look at it:",
        ),
        ("and do I need a token?", "A gated model needs a token."),
        ("and why?", SAVE),
        ("and the price of oysters?", SAVE),
    ],
)
def test_of_an_entry_that_was_shown_the_fitting_paragraph_is_quoted(
    question: str, expected: str
) -> None:
    document = Document(
        id="s", course="", section="", question="How do I save a model?", answer=SAVE
    )

    quotation = passage(Match(document=document, score=1.0), question)

    assert quotation.text.split("\n\n```")[0] == expected.split("\n\n```")[0]
    assert quotation.shortened is (expected != SAVE)
