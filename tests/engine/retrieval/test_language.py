"""The language of a text is told, even of a chat question of some words."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from engine.retrieval.language import LANGUAGES, MAX_CHARS, language_of, sure_language

DATA = Path(__file__).parents[2] / "data"
SPOKEN = ("en", "de", "es", "fr", "pt", "ru")
#: Kinds of questions that are all in English, but for those on the Russian FAQ.
IN_ENGLISH = ("answerable", "near_miss", "follow_up", "two_part")


def short_messages() -> dict[str, list[str]]:
    """Messages of a few words, by language."""
    found: dict[str, list[str]] = {}
    with (DATA / "short_messages.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["language"], []).append(row["text"])
    return found


MESSAGES = short_messages()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I get a certificate?", "en"),
        ("docker does not start", "en"),
        ("Wie bekomme ich ein Zertifikat?", "de"),
        ("Kann ich noch mitmachen, wenn der Kurs schon begonnen hat?", "de"),
        ("¿Cómo puedo obtener el certificado?", "es"),
        ("Comment puis-je obtenir le certificat ?", "fr"),
        ("Como faço para obter o certificado?", "pt"),
        ("Как получить сертификат?", "ru"),
        ("どうすれば証明書をもらえますか", "ja"),
        ("كيف أحصل على الشهادة؟", "ar"),
    ],
)
def test_the_language_of_a_question_is_told(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", " ", "?!", "🙏", "404", "3.10 + 4", "\x00"])
def test_a_text_without_letters_counts_as_english(text: str) -> None:
    assert language_of(text) == "en"


@pytest.mark.parametrize("text", ["\ud800", "a\ud800b", "\x00a", "x" * 1_000_000, "ß"])
def test_odd_texts_have_a_language(text: str) -> None:
    assert language_of(text) in LANGUAGES


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    english = "this is how the course works and what you need to do for it " * 400
    german = "so funktioniert der Kurs und das musst du dafür tun " * 2000

    assert len(english) > MAX_CHARS
    assert language_of(english + german) == "en"


@pytest.mark.parametrize("language", MESSAGES)
def test_a_short_message_is_never_surely_of_a_language_that_it_is_not(language: str) -> None:
    told = {text: sure_language(text) for text in MESSAGES[language]}

    assert {text: said for text, said in told.items() if said not in (None, language)} == {}


@pytest.mark.parametrize("language", [name for name in SPOKEN if name != "en"])
def test_the_language_of_most_short_messages_is_sure(language: str) -> None:
    sure = [text for text in MESSAGES[language] if sure_language(text) == language]

    assert len(sure) >= 0.75 * len(MESSAGES[language])


def test_no_english_question_is_surely_of_another_language() -> None:
    lines = (DATA / "answers" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    asked = [r["question"] for r in rows if r["kind"] in IN_ENGLISH and r["faq"] != "choir"]

    assert len(asked) > 250
    assert {text for text in asked if sure_language(text) not in (None, "en")} == set()


LOG = "ERROR: Could not find a version that satisfies the requirement\n" * 300


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (f"wie installiere ich das?\n{LOG}", "de"),
        (f"{LOG}\nwie installiere ich das?", "de"),
        ("was ist hier falsch? `for x in list: print(what, where, why)`", "de"),
        ("```\nwhat is my name? how can i help?\n```\npourquoi ça plante ?", "fr"),
        ("WIE BEKOMME ICH EIN ZERTIFIKAT?", "de"),
        ("CUDA OOM?", None),
        ("No module named 'sklearn'", None),
        ("error: command failed with exit code 1 while building the wheel", None),
        ("kernel died, how to fix bitte", None),
        ("error bitte help", None),
        ("", None),
        ("👍", None),
        ("404", None),
        ("\ud800", None),
    ],
    ids=range(14),
)
def test_what_is_pasted_does_not_tell_who_speaks(text: str, language: str | None) -> None:
    assert sure_language(text) == language
