"""Finds where the clauses of a sentence begin and how they hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from engine.grounding.lexicon import (
    AUXILIARIES,
    NEGATORS,
    OBJECT_PRONOUNS,
    PREPOSITIONS,
    PRONOUNS,
    VERB_WORDS,
    VERBS,
)
from engine.grounding.tokens import Token, TokenKind


class Relation(Enum):
    """How a clause hangs on the one beside it."""

    NONE = auto()
    IF = auto()
    UNLESS = auto()
    BEFORE = auto()
    AFTER = auto()
    THAN = auto()
    INSTEAD = auto()
    WITHOUT = auto()
    BECAUSE = auto()
    ALTHOUGH = auto()
    PURPOSE = auto()


RELATIONS = {
    "if": Relation.IF, "when": Relation.IF, "whenever": Relation.IF, "while": Relation.IF,
    "provided": Relation.IF, "unless": Relation.UNLESS, "except": Relation.UNLESS,
    "until": Relation.BEFORE, "till": Relation.BEFORE, "before": Relation.BEFORE,
    "after": Relation.AFTER, "once": Relation.AFTER, "than": Relation.THAN,
    "instead": Relation.INSTEAD, "without": Relation.WITHOUT, "because": Relation.BECAUSE,
    "since": Relation.BECAUSE, "although": Relation.ALTHOUGH, "though": Relation.ALTHOUGH,
    "whereas": Relation.ALTHOUGH,
}  # fmt: skip
#: A condition or an order that may not get lost.
BINDING = frozenset({Relation.IF, Relation.UNLESS, Relation.BEFORE, Relation.AFTER})
_COORDINATORS = frozenset({"and", "or", "but", "nor", "so", "yet", "then"})
_BREAKS = frozenset(";:[]{}.!?—")


@dataclass(slots=True)
class Segment:
    """A clause as it is found: its tokens, and what it hangs on."""

    relation: Relation
    #: The word or comma that links it to the subject or predicate of the main clause before it;
    #: empty when it stands alone.
    link: str = ""
    tokens: list[Token] = field(default_factory=list)


def segments(tokens: Sequence[Token]) -> list[Segment]:
    """The clauses of a sentence, an aside in brackets before the one it interrupts."""
    parts = [Segment(Relation.NONE)]
    around: list[Segment] = []
    for index, token in enumerate(tokens):
        part = parts[-1] if not around or parts[-1] is not around[-1] else around[-1]
        if token.kind is TokenKind.PUNCTUATION:
            _punctuate(parts, around, tokens, index)
        elif (new := _new_part(part, tokens, index)) is not None:
            parts.append(new)
        else:
            if token.word == "to" and not part.tokens and part.relation is Relation.NONE:
                part.relation = Relation.PURPOSE
            part.tokens.append(token)
    return [part for part in parts if part.tokens]


def _punctuate(
    parts: list[Segment], around: list[Segment], tokens: Sequence[Token], index: int
) -> None:
    mark, part = tokens[index].key, parts[-1]
    if mark == "(":
        around.append(part)
        parts.append(Segment(Relation.NONE, "("))
    elif mark == ")" and around:
        # The sentence goes on where the aside began; the aside comes before it.
        outer = around.pop()
        parts.remove(outer)
        parts.append(outer)
    elif mark in _BREAKS or mark == ")":
        parts.append(Segment(Relation.NONE))
    elif mark == "," and _comma_ends(part, tokens, index):
        alone = part.relation is not Relation.NONE or _has_subject(tokens, index + 1)
        parts.append(Segment(Relation.NONE, "" if alone else ","))


def _new_part(part: Segment, tokens: Sequence[Token], index: int) -> Segment | None:
    """The clause that begins with the token at `index`, if one does."""
    token = tokens[index]
    if token.word in _COORDINATORS and _coordinates(part.tokens, tokens, index):
        if token.word == "so" and part.relation is Relation.NONE:
            part.relation = Relation.BECAUSE  # it is the reason of what follows
        alone = token.word == "so" or _has_subject(tokens, index + 1)
        link = "" if alone else token.word
        return Segment(Relation.NONE, link, [token] if token.word == "nor" else [])
    relation = _relation_at(tokens, index)
    if relation and not (part.tokens and _is_last(tokens, index)):
        return Segment(relation, "", [token])
    if token.word in ("you", "we") and _opens_main(part, tokens, index):
        return Segment(Relation.NONE, "", [token])
    if token.word in ("which", "who") and index and tokens[index - 1].key == ",":
        return Segment(Relation.NONE, "which")
    return None


def _opens_main(part: Segment, tokens: Sequence[Token], index: int) -> bool:
    """Whether `you` begins the main clause without a comma, as after `After the deadline`."""
    if not any(token.content for token in part.tokens[1:]):
        return False
    previous = tokens[index - 1]
    if part.relation in BINDING and previous.content:
        return True
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    return (
        previous.kind is not TokenKind.STOP
        and following is not None
        and following.word in AUXILIARIES
        and (has_predicate(part.tokens) or any(token.word == "you" for token in part.tokens))
    )


def _relation_at(tokens: Sequence[Token], index: int) -> Relation | None:
    word = tokens[index].word
    previous = tokens[index - 1].word if index else ""
    following = tokens[index + 1].word if index + 1 < len(tokens) else ""
    if word == "rather" and following == "than":
        return Relation.INSTEAD
    if word == "than" and previous in ("rather", "more", "less", "fewer", "later", "other"):
        return None
    if (word == "instead" and following != "of") or (
        word == "provided" and following not in ("that", "you")
    ):
        return None
    if (word == "as" and following in ("long", "soon")) or (word == "in" and following == "case"):
        return Relation.IF
    if word in ("if", "though") and previous == "even":
        return Relation.IF
    return RELATIONS.get(word)


def _is_last(tokens: Sequence[Token], index: int) -> bool:
    """Whether it ends the sentence, as the adverb `before` does."""
    return all(token.kind is TokenKind.PUNCTUATION for token in tokens[index + 1 : index + 3])


def _comma_ends(part: Segment, tokens: Sequence[Token], index: int) -> bool:
    if part.relation is not Relation.NONE:
        return True
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is None or following.word in _COORDINATORS:
        return False  # a coordinator decides for itself
    if part.tokens and part.tokens[0].word in PREPOSITIONS and not has_predicate(part.tokens):
        return False  # `On Windows, the limit…`
    return (
        following.word in PRONOUNS | NEGATORS | AUXILIARIES
        or following.key in VERBS
        or _relation_at(tokens, index + 1) is not None
        or (has_predicate(part.tokens) and has_predicate(_until_break(tokens, index + 1)))
    )


def _until_break(tokens: Sequence[Token], start: int) -> Sequence[Token]:
    end = start
    while end < len(tokens) and tokens[end].kind is not TokenKind.PUNCTUATION:
        if tokens[end].word in RELATIONS or (end > start and tokens[end].word in _COORDINATORS):
            break
        end += 1
    return tokens[start:end]


def has_predicate(tokens: Sequence[Token]) -> bool:
    """Whether a finite verb follows the first token."""
    return any(_is_predicate(token) for token in tokens[1:])


def _is_predicate(token: Token) -> bool:
    """An auxiliary, or a verb in the form that needs a subject."""
    third = token.word.endswith("s") and token.key in VERBS and token.word not in VERB_WORDS
    return token.word in AUXILIARIES or third


def _coordinates(current: Sequence[Token], tokens: Sequence[Token], index: int) -> bool:
    """Whether the coordinator at `index` joins predicates rather than nouns."""
    word = tokens[index].word
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is None:
        return False
    if word in ("but", "nor", "yet"):
        return True
    if following.word in PRONOUNS | NEGATORS | AUXILIARIES | {"then"} or following.key in VERBS:
        return True
    return has_predicate(current) and has_predicate(_until_break(tokens, index + 1))


def _has_subject(tokens: Sequence[Token], start: int) -> bool:
    """Whether the clause from `start` brings its own subject."""
    for token in tokens[start:]:
        if token.kind is TokenKind.PUNCTUATION or token.word in RELATIONS:
            return False
        if token.word in PRONOUNS:
            return token.word not in OBJECT_PRONOUNS or token is tokens[start]
        if _is_predicate(token):
            return token is not tokens[start]
    return False
