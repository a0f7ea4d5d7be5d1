"""The table of sentences: every language is whole."""

from __future__ import annotations

from string import Formatter

import pytest

from bot.delivery.texts import ENGLISH, LANGUAGES, duration, say


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_sentence_with_the_same_placeholders(language: str) -> None:
    table = LANGUAGES[language]

    assert set(table) == set(ENGLISH)
    assert {key: placeholders(table[key]) for key in table} == {
        key: placeholders(ENGLISH[key]) for key in ENGLISH
    }


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_a_language_is_translated(language: str) -> None:
    same = {key for key, sentence in LANGUAGES[language].items() if sentence == ENGLISH[key]}

    assert same <= {"sources", "button.up", "button.down", "seconds", "minutes"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_names_every_language_that_is_spoken(language: str) -> None:
    names = [say(f"language.{other}", language) for other in LANGUAGES]

    assert len(set(names)) == len(LANGUAGES)
    assert all(name in say("language.note", language, name=name) for name in names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_follow_a_colon(language: str) -> None:
    for key in ("closest", "closest.other_courses", "vague.perhaps", "waiting.matches"):
        assert say(key, language).endswith(":")


@pytest.mark.parametrize("language", LANGUAGES)
def test_descriptions_of_commands_fit_a_menu(language: str) -> None:
    for key, sentence in LANGUAGES[language].items():
        if key.startswith("command."):
            assert 1 <= len(sentence) <= 256


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de-AT", "Abgebrochen."),
        ("pt_BR", "Interrompido."),
        ("RU", "Остановлено."),
        ("tlh", "Stopped."),
        ("", "Stopped."),
        (None, "Stopped."),
    ],
)
def test_the_language_of_the_client_is_used_where_there_is_one(
    language: str | None, sentence: str
) -> None:
    assert say("stopped", language) == sentence


def test_long_waits_are_told_in_minutes() -> None:
    assert (duration(0.2), duration(89), duration(90)) == ("1 s", "89 s", "2 min")
