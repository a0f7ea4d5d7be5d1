"""The numbers of a sentence, with what each counts and how it is bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.grounding.clauses import Commits
from engine.grounding.lexicon import Commitment
from engine.grounding.tokens import Token, TokenKind

BOUNDS = frozenset(
    (
        *(Commitment.LEAST, Commitment.MOST, Commitment.MORE, Commitment.LESS, Commitment.ABOUT),
        *(Commitment.BEFORE, Commitment.AFTER, Commitment.UNTIL),
    )
)
#: Tokens before a number in which its bound stands.
BOUND_REACH = 4


@dataclass(frozen=True, slots=True)
class Number:
    """A number with what it counts."""

    value: str
    unit: str
    bound: Commitment | None
    #: It is written as a word.
    spelled: bool
    #: It is one end of a range.
    ranged: bool
    #: Key of the content right before ("homework" of "homework 2"), and right after it.
    label: str
    counted: str


def numbers(tokens: Sequence[Token], commits: Commits, content: Sequence[str]) -> Iterator[Number]:
    """The numbers of a sentence; `content` has the key of each token that claims something."""
    places = [index for index, token in enumerate(tokens) if token.kind is TokenKind.NUMBER]
    for at, index in enumerate(places):
        token = tokens[index]
        earlier = places[at - 1] if at else -1
        before = commits[max(0, earlier + 1, index - BOUND_REACH) : index]
        # "3.11 or newer" binds from behind.
        found = (*commits[index + 1 : index + 2], *before)
        bounds = [c for c in found if isinstance(c, Commitment) and c in BOUNDS]
        yield Number(
            value=token.key,
            unit=token.unit,
            spelled=bool(token.word),
            bound=bounds[-1] if bounds else None,
            ranged=any(
                _is_range(tokens, *sorted((index, place)))
                for place in places[max(0, at - 1) : at + 2]
            ),
            label=content[index - 1] if index else "",
            counted=content[index + 1] if index + 1 < len(tokens) else "",
        )


def _is_range(tokens: Sequence[Token], first: int, second: int) -> bool:
    """Whether two numbers are the ends of one: "8 to 10", "8-10", "between 8 and 10"."""
    if second - first == 1:
        return True
    if second - first != 2:
        return False
    between = {token.word for token in tokens[max(0, first - 1) : second]}
    return tokens[first + 1].word == "to" or {"between", "and"} <= between
