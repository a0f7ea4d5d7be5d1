"""What stays and what goes when text is cleaned."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.text import (
    clean_line,
    clean_text,
    clean_url,
    decode,
    machine_name,
    pretty_name,
    slug,
)
from engine.errors import CorpusError

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "ignore")


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        pytest.param("a\u200bb\u2060c\ufeff", "abc", id="zero-width characters"),
        pytest.param(f"Hello{TAGS}", "Hello", id="tag characters"),
        pytest.param("a\u202eb\u2066c\u200f", "abc", id="direction marks"),
        pytest.param("a\x00b\x07c\x9b", "abc", id="control characters"),
        pytest.param("\x1b[31mred\x1b[0m", "red", id="terminal colours"),
        pytest.param("a\u00a0b\u3000c", "a b c", id="other spaces"),
        pytest.param("a\u00adb", "ab", id="soft hyphen"),
        pytest.param("a\ufe00b\U000e0101", "ab", id="variation selectors"),
        pytest.param("x\u200dy", "xy", id="a joiner between Latin letters"),
        pytest.param("a\ud800b", "ab", id="half a surrogate pair"),
        pytest.param("a\r\nb\rc\u2028d", "a\nb\nc\nd", id="line ends"),
    ],
)
def test_invisible_characters_are_removed(dirty: str, clean: str) -> None:
    assert clean_text(dirty) == clean


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("👩\u200d💻 and 🏳\ufe0f\u200d🌈 and 👍🏽", id="joined emoji"),
        pytest.param("❤\ufe0f ⚠\ufe0f ℹ\ufe0f 1\ufe0f\u20e3", id="emoji presentation"),
        pytest.param("می\u200cخواهم", id="Persian"),
        pytest.param("क्\u200dष क्\u200cष", id="Hindi"),
        pytest.param("ന്\u200d", id="a Malayalam final consonant"),
        pytest.param("```\n\tmake run  \n```\n\n  * a  \n  * b", id="Markdown and code"),
    ],
)
def test_what_belongs_to_the_writing_is_kept(text: str) -> None:
    assert clean_text(text) == text


def test_an_indented_first_line_stays_code() -> None:
    assert clean_text("\n  \n    make run\n\n") == "    make run"


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean_text(text)

    assert clean_text(once) == once
    assert clean_line(clean_line(text)) == clean_line(text)


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zs", "L", "So"])))
def test_no_control_character_or_surrogate_is_left(text: str) -> None:
    left = {unicodedata.category(char) for char in clean_text(text) if char not in "\n\t"}

    assert left.isdisjoint({"Cc", "Cs"})
    assert "\n" not in clean_line(text)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://docs.example.org/a?b=c#d", True),
        (" http://example.org ", True),
        ("HTTPS://example.org", True),
        ("javascript:alert(1)", False),
        ("ftp://example.org/x", False),
        ("https://", False),
        ("https://example.org/a b", False),
        ("https://example.org/\u202egpj", False),
        ("https://example.org/\x07", False),
        ("https://docs.example.org@evil.example", False),
        ("https://[::1", False),
        ("https://example.org/>|x", False),
        ("", False),
    ],
)
def test_only_safe_web_addresses_are_kept(url: str, *, kept: bool) -> None:
    assert clean_url(url) == (url.strip() if kept else None)


@given(st.text())
def test_any_text_is_judged_as_an_address(text: str) -> None:
    assert clean_url(text) in (None, text.strip())
    assert clean_url(f"https://{text}") in (None, f"https://{text}".strip())


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbfna\xc3\xafve", "naïve".encode(), "naïve".encode("utf-16")],
    ids=["utf-8 with mark", "utf-8", "utf-16"],
)
def test_text_files_are_decoded(data: bytes) -> None:
    assert decode(data) == "naïve"


def test_another_encoding_is_named_as_the_problem() -> None:
    with pytest.raises(CorpusError, match="not UTF-8 text"):
        decode("naïve".encode("latin-1"))


def test_names_are_made_for_machines_and_for_people() -> None:
    assert machine_name("LLM Zoomcamp") == "llm-zoomcamp"
    assert machine_name("llm_zoomcamp.2") == "llm_zoomcamp.2"
    assert slug("Übung 1_b") == "übung-1-b"
    assert pretty_name("010-gpu-setup") == "GPU Setup"
    assert pretty_name("mlops-zoomcamp") == "MLOps Zoomcamp"
    assert pretty_name("2024") == "2024"
