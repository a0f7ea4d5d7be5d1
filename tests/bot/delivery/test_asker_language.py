"""A person is answered in the language they write in, and in that of their client where it is not
sure."""

from __future__ import annotations

import pytest

from bot.delivery.asker_language import asker_language
from bot.delivery.texts import texts

GERMAN = "Wie bekomme ich ein Zertifikat?"
ENGLISH = "How do I get a certificate?"
ITALIAN = "Quando inizia il corso e come posso iscrivermi?"


@pytest.mark.parametrize(
    ("text", "client", "faq", "language"),
    [
        (GERMAN, None, "en", "de"),
        (GERMAN, "en-US", "en", "de"),
        (GERMAN, "pt_BR", "ru", "de"),
        (ENGLISH, "de", "en", "en"),
        (ENGLISH, None, "ru", "en"),
        ("CUDA OOM?", "de", "en", "de"),
        ("ModuleNotFoundError: No module named 'mlflow'", "de-AT", "en", "de"),
        ("docker compose up -d", "RU", "en", "ru"),
        ("👍", "fr", "en", "fr"),
        ("CUDA OOM?", None, "en", "en"),
        ("👍", None, "ru", "ru"),
        ("👍", None, "it", "en"),
        ("CUDA OOM?", "it", "ru", "en"),
        (ITALIAN, "es", "en", "es"),
        (ITALIAN, None, "en", "en"),
        (ITALIAN, None, "ru", "en"),
    ],
    ids=str,
)
def test_the_language_of_the_asker_is_what_they_write_or_else_what_their_client_speaks(
    text: str, client: str | None, faq: str, language: str
) -> None:
    assert asker_language(text, client, faq) == language


@pytest.mark.parametrize("client", [None, "en", "fr", "tlh"])
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "thanks a lot!"),
        ("de", "danke!"),
        ("es", "hola"),
        ("pt", "muito obrigada"),
        ("fr", "bonsoir"),
        ("ru", "спасибо большое"),
    ],
)
def test_a_kind_word_tells_its_language(language: str, text: str, client: str | None) -> None:
    assert language in texts().languages
    assert asker_language(text, client, "en") == language
