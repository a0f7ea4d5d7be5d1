"""Of a long message what asks and what went wrong is read, wherever it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import limits
from engine.answer.gist import Gist, gist_of, shortened
from tests.hostile import hostile

LOG = "\n".join(
    f"2026-05-0{n % 9 + 1} 12:00:{n:02d} INFO pump-{n}: moved {n * 7} litres" for n in range(40)
)
TRACE = """Traceback (most recent call last):
  File "/srv/pump/main.py", line 12, in <module>
    open_valve()
  File "/srv/pump/valve.py", line 40, in open_valve
    raise ValveError("valve 7 does not open")
pump.ValveError: valve 7 does not open"""
ERROR = "pump.ValveError: valve 7 does not open"
#: What is asked in each language, and a sentence that tells what it is about.
ASKED = {
    "en": ("How do I open the valve by hand?", "My pump stands still since Monday."),
    "de": ("Wie öffne ich das Ventil von Hand?", "Meine Pumpe steht seit Montag still."),
    "es": ("¿Cómo abro la válvula a mano?", "Mi bomba está parada desde el lunes."),
    "pt": ("Como abro a válvula com a mão?", "Minha bomba parou na segunda."),
    "fr": ("Comment ouvrir la vanne à la main ?", "Ma pompe est à l'arrêt depuis lundi."),
    "ru": ("Как открыть клапан вручную?", "Мой насос стоит с понедельника."),
}
HELP = {
    "en": "What can I do?",
    "de": "Was kann ich tun?",
    "es": "¿Qué puedo hacer?",
    "pt": "O que eu faço?",
    "fr": "Que faire ?",
    "ru": "что делать?",
}


@pytest.mark.parametrize(
    "text",
    [
        "How do I open the valve?",
        "valve\n" * limits.WHOLE_LINES,
        "a" * limits.WHOLE_CHARS,
        "",
        "\n \n",
        "one\n\n\n\n" * 13,
    ],
    ids=["a line", "some lines", "some characters", "nothing", "blank lines", "gaps"],
)
def test_a_message_of_ordinary_length_is_read_whole(text: str) -> None:
    assert gist_of(text) == Gist(text=text.strip())


@pytest.mark.parametrize("language", ASKED)
@pytest.mark.parametrize("order", ["before", "behind", "between"])
def test_the_question_and_the_error_are_found_wherever_they_stand(
    language: str, order: str
) -> None:
    question = ASKED[language][0]
    message = {
        "before": f"{question}\n{LOG}\n{TRACE}",
        "behind": f"{LOG}\n{TRACE}\n{question}",
        "between": f"{LOG}\n{question}\n{TRACE}\n{LOG}",
    }[order]

    gist = gist_of(message)

    lines = gist.text.splitlines()
    assert question in lines
    assert ERROR in lines
    assert not [line for line in lines if "litres" in line or "Traceback" in line]
    assert gist.num_lines == len(lines)


@pytest.mark.parametrize("language", ASKED)
def test_who_asks_for_nothing_but_help_is_heard_out(language: str) -> None:
    told = ASKED[language][1]

    gist = gist_of(f"{told}\n{LOG}\n{TRACE}\n{HELP[language]}")

    assert told in gist.text.splitlines()
    assert ERROR in gist.text.splitlines()


def test_what_stands_beside_the_question_is_read_with_it() -> None:
    gist = gist_of(f"{LOG}\nHow do I open the valve? It is an old one of brass.\n{LOG}")

    assert gist.text == "How do I open the valve?\nIt is an old one of brass."
    assert gist.num_lines == 1


def test_who_asks_nothing_is_understood_by_what_they_write_themselves() -> None:
    gist = gist_of(f"{LOG}\nMy pump stands still since Monday.\n{LOG}")

    assert gist.text == "My pump stands still since Monday."


def test_of_a_log_alone_the_beginning_is_read() -> None:
    gist = gist_of(LOG)

    assert gist == Gist(text=LOG[: limits.GIST_CHARS], num_lines=1)


def test_an_error_that_is_repeated_is_read_once() -> None:
    gist = gist_of("\n".join(f"ERROR: valve {n} of pump {n * 3} is not found" for n in range(99)))

    assert len(gist.text.splitlines()) == 1


def test_a_question_that_is_repeated_is_read_once() -> None:
    gist = gist_of(f"Who opens the valve?\n{LOG}\n{TRACE}\nWho opens the valve?")

    assert gist.text.splitlines().count("Who opens the valve?") == 1


def test_the_name_of_the_error_goes_before_what_only_warns() -> None:
    warnings = "\n".join(
        f"WARNING: the {word} is deprecated and missing in release {n}, see the notes of it"
        for n, word in enumerate(["hose", "tap", "tank", "seal", "ring", "lid", "cap", "nut"] * 3)
    )

    gist = gist_of(f"{warnings}\n{TRACE}\n{warnings}\nwhat is this")

    assert ERROR in gist.text.splitlines()


def test_of_a_letter_the_matter_is_read_and_not_its_form() -> None:
    gist = gist_of(
        "From: Ann <ann@example.org>\nTo: office@example.org\nSubject: valve\n\nDear all,\n\n"
        + "The garden is lovely at this time of the year and everything grows. " * 12
        + "\nCould you tell me who opens the valve?\n\nKind regards\n\n-- \nAnn Example\n"
    )

    assert "Could you tell me who opens the valve?" in gist.text.splitlines()
    assert "regards" not in gist.text
    assert "From:" not in gist.text


def test_a_question_that_is_quoted_counts_where_nobody_asks_another() -> None:
    quoted = "> Has anyone opened the valve?\n> We wait for it.\n"
    filler = "The garden is lovely at this time of the year and everything grows.\n" * 3 + LOG

    own = gist_of(f"{quoted}{filler}\nWho has the key of the shed?")
    alone = gist_of(f"{quoted}{filler}\nNobody has the key.")

    assert "Who has the key of the shed?" in own.text
    assert "opened the valve" not in own.text
    assert "Has anyone opened the valve?" in alone.text


def test_a_question_in_a_log_of_one_line_is_found() -> None:
    gist = gist_of("pump " * 1_000 + ". How do I open the valve? " + "pump " * 1_000)

    assert "How do I open the valve?" in gist.text


def test_room_is_left_for_the_error_however_much_is_asked() -> None:
    questions = "\n".join(
        f"How do I open the {word} valve of the pump in the garden behind the house of brass?"
        for word in [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
        ]
    )

    gist = gist_of(f"{questions}\n{LOG}\n{TRACE}")

    assert ERROR in gist.text.splitlines()
    assert len(gist.text) <= limits.GIST_CHARS


# What is kept of a message


def test_a_message_that_there_is_room_for_is_kept_as_it_is() -> None:
    assert shortened(TRACE, len(TRACE)) == TRACE


@pytest.mark.parametrize("max_chars", [0, 1, 10, 100, 1_000, 12_000])
def test_of_a_longer_one_no_more_is_kept_than_there_is_room_for(max_chars: int) -> None:
    assert len(shortened(f"{LOG}\n{TRACE}\n" * 20, max_chars)) <= max_chars


def test_a_question_in_the_middle_of_a_long_message_is_kept() -> None:
    message = f"Hello!\n{LOG * 10}\nHow do I open the valve?\n{LOG * 10}\nThanks, Ann"

    kept = shortened(message, limits.STORED_CHARS)

    assert len(message) > limits.STORED_CHARS
    assert kept.startswith("Hello!\n2026")
    assert "How do I open the valve?" in kept
    assert kept.endswith("Thanks, Ann")


def test_what_was_kept_has_the_same_gist() -> None:
    message = f"{LOG * 20}\nHow do I open the valve?\n{TRACE}\n{LOG * 20}"

    assert gist_of(shortened(message, limits.STORED_CHARS)).text == gist_of(message).text


def test_what_is_found_fits_where_it_is_used() -> None:
    assert limits.GIST_CHARS <= limits.SEARCHED_CHARS <= limits.STORED_CHARS
    assert limits.GIST_CHARS <= limits.PROMPT_CHARS


@hostile
def test_nothing_that_is_sent_breaks_it(text: str) -> None:
    gist = gist_of(text)

    assert len(gist.text) <= limits.GIST_CHARS
    assert 0 <= gist.num_lines <= len(gist.text.splitlines()) + 1
    assert len(shortened(text, limits.STORED_CHARS)) <= limits.STORED_CHARS


@given(
    st.lists(
        st.sampled_from(
            [LOG, TRACE, "How do I open it?", "> who?", "--", "npm ERR! x", "\x1c", "\r"]
        )
        | st.text(max_size=60),
        max_size=30,
    )
)
def test_any_message_gives_a_gist_of_its_own_lines(pieces: list[str]) -> None:
    message = "\n".join(pieces)

    gist = gist_of(message)

    assert len(gist.text) <= limits.GIST_CHARS
    assert all(line.strip() in message for line in gist.text.splitlines())
