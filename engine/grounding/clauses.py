"""Reads the clauses of a sentence and compares what two of them commit to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.grounding.lexicon import (
    AUXILIARIES,
    HEDGES,
    NEGATORS,
    OBJECT_PRONOUNS,
    PREPOSITIONS,
    PRONOUNS,
)
from engine.grounding.polarity import Modal, is_imperative, modal, negations
from engine.grounding.segments import BINDING, Relation, Segment, has_predicate, segments
from engine.grounding.tokens import Token, TokenKind

__all__ = ["BINDING", "Clause", "Relation", "agrees", "clauses"]

#: May be left out: what it hangs on is claimed all the same.
_LOOSE = frozenset({Relation.NONE, Relation.BECAUSE, Relation.ALTHOUGH, Relation.PURPOSE})


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a sentence with one predicate at most."""

    tokens: tuple[Token, ...]
    relation: Relation
    negated: bool
    modal: Modal
    hedged: bool
    #: It tells the reader to do something.
    imperative: bool
    #: Tokens of the clause before it that it leaves unsaid: its subject, or all but its end.
    unsaid: tuple[Token, ...] = ()
    #: Stems of content words and keys of facts, the unsaid ones included.
    claims: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        claims = frozenset(t.key for t in self.unsaid + self.tokens if t.content or t.fact)
        object.__setattr__(self, "claims", claims)

    @property
    def subject(self) -> frozenset[str]:
        """What stands before the predicate; empty for commands and pronouns."""
        found: list[str] = []
        for token in self.tokens:
            if token.word in AUXILIARIES:
                return frozenset(found)
            if token.content or token.fact:
                found.append(token.key)
        return frozenset()


def clauses(tokens: Sequence[Token], *, negate: bool = False) -> tuple[Clause, ...]:
    """The clauses of a sentence; with `negate` its first main clause is turned round."""
    found: list[Clause] = []
    main: Clause | None = None
    for part in segments(tokens):
        turn = negate and part.relation is Relation.NONE
        clause = _clause(part, main, turn=turn)
        if part.relation is Relation.NONE and part.link != "(":
            main, negate = clause, False
        found.append(clause)
    return tuple(found)


def agrees(said: Clause, source: Clause) -> bool:
    """Whether `said` commits to no more, no less and nothing else than `source` does."""
    if said.relation is not source.relation and not (
        said.relation in (Relation.NONE, Relation.PURPOSE) and source.relation in _LOOSE
    ):
        return False
    if said.negated is not source.negated or (source.hedged and not said.hedged):
        return False
    if said.imperative and said.modal is Modal.NONE and not said.negated:
        # A report of what is done is no advice to do it.
        return source.imperative or source.modal in (Modal.CAN, Modal.SHOULD, Modal.MUST)
    return _modal_agrees(said, source)


def _modal_agrees(said: Clause, source: Clause) -> bool:
    if said.modal is source.modal or said.modal is Modal.MAYBE:
        return True
    pair = {said.modal, source.modal}
    if said.negated:
        return pair in ({Modal.NONE, Modal.CAN}, {Modal.NONE, Modal.SHOULD})
    if pair in ({Modal.NONE, Modal.NEEDS}, {Modal.MUST, Modal.NEEDS}):
        return True
    if said.modal is Modal.NONE:
        return source.modal in (Modal.MUST, Modal.SHOULD) or (
            source.modal is Modal.CAN and said.imperative
        )
    if said.modal is Modal.CAN:
        return source.modal is Modal.NONE
    return source.modal is Modal.NONE and source.imperative


def _clause(part: Segment, main: Clause | None, *, turn: bool) -> Clause:
    """A clause; `main` is the clause before whose subject or predicate it may share."""
    tokens = tuple(part.tokens)
    negated = bool((negations([token.word for token in tokens]) + turn) % 2)
    mood = modal(tokens, negated=negated)
    unsaid: tuple[Token, ...] = ()
    if main is not None and part.link == "which":
        unsaid = main.tokens[-2:]
    elif main is not None and part.link not in ("", "("):
        unsaid = _unsaid(main, tokens)
        mood = main.modal if mood is Modal.NONE else mood
        negated = negated or (main.negated and part.link in ("and", "or", "nor"))
    if main is not None and any(t.word in OBJECT_PRONOUNS for t in tokens[1:]):
        unsaid += _object(main)
    hedged = mood is Modal.MAYBE or any(token.word in HEDGES for token in tokens)
    return Clause(tokens, part.relation, negated, mood, hedged, is_imperative(tokens), unsaid)


def _unsaid(main: Clause, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """What a clause takes over from `main`: its subject, or all but its end."""
    if is_imperative(tokens):
        return tuple(token for token in main.tokens if token.key in main.subject)
    if has_predicate((tokens[0], *tokens)):
        if not main.subject and not main.imperative:
            first = next((t for t in main.tokens if t.content or t.fact), None)
            return (first,) if first and main.tokens[0].word not in PRONOUNS else ()
        return tuple(token for token in main.tokens if token.key in main.subject)
    lead = next((t.word for t in tokens if t.word not in NEGATORS), "")
    for index in range(len(main.tokens) - 1, -1, -1):
        token = main.tokens[index]
        parallel = bool(lead) and token.word == lead and token.kind is TokenKind.STOP
        if parallel or (token.content and lead not in PREPOSITIONS):
            return main.tokens[:index]
    return main.tokens


_HELPING = frozenset(("remember", "try", "make", "sure", "ensure", "want"))


def _object(main: Clause) -> tuple[Token, ...]:
    """What `it` after `main` means: the words after its verb, up to a preposition."""
    start = 0
    for index, token in enumerate(main.tokens):
        if token.word in AUXILIARIES or token.word == "not":
            start = index + 1
    while start < len(main.tokens) and (
        main.tokens[start].kind is TokenKind.STOP or main.tokens[start].word in _HELPING
    ):
        start += 1
    found: list[Token] = []
    for token in main.tokens[start + 1 :]:
        if token.word in PREPOSITIONS:
            break
        if token.content or token.fact:
            found.append(token)
    return tuple(found)
