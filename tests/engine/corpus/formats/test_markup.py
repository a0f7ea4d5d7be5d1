"""TOML and XML, and what is no FAQ among them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.corpus.entry import Parsed
from engine.corpus.formats.data.markup import parse_toml, parse_xml
from engine.errors import CorpusError, NotAnFaq

QUIZ = """<quiz><question type="shortanswer"><name><text>Capital?</text></name>
<questiontext><text>Which is the capital?</text></questiontext><defaultgrade>1</defaultgrade>
<answer fraction="100"><text>Riga</text></answer></question></quiz>"""


def read(parsed: Parsed) -> list[tuple[str, str, str]]:
    return [(entry.section, entry.question, entry.answer) for entry in parsed.entries]


def test_tables_of_toml_are_entries() -> None:
    text = '[[joining.faq]]\nquestion = "Why?"\nanswer = "So."\nsince = 2026-01-01\n'

    assert read(parse_toml(text.encode())) == [("Joining", "Why?", "So.")]


def test_titles_in_xml_are_sections_and_the_names_of_elements_are_none() -> None:
    text = (
        '<faq xmlns="urn:x"><part><title>Joining</title>'
        "<entry><question>Why?</question><answer>So &amp; so.</answer></entry>"
        "<entry><question>When?</question><answer>Now.</answer></entry></part></faq>"
    )

    assert read(parse_xml(text.encode())) == [
        ("Joining", "Why?", "So & so."),
        ("Joining", "When?", "Now."),
    ]


@pytest.mark.parametrize(
    ("parse", "text", "why"),
    [
        (parse_toml, '[project]\nname = "a"\ndescription = "Why not?"\n', "no entries"),
        (parse_xml, "<project><name>Why?</name><description>So?</description></project>", "no en"),
        (parse_xml, QUIZ, "is a quiz"),
        (parse_xml, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares entities"),
        (parse_xml, "<a><b></a>", "not valid XML"),
    ],
)
def test_what_is_no_faq_says_so(parse: Callable[[bytes], Parsed], text: str, why: str) -> None:
    with pytest.raises(NotAnFaq, match=why):
        parse(text.encode())


@pytest.mark.parametrize(
    ("parse", "data"),
    [
        (parse_toml, b"a = " + b"[" * 5000),
        (parse_toml, b"a = 1\n" * 600_000),
        (parse_toml, b"a = = 1"),
        (parse_xml, b"<a>" * 600_000),
        (parse_xml, b"<a>" * 100_000),
    ],
    ids=["nested", "long", "wrong", "many elements", "deep elements"],
)
def test_what_is_awkward_is_refused(parse: Callable[[bytes], Parsed], data: bytes) -> None:
    with pytest.raises(CorpusError):
        parse(data)


def test_deep_elements_are_read_as_far_as_they_may_hold_entries() -> None:
    with pytest.raises(NotAnFaq, match="no entries"):
        parse_xml(b"<a>" * 5000 + b"</a>" * 5000)
