"""The clauses of a sentence, and what each commits to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from engine.grounding.lexicon import SIGN, Commitment, is_sign
from engine.grounding.tokens import Token, TokenKind

#: For each token what it commits to; True inside a longer phrase that does, None otherwise.
Commits: TypeAlias = Sequence[Commitment | bool | None]

#: Begin a clause that another one hangs on.
RELATIONS = frozenset(
    (
        *(Commitment.IF, Commitment.UNLESS, Commitment.WITHOUT, Commitment.INSTEAD),
        *(Commitment.BEFORE, Commitment.AFTER, Commitment.UNTIL),
    )
)
MODALS = (Commitment.MUST, Commitment.SHOULD, Commitment.MAYBE, Commitment.MAY)
#: Languages in which two negations are none; in the others they are one.
TWICE = frozenset(("en", "de"))
_DENYING = frozenset((Commitment.NOT, Commitment.WITHOUT, Commitment.INSTEAD))
_BREAKS = frozenset(",;:()[]{}—–|")
_TURNS = frozenset(("but", "because", "although", "though", "whereas", "aber", "mais", "pero",
                    "mas", "но", "ma", "sondern", "sino"))  # fmt: skip
_AND = frozenset(("and", "und", "et", "y", "e", "и", "ed", "sowie"))


@dataclass(frozen=True, slots=True)
class Stance:
    """What a piece of a sentence commits to."""

    negated: bool
    #: Duty, advice, permission or doubt.
    modal: Commitment | None
    #: Whatever else.
    others: frozenset[Commitment]


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a sentence, from one break or conjunction to the next."""

    language: str
    #: Stems of content words and keys of facts, in order.
    content: tuple[str, ...]
    #: The condition or order that it hangs on another one by.
    relation: Commitment | None
    #: Content and commitments together, in order; a commitment as its `sign`. Where two negations
    #: are one, the second is left out.
    items: tuple[str, ...]
    #: Places in `items` where an "and" stands.
    joints: tuple[int, ...]


def clauses(
    tokens: Sequence[Token],
    commits: Commits,
    content: Sequence[str],
    language: str,
) -> Iterator[Clause]:
    """The clauses of a sentence; `content` has the key of each token that claims something."""
    start, claims = 0, False
    for index, token in enumerate(tokens):
        commitment = commits[index]
        turns = commitment in RELATIONS or token.word in _TURNS
        bound = turns and _before_number(tokens, index)
        ends = (token.kind is TokenKind.MARK and token.key in _BREAKS) or (turns and not bound)
        if ends and claims:
            yield _clause(tokens[start:index], commits[start:index], content[start:index], language)
            start, claims = index, False
        claims = claims or bool(content[index])
    if start < len(tokens):
        yield _clause(tokens[start:], commits[start:], content[start:], language)


def turned(clause: Clause) -> Clause:
    """The clause with a negation more, or less."""
    no = Commitment.NOT.sign
    items = [item for item in clause.items if item != no]
    return replace(clause, items=tuple(items if len(items) < len(clause.items) else [no, *items]))


def stance_of(items: Sequence[str]) -> Stance:
    """What the `items` of a clause, or a part of them, commit to."""
    found = [Commitment(item[len(SIGN) :]) for item in items if is_sign(item)]
    present = set(found)
    # Two negations of one predicate are rare; of two predicates in one clause they are not.
    turned = int(bool(present & _DENYING))
    modal = next((m for m in MODALS if m in present), None)
    if Commitment.FORBIDDEN in present:
        turned, modal = turned + 1, Commitment.MAY
    if Commitment.OPTIONAL in present:
        turned, modal = turned + 1, Commitment.MUST
    plain = {*_DENYING, Commitment.FORBIDDEN, Commitment.OPTIONAL, *MODALS}
    return Stance(turned % 2 == 1, modal, frozenset(present - plain))


def _before_number(tokens: Sequence[Token], index: int) -> bool:
    following = tokens[index + 1 : index + 4]
    return any(token.kind is TokenKind.NUMBER for token in following)


def _clause(
    tokens: Sequence[Token],
    commits: Commits,
    content: Sequence[str],
    language: str,
) -> Clause:
    found = [c for c in commits if isinstance(c, Commitment)]
    items, joints = _items(tokens, commits, content, twice=language in TWICE)
    return Clause(
        language=language,
        content=tuple(key for key in content if key),
        relation=next((c for c in found if c in RELATIONS), None),
        items=items,
        joints=joints,
    )


def _items(
    tokens: Sequence[Token],
    commits: Commits,
    content: Sequence[str],
    *,
    twice: bool,
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The items of a clause, and where in them an "and" stands."""
    items: list[str] = []
    joints: list[int] = []
    negated = False
    for token, commitment, key in zip(tokens, commits, content, strict=True):
        if token.word in _AND and items:
            joints.append(len(items))
            negated = False
        if isinstance(commitment, Commitment):
            if twice or commitment is not Commitment.NOT or not negated:
                items.append(commitment.sign)
            negated = negated or commitment is Commitment.NOT
        elif key:
            items.append(key)
    return tuple(items), tuple(joints)
