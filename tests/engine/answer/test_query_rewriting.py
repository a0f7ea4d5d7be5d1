"""What is made of a question before it is searched for, alone and in its conversation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.answer.query_rewriting import (
    LOOK_BACK,
    MAX_ABOUT_CHARS,
    leans_back,
    query_in_context,
)
from engine.limits import SEARCHED_CHARS
from engine.retrieval.retrieval import query_text
from engine.types import Question, Turn
from tests.hostile import hostile

TITLES = {"pump": "How do I start the pump?", "valve": "The valve is stuck", "hose": "Hoses"}
PUMP = Turn(question="pump??", answer="Turn the key.", entry_ids=("pump",))


def asked(text: str, *history: Turn | str) -> Question:
    turns = (Turn(question=t, answer="") if isinstance(t, str) else t for t in history)
    return Question(text=text, history=tuple(turns))


def in_context(question: Question) -> str:
    return query_in_context(question, TITLES.get)


@pytest.mark.parametrize("text", ["", "  \n", "?!…", "🙏🙏", "\u200b\u2060\ufeff", "---", "\ud800"])
def test_what_holds_no_word_is_not_searched(text: str) -> None:
    assert query_text(asked(text)) == ""
    assert in_context(asked(text, PUMP)) == ""
    assert not leans_back(asked(text, PUMP))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  How do\n\nI  join? ", "How do I join?"),
        ("do\u200bcker", "docker"),
        ("ｄｏｃｋｅｒ", "docker"),
        ("как начать?", "как начать?"),
        ("如何加入", "如何加入"),
    ],
)
def test_a_question_becomes_one_clean_line(text: str, expected: str) -> None:
    assert query_text(asked(text)) == expected


# In its conversation


def test_a_follow_up_is_read_behind_the_title_of_the_entry_just_shown() -> None:
    assert in_context(asked("and by hand?", PUMP)) == "How do I start the pump? and by hand?"


def test_where_no_entry_was_shown_the_question_before_tells_what_it_is_about() -> None:
    question = asked("and by hand?", "the old pump makes a noise")

    assert in_context(question) == "the old pump makes a noise and by hand?"


def test_an_entry_that_is_gone_is_as_if_none_was_shown() -> None:
    gone = Turn(question="the old pump", answer="", entry_ids=("removed",))

    assert in_context(asked("and by hand?", gone)) == "the old pump and by hand?"


def test_an_answer_from_several_entries_is_about_the_first_two() -> None:
    turn = Turn(question="x", answer="y", entry_ids=("valve", "hose", "pump"))

    assert in_context(asked("why?", turn)) == "The valve is stuck Hoses why?"


@pytest.mark.parametrize(
    "kind", ["thanks!", "vielen Dank", "gracias", "obrigado", "merci", "спасибо", "👍"]
)
def test_thanks_between_two_questions_are_looked_past_and_are_about_nothing(kind: str) -> None:
    assert in_context(asked("and by hand?", PUMP, kind)).startswith(TITLES["pump"])
    assert in_context(asked(kind, PUMP)) == ""
    assert in_context(asked("and by hand?", kind)) == ""


def test_only_the_last_turns_are_looked_at() -> None:
    assert in_context(asked("why?", PUMP, *["thanks"] * (LOOK_BACK - 1)))
    assert in_context(asked("why?", PUMP, *["thanks"] * LOOK_BACK)) == ""


def test_a_first_question_has_no_context_however_short() -> None:
    assert in_context(asked("why?")) == ""
    assert not leans_back(asked("why?"))


def test_a_long_paste_before_leaves_room_for_the_question() -> None:
    log = "\n".join(f"12:00:{n % 60:02d} INFO moved {n} litres of water" for n in range(900))
    question = asked("and by hand?", f"{log}\nHow do I start the pump?\n{log}")

    context = in_context(question)

    assert context == "How do I start the pump? and by hand?"


def test_long_titles_leave_room_for_the_question() -> None:
    context = query_in_context(asked("and by hand?", PUMP), lambda _: "title " * 1_000)

    assert context.endswith(" and by hand?")
    assert len(context) <= MAX_ABOUT_CHARS + len(" and by hand?")


FOLLOW_UPS = {
    "en": ["and on Windows?", "what about flan", "why?", "how do I start it?", "then what"],
    "de": ["und am Sonntag?", "was ist mit Kindern", "wie starte ich das von Hand?", "warum?"],
    "es": ["¿y los domingos?", "¿cómo hago eso a mano?", "¿por qué?"],
    "pt": ["e aos domingos?", "como faço isso com a mão?", "por quê?"],
    "fr": ["et le dimanche ?", "comment faire ça à la main ?", "pourquoi ?"],
    "ru": ["а по воскресеньям?", "как это сделать вручную?", "почему?"],
}
WHOLE = {
    "en": ["Where do members of the club park their bicycles at night?"],
    "de": ["Wo stellen Mitglieder nachts ihre Fahrräder sicher unter?"],
    "es": ["¿Dónde guardan los socios sus bicicletas por noche?"],
    "pt": ["Onde os sócios guardam suas bicicletas de noite?"],
    "fr": ["Où les membres rangent-ils leurs vélos pendant chaque nuit ?"],
    "ru": ["Где члены клуба оставляют велосипеды на ночь?"],
}


@pytest.mark.parametrize("text", [text for texts in FOLLOW_UPS.values() for text in texts])
def test_what_means_nothing_alone_leans_on_what_was_said(text: str) -> None:
    assert leans_back(asked(text, PUMP))


@pytest.mark.parametrize("text", [text for texts in WHOLE.values() for text in texts])
def test_a_question_that_stands_alone_leans_on_nothing(text: str) -> None:
    assert not leans_back(asked(text, PUMP))


@pytest.mark.parametrize("text", ["thanks!", "ok got it, thank you so much", "danke", "?", "👍"])
def test_thanks_lean_on_nothing(text: str) -> None:
    assert not leans_back(asked(text, PUMP))


@hostile
def test_nothing_that_is_sent_breaks_it(text: str) -> None:
    question = asked(text, text, PUMP, Turn(question=text, answer=text, entry_ids=("a", "b")))

    lines = [
        query_text(question),
        in_context(question),
        query_in_context(question, lambda _: text),
    ]

    assert all(len(line) <= SEARCHED_CHARS and "\n" not in line for line in lines)
    assert leans_back(question) in (True, False)


@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=4))
def test_any_text_gives_a_clean_line(text: str, earlier: list[str]) -> None:
    question = asked(text, *earlier)

    lines = [query_text(question), in_context(question)]

    assert all(len(line) <= SEARCHED_CHARS and line == line.strip() for line in lines)
    assert not any("\n" in line for line in lines)
