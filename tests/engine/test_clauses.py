"""Clauses carry the negation, duty, condition and order that their sentence gives them."""

from __future__ import annotations

import pytest

from engine.grounding.clauses import Relation, agrees, clauses
from engine.grounding.polarity import Bound, Modal, bound
from engine.grounding.prose import read_prose
from engine.grounding.tokens import TokenKind, tokenize


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("You can use Python but not R.", [(False, Modal.CAN), (True, Modal.CAN)]),
        ("You cannot join late or submit homework.", [(True, Modal.CAN), (True, Modal.CAN)]),
        ("Homework and projects must be submitted.", [(False, Modal.MUST)]),
        ("It is not required.", [(True, Modal.MUST)]),
        ("You must not do it.", [(True, Modal.CAN)]),
        ("It is optional.", [(True, Modal.MUST)]),
        ("It is impossible.", [(True, Modal.CAN)]),
        ("The port may be in use.", [(False, Modal.MAYBE)]),
        ("You may ask.", [(False, Modal.CAN)]),
        ("It is only not fast.", [(True, Modal.NONE)]),
        ("It needs 5 GiB.", [(False, Modal.NEEDS)]),
        ("Avoid spaces.", [(True, Modal.NONE)]),
    ],
)
def test_a_clause_has_its_negation_and_modality(
    sentence: str, expected: list[tuple[bool, Modal]]
) -> None:
    found = clauses(tokenize(sentence))

    assert [(clause.negated, clause.modal) for clause in found] == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("If you pass, you get it.", [Relation.IF, Relation.NONE]),
        ("Run it before you leave.", [Relation.NONE, Relation.BEFORE]),
        ("After the deadline you get it.", [Relation.AFTER, Relation.NONE]),
        ("A is faster than B.", [Relation.NONE, Relation.THAN]),
        ("Use A instead of B.", [Relation.NONE, Relation.INSTEAD]),
        ("A is old, so use B.", [Relation.BECAUSE, Relation.NONE]),
        ("To get it, run this.", [Relation.PURPOSE, Relation.NONE]),
        ("On Windows, the limit is set here.", [Relation.NONE]),
    ],
)
def test_a_clause_hangs_on_its_neighbour(sentence: str, expected: list[Relation]) -> None:
    found = clauses(tokenize(sentence))

    assert [clause.relation for clause in found] == expected


@pytest.mark.parametrize(
    ("said", "source", "expected"),
    [
        ("Use conda.", "You can use conda.", True),
        ("You can use conda.", "Use conda.", True),
        ("You should use conda.", "Use conda.", True),
        ("You must use conda.", "You should use conda.", False),
        ("You can use conda.", "You must use conda.", False),
        ("You must use conda.", "You can use conda.", False),
        ("Use conda.", "The course uses conda.", False),
        ("It takes 5 minutes.", "It usually takes 5 minutes.", False),
        ("You need not use conda.", "You do not have to use conda.", True),
        ("You must not use conda.", "You do not have to use conda.", False),
        ("Never use conda.", "Do not use conda.", True),
    ],
)
def test_a_statement_commits_to_what_its_source_commits_to(
    said: str, source: str, expected: bool
) -> None:
    assert agrees(clauses(tokenize(said))[0], clauses(tokenize(source))[0]) is expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("at least 14 points", [Bound.LEAST]),
        ("no more than 3 days", [Bound.MOST]),
        ("14 of 24 points", [Bound.NONE, Bound.OF]),
        ("8–10 hours", [Bound.RANGE, Bound.RANGE]),
        ("about 15 GiB", [Bound.ABOUT]),
        ("~15 GiB", [Bound.ABOUT]),
        ("by 14 March", [Bound.BEFORE]),
    ],
)
def test_a_number_has_the_bound_before_it(sentence: str, expected: list[Bound]) -> None:
    tokens = tokenize(sentence)

    found = [bound(tokens, i) for i, t in enumerate(tokens) if t.kind is TokenKind.NUMBER]

    assert found == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1,000", [("1000", "dollar")]),
        ("10 %", [("10", "%")]),
        ("10 percent", [("10", "%")]),
        ("16GB", [("16", "gb")]),
        ("three reviews", [("3", "")]),
        ("v3.11", [("3.11", "")]),
        ("one of them", []),
    ],
)
def test_numbers_are_read_with_their_units(text: str, expected: list[tuple[str, str]]) -> None:
    found = [(t.key, t.unit) for t in tokenize(text) if t.kind is TokenKind.NUMBER]

    assert found == expected


@pytest.mark.parametrize(
    "text", ["a/b.py", "HF_HOME", "--flag", "23:59", "3.11.2", "#help", "@bob", "a@b.example"]
)
def test_what_must_be_verbatim_is_one_token(text: str) -> None:
    assert [(t.kind, t.key) for t in tokenize(text)] == [(TokenKind.EXACT, text)]


def test_a_link_that_shows_another_address_is_seen() -> None:
    assert read_prose("[https://a.example](https://b.example)").deceptive
    assert not read_prose("[https://a.example/](https://a.example)").deceptive
    assert not read_prose("[the page](https://b.example)").deceptive
