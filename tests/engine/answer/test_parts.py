"""A message is parted into what it asks, and left whole where it asks one thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.answer.parts import MAX_PARTS, Part, joined, parts_of
from engine.limits import GIST_CHARS
from tests.hostile import hostile


def texts(message: str) -> list[str]:
    return [part.text for part in parts_of(message)]


#: The message → its questions.
PARTED = {
    "two sentences": (
        "How do I renew my library card? Where can I lock my bicycle?",
        ["How do I renew my library card?", "Where can I lock my bicycle?"],
    ),
    "and before a question": (
        "how do i renew my card and when does the reading room close",
        ["how do i renew my card", "and when does the reading room close"],
    ),
    "a comma before a question": (
        "how do i renew my card, where can i lock my bicycle",
        ["how do i renew my card", "where can i lock my bicycle"],
    ),
    "lines without a mark": (
        "will there be a concert in spring\nwill the lessons be recorded",
        ["will there be a concert in spring", "will the lessons be recorded"],
    ),
    "also": (
        "The lamp in room 5 flickers. Also, how do I book the small room?",
        ["The lamp in room 5 flickers.", "Also, how do I book the small room?"],
    ),
    "another thing": (
        "why is the door locked? another thing, the printer smells burnt",
        ["why is the door locked?", "another thing, the printer smells burnt"],
    ),
    "a colon behind what opens a matter": (
        "Who has the key? By the way: is there parking?",
        ["Who has the key?", "By the way: is there parking?"],
    ),
    "a plus": (
        "how do I book the small room + where is the fuse box",
        ["how do I book the small room", "where is the fuse box"],
    ),
    "a story before each": (
        "My key broke. Who makes new ones? The gate was open at night. Who locks it?",
        ["My key broke. Who makes new ones?", "The gate was open at night. Who locks it?"],
    ),
    "what belongs to the first": (
        "How do I renew my card? It ran out in May. And where can I lock my bicycle?",
        ["How do I renew my card? It ran out in May.", "And where can I lock my bicycle?"],
    ),
    "counted": (
        "I have two questions about the garden: what does a plot cost, and who has the key?",
        ["about the garden: what does a plot cost", "about the garden: and who has the key?"],
    ),
    "numbered lines": (
        "1. How do I join?\n2. Where are the keys?\n3. Who mows?",
        ["How do I join?", "Where are the keys?", "Who mows?"],
    ),
    "numbers inside a line": (
        "hi! 1) how do I join late 2) where are the keys",
        ["how do I join late", "where are the keys"],
    ),
    "numbered by name": (
        "Question 1: how do I join? Question 2: where are the keys?",
        ["how do I join?", "where are the keys?"],
    ),
    "q1 and q2": (
        "Q1: how do I join? Q2: where are the keys?",
        ["how do I join?", "where are the keys?"],
    ),
    "bullets": (
        "Hello,\n- how do I join?\n- where are the keys?\nThanks",
        ["how do I join?", "where are the keys? Thanks"],
    ),
    "bullets of mere words": (
        "* lost key of the shed\n* price of a plot",
        ["lost key of the shed", "price of a plot"],
    ),
    "an address with a mark": (
        "The page https://example.org/?a=how is down. How do I join, and where are the keys?",
        ["The page https://example.org/?a=how is down. How do I join", "and where are the keys?"],
    ),
    "an abbreviation": (
        "Can I plant trees, e.g. apples? And how do I get a second key?",
        ["Can I plant trees, e.g. apples?", "And how do I get a second key?"],
    ),
    "thanks before": (
        "thanks for the help! how do i renew my card? where do i see my fines?",
        ["thanks for the help! how do i renew my card?", "where do i see my fines?"],
    ),
    "de": (
        "Wie verlängere ich die Karte und wo stelle ich mein Fahrrad ab?",
        ["Wie verlängere ich die Karte", "und wo stelle ich mein Fahrrad ab?"],
    ),
    "de, another matter": (
        "Wann schließt der Lesesaal? Außerdem: gibt es Schließfächer?",
        ["Wann schließt der Lesesaal?", "Außerdem: gibt es Schließfächer?"],
    ),
    "es": (
        "¿Cómo renuevo el carné? ¿Dónde están las taquillas?",
        ["¿Cómo renuevo el carné?", "¿Dónde están las taquillas?"],
    ),
    "es, y": (
        "¿Cómo renuevo el carné y dónde dejo la bicicleta?",
        ["¿Cómo renuevo el carné", "y dónde dejo la bicicleta?"],
    ),
    "pt": (
        "Como renovo o cartão e onde ficam os armários?",
        ["Como renovo o cartão", "e onde ficam os armários?"],
    ),
    "pt, an article that is a Spanish or": (
        "Como renovo o cartão? O armário novo tem chave?",
        ["Como renovo o cartão?", "O armário novo tem chave?"],
    ),
    "fr, where without its accent": (
        "Comment renouveler ma carte? ou est la salle de lecture?",
        ["Comment renouveler ma carte?", "ou est la salle de lecture?"],
    ),
    "fr": (
        "Comment renouveler ma carte et où sont les casiers ?",
        ["Comment renouveler ma carte", "et où sont les casiers ?"],
    ),
    "ru": (
        "Как продлить билет и где лежат ключи от сарая?",
        ["Как продлить билет", "и где лежат ключи от сарая?"],
    ),
    "ru, another matter": (
        "Как продлить билет? И ещё вопрос: можно ли занять шкафчик?",
        ["Как продлить билет?", "И ещё вопрос: можно ли занять шкафчик?"],
    ),
}
WHOLE = {
    "en": [
        "How do I join the Search and Rescue channel?",
        "Where can I read the Terms and Conditions?",
        "What is the difference between a plot and a bed?",
        "how and where do I hand in the form",
        "Should I take oil or water?",
        "Can I still join? Or is it too late?",
        "Can I still join? Is it possible?",
        "Hi! How are you? How do I join?",
        "What?! How is that possible?!",
        "when do I need a permit, if any?",
        "I missed the meeting, what can I do and is that ok?",
        "how do i submit??? !!!",
        "how do I get in? :) :-D",
    ],
    "de": [
        "Wo finde ich Regeln und Preise?",
        "Kann ich z. B. am Sonntag kommen?",
        "Weiß jemand, wie man den Schuppen öffnet?",
        "Brauche ich einen Schlüssel oder eine Karte?",
    ],
    "es": [
        "¿Dónde están las normas y los precios?",
        "Hola, ¿alguien sabe cómo entrar?",
        "¿Puedo entrar aún? ¿O es demasiado tarde?",
    ],
    "pt": ["Onde ficam as regras e os preços?", "Oi, alguém sabe como entrar?"],
    "fr": ["Où sont les règles et les prix ?", "Bonjour, est-ce qu'on peut entrer ?"],
    "ru": [
        "Где лежат правила и цены?",
        "Привет, кто-нибудь знает, как попасть в сарай?",
        "Можно ли прийти, т. е. просто прийти?",
    ],
    "code": [
        "What does this do?\n```python\nx = a if b == '?' else 'how?'\n# 1. why? 2. where?\n```",
        "Why does `SELECT * FROM t WHERE a = ? AND how = ?` fail?",
        "`what?` and `where?` raise an error in the shell",
    ],
    "addresses": [
        "Is https://example.org/faq?q=what?&how=why still valid",
        "http://localhost:8080/?how=to and http://localhost:8081/?where=at give 404",
    ],
    "figures": [
        "Does version 3.12 work or do I need 3.11?",
        "Why do I get 0.5 instead of 1.5?",
        "torch 2.1.0+cu118 does not install, why?",
        "Module 1. Homework 2. Where do I submit it?",
        "Error: step 1. failed, step 2. skipped. What now?",
        "What is right for question 3: 1) 0.5 2) 0.7 3) 0.9?",
    ],
    "abbreviations": [
        "Do I need a plot vs. my own garden?",
        "What about Dr. Smith's lecture?",
        "Does the U.S. version differ from the E.U. one?",
    ],
    "quoted": [
        "> How do I get the key?\n> Who has it?\nWhere is that form?",
        "On Monday Ann wrote:\n> When is the market? And where?\n\nI have the same question.",
    ],
    "lists of something else": [
        "I did the following:\n1. opened the valve\n2. closed the tap\n3. sat\nand it leaks, why?",
        "Steps:\n- open the page\n- click on login\n- wait a minute\nWhat is wrong?",
        "Ich habe:\n1. Ventil geöffnet\n2. Hahn geschlossen\nwarum tropft es?",
        "Which tool cuts best:\n- the saw\n- the knife of the cutter",
    ],
    "errors": [
        "psql: connection failed: Is the server running locally and accepting connections on it?",
        "ERROR 1. Could not connect 2. Retry",
    ],
    "nothing": ["?", "?!?", "a", "1. a\n2. b", "- \n- ", "1.\n2.\n"],
}


@pytest.mark.parametrize(("message", "expected"), PARTED.values(), ids=PARTED.keys())
def test_each_question_is_a_part_in_its_own_words(message: str, expected: list[str]) -> None:
    assert texts(message) == expected


@pytest.mark.parametrize("message", [text for several in WHOLE.values() for text in several])
def test_one_question_stays_whole(message: str) -> None:
    assert parts_of(message) == (Part(message.strip()),)


def test_a_complaint_before_a_question_may_be_a_matter_of_its_own() -> None:
    first, second = parts_of("The lamp in room 5 flickers. Also, how do I book the small room?")

    assert not first.asks
    assert second.asks


def test_more_questions_than_are_answered_one_by_one_go_with_the_last() -> None:
    parts = parts_of("\n".join(f"{n}. how do I open door {n}?" for n in range(1, 8)))

    assert len(parts) == MAX_PARTS
    assert parts[0].text == "how do I open door 1?"
    assert parts[-1].text == " ".join(f"how do I open door {n}?" for n in range(4, 8))


def test_letters_that_grow_when_lowered_do_not_shift_the_cuts() -> None:
    message = "İİİİ: how do I renew my card? And where can I lock my bicycle?"

    assert texts(message) == [
        "İİİİ: how do I renew my card?",
        "And where can I lock my bicycle?",
    ]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(True, True, True), (False, True, True), (True, False, True), (False, False, False)],
)
def test_two_parts_joined_ask_what_either_asks(one: bool, other: bool, expected: bool) -> None:
    assert joined(Part("a", one), Part("b?", other)) == Part("a b?", expected)


@hostile
def test_nothing_that_is_sent_breaks_it(text: str) -> None:
    for message in (text[: 2 * GIST_CHARS], f"how do I {text[:500]}? and where {text[:500]}?"):
        parts = parts_of(message)

        assert 1 <= len(parts) <= MAX_PARTS


@given(
    st.lists(
        st.sampled_from(
            [
                "how do I join",
                "where",
                "and",
                "also",
                "?",
                ".",
                ",",
                "\n",
                "1.",
                "2)",
                "- ",
                "`",
                "key",
            ]
        )
        | st.text(max_size=5),
        max_size=25,
    )
)
def test_no_word_is_lost_but_numbers_bullets_and_what_was_counted(pieces: list[str]) -> None:
    message = " ".join(pieces)

    parts = parts_of(message)

    assert 1 <= len(parts) <= MAX_PARTS
    if len(parts) > 1:
        assert all(part.text.strip() for part in parts)
        assert all(word in message for part in parts for word in part.text.split())
