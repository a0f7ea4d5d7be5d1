"""Reads what a clause commits to: negation, permission or duty, condition, order, bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from engine.tokens import Token, TokenKind
from engine.words import stem, word_set


class Modal(Enum):
    """What kind of statement a clause makes."""

    NONE = auto()
    CAN = auto()
    #: May be so: nothing is promised.
    MAYBE = auto()
    SHOULD = auto()
    MUST = auto()


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


class Bound(Enum):
    """What stands before a number."""

    NONE = auto()
    LEAST = auto()
    MOST = auto()
    MORE = auto()
    LESS = auto()
    ABOUT = auto()
    OF = auto()
    BEFORE = auto()
    AFTER = auto()
    RANGE = auto()


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
    "once": Relation.IF, "provided": Relation.IF, "unless": Relation.UNLESS,
    "except": Relation.UNLESS, "until": Relation.BEFORE, "till": Relation.BEFORE,
    "before": Relation.BEFORE, "after": Relation.AFTER, "than": Relation.THAN,
    "instead": Relation.INSTEAD, "without": Relation.WITHOUT, "because": Relation.BECAUSE,
    "since": Relation.BECAUSE, "although": Relation.ALTHOUGH, "though": Relation.ALTHOUGH,
    "whereas": Relation.ALTHOUGH,
}  # fmt: skip
#: A condition or an order that may not get lost.
BINDING = frozenset({Relation.IF, Relation.UNLESS, Relation.BEFORE, Relation.AFTER})
NEGATORS = word_set(
    """
    not no never none nothing nobody neither nor nowhere hardly barely avoid avoids avoiding
    refrain forbidden prohibited disallowed impossible unable fail fails failed failing refuse
    refuses refused optional voluntary lack lacks lacking unsupported invalid incorrect wrong
    nicht kein keine keinen keiner keinem nie niemals ohne pas jamais ne sans nunca jamás sin
    não nem не нет ни нельзя никогда без non mai senza değil 不 没 沒 無 无 未
    """
)
MUST_WORDS = word_set(
    """
    must shall need needs needed required require requires requiring mandatory necessary
    obligatory compulsory essential obliged requirement requirements prerequisite
    """
)
SHOULD_WORDS = word_set(
    """
    should ought recommend recommended recommends recommendation suggest suggested advise
    advised advisable preferable
    """
)
CAN_WORDS = word_set("can able allowed allow allows permitted possible could")
MAYBE_WORDS = word_set("might perhaps maybe probably possibly likely seem seems")
HEDGES = MAYBE_WORDS | word_set(
    """
    usually typically generally often sometimes normally mostly rarely occasionally mainly
    almost nearly
    """
)
PRONOUNS = word_set("you we they it he she i this that these those there")
AUXILIARIES = word_set(
    """
    is are was were be been am do does did has have had will would can could may might must
    shall should cannot need needs
    """
)
VERB_WORDS = word_set(
    """
    run click open use install add set check make go restart submit select copy create call
    start stop type enter log sign write read update upgrade download upload save change replace
    remove delete try find look follow see ask search show send post put move edit choose pick
    export import load reload map mount pull push commit clone build test execute paste press
    close visit review plan wait keep ensure verify configure enable disable uninstall define
    pass specify provide accept restart reboot join register attend watch read learn finish
    complete fill report contact mention share attach include avoid ignore skip switch activate
    print return give get cost take contain work support keep
    """
)
VERBS = frozenset(stem(word) for word in VERB_WORDS)
_COORDINATORS = frozenset({"and", "or", "but", "nor", "so", "yet", "then"})
_BREAKS = frozenset(";:()[]{}.!?—")


def clauses(tokens: Sequence[Token], *, negate: bool = False) -> tuple[Clause, ...]:
    """The clauses of a sentence; with `negate` its first main clause is turned round."""
    found: list[Clause] = []
    main: Clause | None = None
    for part in _parts(tokens):
        clause = _clause(part, main if part.link else None, negate=negate)
        if part.relation is Relation.NONE:
            main, negate = clause, False
        found.append(clause)
    return tuple(found)


def agrees(said: Clause, source: Clause) -> bool:
    """Whether `said` commits to no more, no less and nothing else than `source` does."""
    if said.relation is not source.relation:
        lost_ok = (Relation.BECAUSE, Relation.ALTHOUGH, Relation.PURPOSE)
        loose = said.relation in (Relation.NONE, Relation.PURPOSE)
        if not (loose and source.relation in (*lost_ok, Relation.NONE)):
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
    pair = (said.modal, source.modal)
    if said.negated:
        return pair in (
            (Modal.NONE, Modal.CAN),
            (Modal.CAN, Modal.NONE),
            (Modal.NONE, Modal.SHOULD),
            (Modal.SHOULD, Modal.NONE),
        )
    if said.modal is Modal.NONE:
        return source.modal in (Modal.MUST, Modal.SHOULD) or (
            source.modal is Modal.CAN and said.imperative
        )
    if said.modal is Modal.CAN:
        return source.modal is Modal.NONE
    at_least = any(token.word == "least" for token in source.tokens)
    return source.modal is Modal.NONE and (
        source.imperative or (at_least and said.modal is Modal.MUST)
    )


def bound(tokens: Sequence[Token], index: int) -> Bound:
    """What stands before the number (or day) at `index`: at least, up to, about, of, before…"""
    before = [token.word or token.key for token in tokens[max(0, index - 3) : index]]
    after = [token for token in tokens[index + 1 : index + 4] if token.kind is not TokenKind.WORD]
    last, text = (before[-1] if before else ""), " ".join(before)
    if len(after) >= 2 and after[1].kind is TokenKind.NUMBER:
        joint = after[0].word
        if joint == "to" or (joint == "and" and "between" in before):
            return Bound.RANGE
    if last in ("to", "and") and index >= 2 and tokens[index - 2].kind is TokenKind.NUMBER:
        return Bound.RANGE
    negated = "no" in before or "not" in before
    for ends, kind in _BOUNDS:
        if text.endswith(ends):
            return _TURNED.get(kind, kind) if negated else kind
    if last in ("by", "until", "before", "till"):
        return Bound.BEFORE
    if last in ("after", "since", "from"):
        return Bound.AFTER
    if last == "of" and index >= 2:
        part = tokens[index - 2].kind is TokenKind.NUMBER or "out" in before
        return Bound.OF if part else Bound.NONE
    return Bound.NONE


_BOUNDS: tuple[tuple[tuple[str, ...], Bound], ...] = (
    (("least", "minimum", "minimum of", "least the"), Bound.LEAST),
    (("at most", "up to", "maximum", "maximum of", "within", "most"), Bound.MOST),
    (("more than", "over", "above", "greater than", "longer than", "exceeds"), Bound.MORE),
    (("less than", "under", "below", "fewer than", "shorter than"), Bound.LESS),
    (("about", "around", "approximately", "roughly", "nearly", "almost", "circa"), Bound.ABOUT),
    (("later than", "earlier than"), Bound.BEFORE),
)
_TURNED = {Bound.MORE: Bound.MOST, Bound.LESS: Bound.LEAST}


@dataclass(slots=True)
class _Part:
    relation: Relation
    #: The word or comma that links it to the subject or predicate of the main clause before it;
    #: empty when it stands alone.
    link: str = ""
    tokens: list[Token] = field(default_factory=list)


def _parts(tokens: Sequence[Token]) -> list[_Part]:
    parts = [_Part(Relation.NONE)]
    for index, token in enumerate(tokens):
        part = parts[-1]
        if token.kind is TokenKind.PUNCTUATION:
            if token.key in _BREAKS:
                parts.append(_Part(Relation.NONE))
            elif token.key == "," and _comma_ends(part, tokens, index):
                alone = part.relation is not Relation.NONE or _has_subject(tokens, index + 1)
                parts.append(_Part(Relation.NONE, "" if alone else ","))
            continue
        if token.word in _COORDINATORS and _coordinates(part.tokens, tokens, index):
            alone = token.word == "so" or _has_subject(tokens, index + 1)
            link = "" if alone else token.word
            parts.append(_Part(Relation.NONE, link, [token] if token.word == "nor" else []))
            continue
        relation = _relation_at(tokens, index)
        if relation and not (part.tokens and _is_last(tokens, index)):
            parts.append(_Part(relation, "", [token]))
            continue
        if token.word in ("you", "we") and _opens_main(part, tokens, index):
            parts.append(_Part(Relation.NONE, "", [token]))
            continue
        if token.word == "to" and not part.tokens and part.relation is Relation.NONE:
            part.relation = Relation.PURPOSE
        part.tokens.append(token)
    return [part for part in parts if part.tokens]


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
    if word == "instead" and following != "of":
        return None
    if word == "provided" and following not in ("that", "you"):
        return None
    if word == "as" and following in ("long", "soon"):
        return Relation.IF
    if word in ("if", "though") and previous == "even":
        return Relation.IF
    if word == "in" and following in ("case",):
        return Relation.IF
    return RELATIONS.get(word)


def _is_last(tokens: Sequence[Token], index: int) -> bool:
    """Whether it ends the sentence, as the adverb `before` does."""
    return all(token.kind is TokenKind.PUNCTUATION for token in tokens[index + 1 : index + 3])


def _comma_ends(part: _Part, tokens: Sequence[Token], index: int) -> bool:
    if part.relation is not Relation.NONE:
        return True
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is None:
        return False
    if following.word in _COORDINATORS:
        return False  # decided there
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
    return token.word in AUXILIARIES or (token.key in VERBS and token.word not in VERB_WORDS)


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
        if token.kind is TokenKind.PUNCTUATION:
            return False
        if token.word in PRONOUNS:
            return True
        if _is_predicate(token):
            return token is not tokens[start]
        if token.word in RELATIONS:
            return False
    return False


def _clause(part: _Part, main: Clause | None, *, negate: bool) -> Clause:
    """A clause; `main` is the clause whose subject or predicate it shares."""
    tokens, relation = tuple(part.tokens), part.relation
    words = [token.word for token in tokens]
    negations = sum(_negates(words, index) for index in range(len(words)))
    if "stop" in words and any(word.endswith("ing") for word in words):
        negations += 1
    if negate and relation is Relation.NONE:
        negations += 1
    negated = bool(negations % 2)
    modal = _modal(words)
    if negated and modal is Modal.MUST and {"must", "shall"} & set(words):
        modal = Modal.CAN  # must not is the same as cannot
    if {"optional", "voluntary"} & set(words):
        modal = Modal.MUST
    if {"forbidden", "prohibited", "disallowed", "impossible", "unable"} & set(words):
        modal = Modal.CAN
    unsaid: tuple[Token, ...] = ()
    if main is not None:
        unsaid = _unsaid(main, tokens)
        modal = main.modal if modal is Modal.NONE else modal
        negated = negated or (main.negated and part.link in ("and", "or", "nor"))
    hedged = modal is Modal.MAYBE or bool(HEDGES & set(words))
    return Clause(tokens, relation, negated, modal, hedged, _is_imperative(tokens), unsaid)


def _unsaid(main: Clause, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """What a clause takes over from `main`: nothing, its subject, or all but its end."""
    if _is_imperative(tokens):
        refers = any(token.word in ("it", "them") for token in tokens)
        known = main.subject | (_object(main) if refers else frozenset())
        return tuple(token for token in main.tokens if token.key in known)
    if _has_predicate((tokens[0], *tokens)):
        subject = main.subject
        if not subject and not main.imperative:
            first = next((t for t in main.tokens if t.content or t.fact), None)
            return (first,) if first and main.tokens[0].word not in PRONOUNS else ()
        return tuple(token for token in main.tokens if token.key in subject)
    lead = next((t.word for t in tokens if t.word not in NEGATORS), "")
    for index in range(len(main.tokens) - 1, -1, -1):
        token = main.tokens[index]
        if (lead and token.word == lead and token.kind is TokenKind.STOP) or (
            token.content and lead not in _PREPOSITIONS
        ):
            return main.tokens[:index]
    return main.tokens


def _object(main: Clause) -> frozenset[str]:
    """What a command is about: the words after its verb, up to a preposition."""
    found: list[str] = []
    for token in main.tokens[1:]:
        if token.word in _PREPOSITIONS:
            break
        if token.content or token.fact:
            found.append(token.key)
    return frozenset(found) if main.imperative else frozenset()


_PREPOSITIONS = word_set("on in at by for with from to under over after before of")


def _negates(words: Sequence[str], index: int) -> bool:
    word = words[index]
    if word not in NEGATORS:
        return False
    following = words[index + 1] if index + 1 < len(words) else ""
    rest = words[index + 2 :]
    if word in ("not", "no") and (
        following == "matter"
        or (following in ("only", "just") and "but" in rest)
        or (following in ("later", "more", "less", "fewer") and rest[:1] == ["than"])
    ):
        return False
    return not (word == "no" and index == 0 and not following)


def _modal(words: Sequence[str]) -> Modal:
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else ""
        if word in MAYBE_WORDS:
            return Modal.MAYBE
        if word in ("may", "could"):
            person = {"you", "we", "students", "participants", "they", "i", "everyone"}
            return Modal.CAN if person & set(words[:index]) or word == "could" else Modal.MAYBE
        if word in MUST_WORDS or (word in ("have", "has", "had") and following == "to"):
            return Modal.MUST
        if word in SHOULD_WORDS:
            return Modal.SHOULD
        if word in CAN_WORDS or (word == "free" and following == "to"):
            return Modal.CAN
    return Modal.NONE


_BEFORE_COMMAND = word_set(
    """
    please just simply then first next also do not never and or to always
    """
)
_NO_COMMAND = AUXILIARIES - {"do", "have", "need"}


def _is_imperative(tokens: Sequence[Token]) -> bool:
    for index, token in enumerate(tokens):
        if token.word not in _BEFORE_COMMAND:
            command = token.word in VERB_WORDS
            return command and not any(later.word in _NO_COMMAND for later in tokens[index:])
    return False
