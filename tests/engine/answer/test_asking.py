"""What asks, what goes on from something, and which words say what a text is about."""

from __future__ import annotations

import pytest

from engine.answer.asking import asking, asks, goes_on, meaningful, plain, points_back
from tests.hostile import hostile

ASK = {
    "en": [
        "How do I renew my card?",
        "where is the reading room",
        "Hi all, is there a waiting list",
        "hello everyone, can i bring a friend",
        "Sorry, what does a locker cost",
        "and what if I lose the key",
        "The lamp flickers. Normal?",
        "any idea why the lamp flickers",
        "I don't know which form to take",
        "my lamp flickers, is that ok? :)",
        "renewed twice already?!",
        "a locker??? 😀",
        "What’s the fee",
    ],
    "de": [
        "Wie verlängere ich die Karte",
        "kann man Schließfächer mieten",
        "gibt's Rabatt",
        "und wo",
    ],
    "es": [
        "¿Cómo renuevo el carné?",
        "dónde está la sala",
        "se puede reservar",
        "hola, hay taquillas",
    ],
    "pt": [
        "Como renovo o cartão",
        "onde fica a sala",
        "dá para reservar",
        "oi pessoal, existe fila",
    ],
    "fr": [
        "Comment renouveler ma carte",
        "est-ce que la salle est ouverte",
        "peut-on réserver",
        "où",
    ],
    "ru": ["Как продлить билет", "можно ли занять шкафчик", "подскажите адрес", "где зал"],
}
TELL = {
    "en": [
        "The reading room is closed.",
        "I lost my key yesterday.",
        "Thanks, that worked!",
        "My card shows an error",
        "Howard renewed it",
        "somehow it broke",
        "Wherever I look there is dust",
    ],
    "de": ["Der Lesesaal ist zu.", "Wieder kaputt", "Ich habe den Schlüssel verloren."],
    "es": ["La sala está cerrada.", "He perdido la llave."],
    "pt": ["A sala está fechada.", "Perdi a chave ontem."],
    "fr": ["La salle est fermée.", "Quittance perdue"],
    "ru": ["Зал закрыт.", "Потерял ключ вчера.", "Такой ключ потерян"],
}


@pytest.mark.parametrize("text", [text for texts in ASK.values() for text in texts])
def test_a_question_is_known_by_its_mark_or_by_how_it_begins(text: str) -> None:
    assert asks(text)
    assert asks(text.upper()) or "’" in text


@pytest.mark.parametrize("text", [text for texts in TELL.values() for text in texts])
def test_what_tells_something_does_not_ask(text: str) -> None:
    assert not asks(text)


def test_the_mark_at_the_end_of_a_long_story_counts() -> None:
    assert asks("I lost my key on the way to the reading room. " * 40 + "Now what?")


@pytest.mark.parametrize("text", ["", " ", "\n", ".", "!!!", "¿", "-"])
def test_nothing_asks_nothing(text: str) -> None:
    assert not asks(text)
    assert meaningful(text) == ()
    assert not goes_on(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How do I get it to work, please?", ()),
        ("How do I renew the library card?", ("renew", "library", "card")),
        ("Renew, renew, RENEW", ("renew",)),
        ("Don’t the doors open?", ("doors", "open")),
        ("Was kann ich denn tun?", ()),
        ("Wie verlängere ich die Karte?", ("verlängere", "karte")),
        ("¿Qué puedo hacer con la taquilla?", ("taquilla",)),
        ("Como faço para renovar?", ("renovar",)),
        ("Que dois-je faire avec la clé ?", ("dois-je", "clé")),
        ("Кто-нибудь знает, где ключ?", ("ключ",)),
    ],
)
def test_the_words_that_say_what_it_is_about(text: str, expected: tuple[str, ...]) -> None:
    assert meaningful(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "and on Sundays?",
        "What about children?",
        "und am Sonntag?",
        "was ist mit Kindern",
        "¿y los domingos?",
        "e aos domingos?",
        "et le dimanche ?",
        "а по воскресеньям?",
    ],
)
def test_what_goes_on_from_something_is_known_by_how_it_begins(text: str) -> None:
    assert goes_on(text)


@pytest.mark.parametrize("text", ["Andrea asks", "Unders", "Yes, on Sundays", "Как быть", "étage"])
def test_what_only_looks_like_it_goes_on_from_nothing(text: str) -> None:
    assert not goes_on(text)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["how", "does", "it", "open"], True),
        (["wie", "geht", "das"], True),
        (["cómo", "hago", "eso"], True),
        (["como", "faço", "isso"], True),
        (["comment", "faire", "ça"], True),
        (["как", "это", "открыть"], True),
        (["where", "is", "a", "locker"], False),
        ([], False),
    ],
)
def test_a_word_may_stand_for_what_was_named_before(words: list[str], expected: bool) -> None:
    assert points_back(words) is expected


@pytest.mark.parametrize("text", ["İstanbul’da", "ẞ", "ΑΣ", "ﬃ", "Ǆ", ""])
def test_plain_text_is_as_long_as_it_was(text: str) -> None:
    assert len(plain(text)) == len(text)


@hostile
def test_nothing_that_is_sent_breaks_it(text: str) -> None:
    assert asks(text) in (True, False)
    assert goes_on(text) in (True, False)
    assert points_back(meaningful(text)) in (True, False)


def test_the_patterns_are_made_once() -> None:
    assert asking() is asking()
