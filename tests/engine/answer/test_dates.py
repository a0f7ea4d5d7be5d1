"""What asks for a time, and which entries speak of one that is over."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.answer.dates import (
    HEAD_CHARS,
    Edition,
    asks_for_date,
    asks_when,
    newest_editions,
    past_edition,
    tells_time,
)
from engine.types import Document, Match
from tests.hostile import hostile

TODAY = date(2026, 11, 29)


def entry(answer: str, title: str = "The garden") -> Document:
    return Document(id="x", course="a", section="", question=title, answer=answer)


FOR_A_DATE = {
    "en": [
        "when is the next market?",
        "When do the lessons start",
        "what is the deadline of the second form",
        "until when can i hand it in",
        "which day is the rehearsal",
        "how soon do we hear back",
        "tell me when the gate opens, i mean when does it",
        "when's the market",
    ],
    "de": [
        "Wann ist der Markt?",
        "Bis wann muss ich mich melden?",
        "An welchem Tag ist die Probe?",
        "ab wann gilt das",
    ],
    "es": [
        "¿Cuándo es el mercado?",
        "hola, cuando empieza el curso?",
        "¿hasta cuándo puedo entregar?",
        "¿Qué día es el ensayo?",
        "cuál es la fecha límite",
    ],
    "pt": [
        "Quando começa o ensaio?",
        "boa tarde, quando é a feira?",
        "até quando posso entregar",
        "qual é o prazo do formulário",
    ],
    "fr": [
        "Quand commence la répétition ?",
        "jusqu'à quand puis-je m'inscrire ?",
        "quelle est la date limite",
        "à quelle heure est le marché",
    ],
    "ru": [
        "Когда репетиция?",
        "подскажите, когда ярмарка",
        "до какого числа можно сдать?",
        "а во сколько?",
        "какой дедлайн",
    ],
}
TOO_LATE = {
    "en": ["is it too late to join?", "is the form still open?", "are submissions closed?"],
    "de": ["Ist es zu spät?", "Ist die Anmeldung noch offen?"],
    "es": ["¿es tarde para inscribirse?", "¿sigue abierta la inscripción?"],
    "pt": ["é tarde demais para entrar?", "as inscrições ainda estão abertas?"],
    "fr": ["est-ce trop tard ?", "les inscriptions sont-elles ouvertes ?"],
    "ru": ["ещё не поздно записаться?", "уже поздно?"],
}
FOR_NO_DATE = {
    "en": [
        "what happens when my pump stops?",
        "when should I use oil instead of grease",
        "it breaks when i open the valve",
        "the list does not refresh when the array changes",
        "which date format does the form take",
        "context deadline exceeded",
        "DeadlineExceeded: 504 Deadline Exceeded",
        "is the cursor closed?",
        "2023.1 does not install",
        "How do I load the data of 2021?",
        "",
    ],
    "de": ["Was passiert, wenn ich die Pumpe stoppe?", "wann nehme ich Öl", "wannenweise Wasser"],
    "es": ["¿Qué pasa cuando paro la bomba?", "error cuando abro la válvula"],
    "pt": ["O que acontece quando paro a bomba?", "dá erro quando abro"],
    "fr": ["Que se passe-t-il quand j'arrête la pompe ?", "quand même, ça fuit"],
    "ru": ["Что делать, когда насос стоит?", "ошибка, когда открываю клапан"],
}


def each(texts: dict[str, list[str]]) -> list[str]:
    return [text for several in texts.values() for text in several]


@pytest.mark.parametrize("text", each(FOR_A_DATE))
def test_who_asks_for_a_day_asks_when(text: str) -> None:
    assert asks_for_date(text)
    assert asks_when(text)
    assert asks_when(text.upper().replace("’", "'"))


@pytest.mark.parametrize("text", each(TOO_LATE))
def test_who_fears_to_be_late_asks_when_and_may_be_answered_without_a_date(text: str) -> None:
    assert asks_when(text)
    assert not asks_for_date(text)


@pytest.mark.parametrize("text", each(FOR_NO_DATE))
def test_another_question_with_the_same_words_asks_for_no_date(text: str) -> None:
    assert not asks_when(text)


#: What an entry says, the year it is taken to be of.
OVER = {
    "a day": ("It starts on January 15, 2024.", 2024),
    "a day, British": ("It starts on the 3rd of March, 2025.", 2025),
    "a day, abbreviated": ("Sept. 5, 2024 at noon", 2024),
    "a month": ("It starts in March 2025.", 2025),
    "a day in figures": ("Hand it in by 2024-03-05.", 2024),
    "a day in figures, German": ("Abgabe am 03.03.2025.", 2025),
    "a day in figures, American": ("Due on 12/31/2024.", 2024),
    "the day before": ("It was on 28 November 2026.", 2026),
    "de": ("Der Kurs begann am 3. März 2025.", 2025),
    "es": ("El curso empezó el 3 de marzo de 2025.", 2025),
    "pt": ("O curso começou em 3 de março de 2025.", 2025),
    "fr": ("Le cours a commencé le 3 mars 2025.", 2025),
    "ru": ("Курс начался 3 марта 2025 года.", 2025),
    "a season": ("Summer 2025.", 2025),
    "a winter": ("We met in winter 2024/25.", 2025),
    "a season, ru": ("Осенью 2024 года.", 2024),
    "an edition": ("The 2024 cohort starts in May.", 2024),
    "an edition, de": ("Die Kohorte 2024 beginnt im Mai.", 2024),
    "an edition, es": ("La edición de 2024 empezó en mayo.", 2024),
    "an edition, pt": ("A edição de 2024 começou em maio.", 2024),
    "an edition, fr": ("L'édition 2024 commence en mai.", 2024),
    "an edition, ru": ("Поток 2024 года начинается в мае.", 2024),
    "a school year": ("The 2024/25 course is full.", 2025),
    "a semester": ("Im Wintersemester 2024/25 war Pause.", 2025),
    "the newest of several": ("The 2022 cohort, the 2024 cohort and the 2023 cohort.", 2024),
    "the page of an edition": ("See https://example.org/cohorts/2024/start", 2024),
    "beside a log": ("2023-01-01 12:00:00 INFO ok\nThe 2024 cohort starts in May.", 2024),
}
NOT_OVER = {
    "no date": "At any time.",
    "nothing": "",
    "today": "Hand it in by 29 November 2026.",
    "tomorrow": "Hand it in by 2026-11-30.",
    "next year": "The next cohort starts on 12 January 2027.",
    "next year, de": "Am 3. März 2027.",
    "next year, ru": "Весной 2027 года.",
    "the edition of this year": "The 2026 cohort is running.",
    "a winter that begins": "We meet in winter 2026/27.",
    "a winter that may be this one": "We meet in winter 2026.",
    "a school year that goes on": "The 2026/27 course is full.",
    "a day that may be in December": "Due on 1/12/2026.",
    "one that is over and one that is not": "The 2024 cohort is over; we start in May 2031.",
    "versions": "Use ray 2023.1 or idea 2023.1.2 in the course, not dbt 2022.3.",
    "a version beside a course": "The course uses DataGrip 2023.1.",
    "ports": "Open port 2022 and 2023 and forward 2024:22.",
    "sizes": "Give it 2048 MB, or 2024 if there are.",
    "a log": "2024-05-01 12:00:00 INFO started\n2024-05-01 12:00:01 ERROR failed",
    "times of a log": "[2023-01-02T10:00:00Z] the valve is stuck",
    "code": "Run this:\n```\nSELECT * FROM t WHERE d = '2021-01-01'\n```",
    "code in a line": "Set `DATE=2020-01-01`.",
    "the name of a link": "See [the page of 2024-05-01](https://example.org/a).",
    "an address": "See https://example.org/2024/05/01/garden",
    "a number": "CVE-2021-44228 and RFC 2020.",
    "an image": "Use python:3.9-slim or ubuntu-2204-jammy-v20230101.",
    "a year alone": "Copyright 2012 Example.",
    "no such day": "31.02.2024 and 99/99/2024 and 2024-13-13",
}


@pytest.mark.parametrize(("answer", "year"), OVER.values(), ids=OVER.keys())
def test_an_entry_about_a_time_that_is_over_is_known_with_its_year(answer: str, year: int) -> None:
    edition = past_edition(entry(answer), TODAY)

    assert edition is not None
    assert edition.year == year


@pytest.mark.parametrize("answer", NOT_OVER.values(), ids=NOT_OVER.keys())
def test_an_entry_about_no_time_or_one_to_come_is_not_over(answer: str) -> None:
    assert past_edition(entry(answer), TODAY) is None


@pytest.mark.parametrize(
    ("title", "answer", "whole"),
    [
        ("Is Python 3.9 recommended to use in 2024?", "Yes.", True),
        ("Deadlines of the 2024 cohort", "See the calendar.", True),
        ("Deadlines", "For the 2024 cohort, see the calendar.", True),
        ("Deadlines", "x" * HEAD_CHARS + " That was in the 2024 cohort.", False),
        ("Start", "It starts on January 15, 2024.", False),
        ("Start", "See https://example.org/cohorts/2024", False),
    ],
)
def test_an_entry_is_of_a_time_as_a_whole_where_it_says_so_at_once(
    title: str, answer: str, whole: bool
) -> None:
    assert past_edition(entry(answer, title), TODAY) == Edition(year=2024, whole=whole)


def test_a_time_is_over_the_day_after_it() -> None:
    document = entry("It starts on 15 January 2024.")

    assert past_edition(document, date(2024, 1, 15)) is None
    assert past_edition(document, date(2024, 1, 16)) is not None


@pytest.mark.parametrize(
    ("language", "answer", "expected"),
    [
        ("en", "On Monday, at noon.", True),
        ("en", "You can join at any time.", True),
        ("en", "The market is held in May 2024.", True),
        ("en", "Doors open at 9:30.", True),
        ("en", "Send an e-mail with the data to the office, please.", False),
        ("en", "The window opens with a key.", False),
        ("en", "Open `2024-01-01 10:30` in the shell.", False),
        ("de", "Jeden Montag um acht Uhr, und das immer.", True),
        ("de", "Das Fenster öffnet man mit dem Schlüssel.", False),
        ("es", "El lunes por la tarde abrimos la puerta.", True),
        ("es", "La ventana se abre con la llave.", False),
        ("pt", "Na segunda abrimos a porta da casa.", True),
        ("pt", "A janela abre com a chave da casa.", False),
        ("fr", "Nous ouvrons la porte tous les lundis, à minuit, chaque semaine.", True),
        ("fr", "La fenêtre s'ouvre avec une clé de la maison.", False),
        ("ru", "Мы открываем двери в понедельник.", True),
        ("ru", "Окно открывается ключом от дома.", False),
        ("ru", "The doors are opened on every Monday of the year.", True),
        ("ru", "The window opens with the key of the house.", False),
        ("ja", "窓は鍵で開きます。", True),
    ],
)
def test_an_entry_tells_a_time_in_its_own_language_or_in_one_that_is_not_read(
    language: str, answer: str, expected: bool
) -> None:
    assert tells_time(entry(answer), language) is expected


@hostile
def test_nothing_that_is_sent_or_written_breaks_it(text: str) -> None:
    assert asks_when(text) in (True, False)
    assert asks_for_date(text) in (True, False)
    for document in (entry(text), entry("", text), entry(text, text)):
        assert tells_time(document, "en") in (True, False)
        past_edition(document, TODAY)


@given(
    st.lists(
        st.sampled_from(
            ["2024", "2026", "/25", "-", ".", "31", "0", "may", "winter", "cohort", "in", " ", "\n"]
        ),
        max_size=12,
    )
)
def test_what_is_over_is_never_of_a_year_to_come(pieces: list[str]) -> None:
    document = entry("".join(pieces), " ".join(pieces))

    edition = past_edition(document, TODAY)

    assert edition is None or edition.year <= TODAY.year


def edition(id_: str, course: str, title: str, answer: str, score: float) -> Match:
    document = Document(id=id_, course=course, section="", question=title, answer=answer)
    return Match(document=document, score=score)


def test_one_entry_in_several_editions_stands_once_the_newest_in_the_place_of_the_best() -> None:
    old = edition("a", "de-2023", "When does the 2023 cohort start?", "In January 2023.", 1.2)
    other = edition("b", "de-2024", "How do I register?", "With the form.", 1.0)
    new = edition("c", "de-2024", "Cohort: When does the 2024 cohort start?", "Later.", 0.9)

    found = newest_editions((old, other, new))

    assert [(match.document.id, match.score) for match in found] == [("c", 1.2), ("b", 1.0)]


def test_an_entry_that_names_no_time_is_newer_than_one_that_does() -> None:
    dated = edition("a", "de", "What are the deadlines?", "See the 2024 edition.", 1.1)
    current = edition("b", "de", "What are the deadlines?", "Each Monday at 23:00.", 1.0)

    assert [match.document.id for match in newest_editions((dated, current))] == ["b"]


def test_two_entries_of_one_title_about_no_time_are_two() -> None:
    first = edition("a", "de", "AttributeError: iteritems", "Upgrade Spark.", 1.1)
    second = edition("b", "de", "AttributeError: iteritems", "Pin pandas.", 1.0)
    elsewhere = edition("c", "ml", "AttributeError: iteritems", "Since 2023 cohort: pin.", 0.9)

    assert newest_editions((first, second, elsewhere)) == (first, second, elsewhere)
