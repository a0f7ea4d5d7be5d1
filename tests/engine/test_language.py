"""The language of a text is told, even of a chat question of some words."""

from __future__ import annotations

import pytest

from engine.retrieval.language import LANGUAGES, MAX_CHARS, language_of


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
