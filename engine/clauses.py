"""Takes a sentence apart into clauses and compares what two clauses commit to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from engine.lexicon import (
    AUXILIARIES,
    HEDGES,
    NEGATORS,
    OBJECT_PRONOUNS,
    PREPOSITIONS,
    PRONOUNS,
    VERB_WORDS,
    VERBS,
)
from engine.polarity import Modal, is_imperative, modal, negations
from engine.tokens import Token, TokenKind


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
#: May be left out: what it hangs on is claimed all the same.
_LOOSE = frozenset({Relation.NONE, Relation.BECAUSE, Relation.ALTHOUGH, Relation.PURPOSE})
_COORDINATORS = frozenset({"and", "or", "but", "nor", "so", "yet", "then"})
_BREAKS = frozenset(";:[]{}.!?—")


@dataclass(slots=True)
class _Part:
    relation: Relation
    #: The word or comma that links it to the subject or predicate of the main clause before it;
    #: empty when it stands alone.
    link: str = ""
    tokens: list[Token] = field(default_factory=list)


def clauses(tokens: Sequence[Token], *, negate: bool = False) -> tuple[Clause, ...]:
    """The clauses of a sentence; with `negate` its first main clause is turned round."""
    found: list[Clause] = []
    main: Clause | None = None
    for part in _parts(tokens):
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


def _parts(tokens: Sequence[Token]) -> list[_Part]:
    parts = [_Part(Relation.NONE)]
    around: list[_Part] = []
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
    parts: list[_Part], around: list[_Part], tokens: Sequence[Token], index: int
) -> None:
    mark, part = tokens[index].key, parts[-1]
    if mark == "(":
        around.append(part)
        parts.append(_Part(Relation.NONE, "("))
    elif mark == ")" and around:
        # The sentence goes on where the aside began; the aside comes before it.
        outer = around.pop()
        parts.remove(outer)
        parts.append(outer)
    elif mark in _BREAKS or mark == ")":
        parts.append(_Part(Relation.NONE))
    elif mark == "," and _comma_ends(part, tokens, index):
        alone = part.relation is not Relation.NONE or _has_subject(tokens, index + 1)
        parts.append(_Part(Relation.NONE, "" if alone else ","))


def _new_part(part: _Part, tokens: Sequence[Token], index: int) -> _Part | None:
    """The clause that begins with the token at `index`, if one does."""
    token = tokens[index]
    if token.word in _COORDINATORS and _coordinates(part.tokens, tokens, index):
        if token.word == "so" and part.relation is Relation.NONE:
            part.relation = Relation.BECAUSE  # it is the reason of what follows
        alone = token.word == "so" or _has_subject(tokens, index + 1)
        link = "" if alone else token.word
        return _Part(Relation.NONE, link, [token] if token.word == "nor" else [])
    relation = _relation_at(tokens, index)
    if relation and not (part.tokens and _is_last(tokens, index)):
        return _Part(relation, "", [token])
    if token.word in ("you", "we") and _opens_main(part, tokens, index):
        return _Part(Relation.NONE, "", [token])
    if token.word in ("which", "who") and index and tokens[index - 1].key == ",":
        return _Part(Relation.NONE, "which")
    return None


def _opens_main(part: _Part, tokens: Sequence[Token], index: int) -> bool:
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
        and (_has_predicate(part.tokens) or any(token.word == "you" for token in part.tokens))
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


def _comma_ends(part: _Part, tokens: Sequence[Token], index: int) -> bool:
    if part.relation is not Relation.NONE:
        return True
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is None or following.word in _COORDINATORS:
        return False  # a coordinator decides for itself
    if part.tokens and part.tokens[0].word in PREPOSITIONS and not _has_predicate(part.tokens):
        return False  # `On Windows, the limit…`
    return (
        following.word in PRONOUNS | NEGATORS | AUXILIARIES
        or following.key in VERBS
        or _relation_at(tokens, index + 1) is not None
        or (_has_predicate(part.tokens) and _has_predicate(_until_break(tokens, index + 1)))
    )


def _until_break(tokens: Sequence[Token], start: int) -> Sequence[Token]:
    end = start
    while end < len(tokens) and tokens[end].kind is not TokenKind.PUNCTUATION:
        if tokens[end].word in RELATIONS or (end > start and tokens[end].word in _COORDINATORS):
            break
        end += 1
    return tokens[start:end]


def _has_predicate(tokens: Sequence[Token]) -> bool:
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
    return _has_predicate(current) and _has_predicate(_until_break(tokens, index + 1))


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


def _clause(part: _Part, main: Clause | None, *, turn: bool) -> Clause:
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
    if _has_predicate((tokens[0], *tokens)):
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


def _object(main: Clause) -> tuple[Token, ...]:
    """What `it` after `main` means: the words after its verb, up to a preposition."""
    start = 0
    for index, token in enumerate(main.tokens):
        if token.word in AUXILIARIES or token.word == "not":
            start = index + 1
    while start < len(main.tokens) and main.tokens[start].kind is TokenKind.STOP:
        start += 1
    found: list[Token] = []
    for token in main.tokens[start + 1 :]:
        if token.word in PREPOSITIONS:
            break
        if token.content or token.fact:
            found.append(token)
    return tuple(found)
