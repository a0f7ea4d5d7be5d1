"""A text is checked while it arrives, however long, hostile or cut off it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.grounding.candidates import is_thin
from engine.grounding.check_result import Reason
from engine.grounding.grounded_text import GroundedText
from engine.grounding.grounding import Grounding
from engine.grounding.splitter import split
from engine.grounding.support import LexicalSupport
from tests.engine.grounding.faq_cases import ENTRIES, check


def test_text_is_approved_while_it_arrives() -> None:
    grounded = GroundedText([ENTRIES["contact"]], "")

    first = grounded.feed("Search the FAQ first. Do not")
    second = grounded.feed(" send direct messages to the instructors. ")
    last = grounded.finish()

    assert first == "Search the FAQ first."
    assert first + second + last == grounded.text
    assert grounded.text.endswith("Do not send direct messages to the instructors.")


def test_a_verdict_names_the_entry_or_the_reason() -> None:
    grounding = Grounding([ENTRIES["gpu"]], "", LexicalSupport())

    kept = grounding.check(split("A T4 has 16 GiB of memory.")[0])
    dropped = grounding.check(split("A T4 has 24 GiB of memory.")[0])

    assert (kept.supported, kept.document_ids, kept.reason) == (True, ("gpu",), None)
    assert (dropped.supported, dropped.document_ids) == (False, ())
    assert dropped.reason is Reason.NUMBER


@pytest.mark.parametrize("text", ["", "Yes.", "You can do it.", "However,", "🎉", "**Note**"])
def test_too_little_is_thin(text: str) -> None:
    assert is_thin(text)


@pytest.mark.parametrize(
    "text",
    ["Restart the kernel afterwards.", "`make run`", "On 14 March.", "See https://a.example/b"],
)
def test_an_answer_with_a_fact_or_a_sentence_is_not_thin(text: str) -> None:
    assert not is_thin(text)


@pytest.mark.parametrize(
    "text",
    ["not " * 5000, "If you can, then not, but it is. " * 600, "[a](b " * 4000, "`" * 19_999,
     "“a " * 6000, "<!x " * 5000, "| a " * 5000, "- x\n" * 5000, "a/b.c_d " * 2500, "(" * 20_000,
     "run the following code:" * 800, "use this code " * 1400, "the code below " + ":" * 19_000],
)  # fmt: skip
def test_a_long_hostile_answer_is_checked(text: str) -> None:
    grounded = check(text, "docker", "dates", "late")

    assert len(grounded.text) <= len(text)


WORDS = sorted({word for entry in ENTRIES.values() for word in entry.answer.split()})
FOREIGN = ["https://evil.example/x", "`rm -rf /`", "999", "not", "cannot", "must", "before", "*",
           ":", "@mallory", "7,5", "<!channel>", "However,", "Yes,", "```", "\n\n", "\n- ",
           "\n1. ", "“", "🙃", "\u200d", "\ud7ff", "|", "##"]  # fmt: skip
SENTENCES = [unit.text + " " for entry in ENTRIES.values() for unit in split(entry.answer)]
ANSWERS = st.lists(
    st.one_of(
        st.sampled_from(SENTENCES),
        st.sampled_from(WORDS).map(lambda word: f"{word} "),
        st.sampled_from(FOREIGN).map(lambda word: f"{word} "),
        st.text(max_size=6),
    ),
    max_size=30,
).map("".join)
ABOUT = st.lists(st.sampled_from(sorted(ENTRIES)), min_size=1, max_size=3, unique=True)


def everything(about: Sequence[str]) -> str:
    return "\n".join(
        f"{ENTRIES[id_].question} {ENTRIES[id_].section} {ENTRIES[id_].answer}" for id_ in about
    )


@given(ANSWERS, ABOUT, st.text(max_size=30))
def test_every_address_number_and_mention_shown_stands_in_an_entry(
    answer: str, about: list[str], question: str
) -> None:
    text = check(answer, *about, question=question).text

    source = everything(about)
    prose = re.sub(r"(?m)^[\s>]*\d{1,4}[.)] ", "", text)
    assert all(
        address.rstrip(".,;:!?)*_`'\"") in source
        for address in re.findall(r"\w+://[^\s<>|]+", text)
    )
    assert all(mention in source for mention in re.findall(r"<[!@#]\w+>|@\w{3,}", text))
    assert all(number in source for number in re.findall(r"[0-9]{2,}", prose))


@given(ANSWERS, ABOUT, st.text(max_size=30))
def test_any_answer_gives_proper_markdown_and_names_its_entries(
    answer: str, about: list[str], question: str
) -> None:
    grounded = check(answer, *about, question=question)

    fences = [line for line in grounded.text.split("\n") if line.lstrip("> ").startswith("```")]
    assert len(fences) % 2 == 0
    assert set(grounded.document_ids) <= set(about)
    assert bool(grounded.document_ids) == bool(grounded.text)
    assert not grounded.text.rstrip("*_ ").endswith(":")


@given(ANSWERS, ABOUT, st.lists(st.integers(1, 9), max_size=80))
def test_an_answer_in_pieces_is_checked_like_the_whole(
    answer: str, about: list[str], sizes: list[int]
) -> None:
    grounded = GroundedText([ENTRIES[id_] for id_ in about], "")
    rest, added = answer, ""
    for size in sizes:
        added += grounded.feed(rest[:size])
        rest = rest[size:]
    added += grounded.feed(rest)
    added += grounded.finish()

    assert added == grounded.text == check(answer, *about).text
