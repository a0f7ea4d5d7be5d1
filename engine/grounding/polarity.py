"""What a clause commits to: negation, permission or duty, doubt, and the bounds of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from engine.grounding.lexicon import (
    AUXILIARIES,
    BEFORE_COMMAND,
    CAN_WORDS,
    MAYBE_WORDS,
    MUST_WORDS,
    NEED_WORDS,
    NEGATORS,
    SHOULD_WORDS,
    VERB_WORDS,
)
from engine.grounding.tokens import Token, TokenKind
from engine.grounding.words import word_set


class Modal(Enum):
    """What kind of statement a clause makes."""

    NONE = auto()
    CAN = auto()
    #: May be so: nothing is promised.
    MAYBE = auto()
    SHOULD = auto()
    MUST = auto()
    #: Needs so and so much.
    NEEDS = auto()


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


_PERSONS = word_set("you we students participants they i everyone")
_BOUNDS: tuple[tuple[tuple[str, ...], Bound], ...] = (
    (("least", "minimum", "minimum of", "least the"), Bound.LEAST),
    (("at most", "up to", "maximum", "maximum of", "within", "most"), Bound.MOST),
    (("more than", "over", "above", "greater than", "longer than", "exceeds"), Bound.MORE),
    (("less than", "under", "below", "fewer than", "shorter than"), Bound.LESS),
    (("about", "around", "approximately", "roughly", "nearly", "almost", "circa"), Bound.ABOUT),
    (("later than", "earlier than"), Bound.BEFORE),
)
_TURNED = {Bound.MORE: Bound.MOST, Bound.LESS: Bound.LEAST}


def bound(tokens: Sequence[Token], index: int) -> Bound:
    """What stands before the number at `index`: at least, up to, about, of, before…"""
    before = [token.word or token.key for token in tokens[max(0, index - 3) : index]]
    last, text = (before[-1] if before else ""), " ".join(before)
    earlier = tokens[index - 2] if index >= 2 else None
    after_number = earlier is not None and earlier.kind is TokenKind.NUMBER
    if _begins_range(tokens, index, before) or (last in ("to", "and") and after_number):
        return Bound.RANGE
    negated = "no" in before or "not" in before
    for ends, kind in _BOUNDS:
        if text.endswith(ends):
            return _TURNED.get(kind, kind) if negated else kind
    if last in ("by", "until", "before", "till"):
        return Bound.BEFORE
    if last in ("after", "since", "from"):
        return Bound.AFTER
    return Bound.OF if last == "of" and (after_number or "out" in before) else Bound.NONE


def _begins_range(tokens: Sequence[Token], index: int, before: Sequence[str]) -> bool:
    after = [token for token in tokens[index + 1 : index + 4] if token.kind is not TokenKind.WORD]
    if len(after) < 2 or after[1].kind is not TokenKind.NUMBER:
        return False
    return after[0].word == "to" or (after[0].word == "and" and "between" in before)


def negations(words: Sequence[str]) -> int:
    """How often a clause is turned round."""
    count = sum(_negates(words, index) for index in range(len(words)))
    return count + ("stop" in words and any(word.endswith("ing") for word in words))


def _negates(words: Sequence[str], index: int) -> bool:
    word, rest = words[index], words[index + 1 :]
    if word not in NEGATORS:
        return False
    if word not in ("not", "no") or not rest:
        return word != "no" or index > 0
    return not (
        (word == "no" and rest[0] == "matter")
        or (rest[0] in ("later", "more", "less", "fewer") and rest[1:2] == ["than"])
    )


def modal(tokens: Sequence[Token], *, negated: bool) -> Modal:
    """The kind of statement; what is forbidden counts as `can not`, the optional as `need not`."""
    words = [token.word for token in tokens]
    present = set(words)
    if {"forbidden", "prohibited", "disallowed", "impossible", "unable"} & present:
        return Modal.CAN
    if {"optional", "voluntary"} & present:
        return Modal.MUST
    if negated and any(
        word in ("must", "shall") and words[index + 1 : index + 2] in (["not"], ["never"])
        for index, word in enumerate(words)
    ):
        return Modal.CAN
    for index, word in enumerate(words):
        if word in ("may", "could"):
            doubtful = word == "may" and not _PERSONS & set(words[:index])
            return Modal.MAYBE if doubtful else Modal.CAN
        if word in NEED_WORDS and not negated and _counts(tokens, index):
            return Modal.NEEDS
        if found := _modal_of(word, words[index + 1 : index + 2]):
            return found
    return Modal.NONE


def _counts(tokens: Sequence[Token], index: int) -> bool:
    """Whether a number follows, rather than something to do."""
    for token in tokens[index + 1 : index + 5]:
        if token.word == "to":
            return False
        if token.kind is TokenKind.NUMBER:
            return True
    return False


def _modal_of(word: str, following: Sequence[str]) -> Modal | None:
    if word in MAYBE_WORDS:
        return Modal.MAYBE
    if word in MUST_WORDS or (word in ("have", "has", "had") and "to" in following):
        return Modal.MUST
    if word in SHOULD_WORDS:
        return Modal.SHOULD
    if word in CAN_WORDS or (word == "free" and "to" in following):
        return Modal.CAN
    return None


def is_imperative(tokens: Sequence[Token]) -> bool:
    """Whether the clause tells the reader to do something."""
    for index, token in enumerate(tokens):
        if token.word not in BEFORE_COMMAND:
            finite = AUXILIARIES - {"do", "have", "need"}
            return token.word in VERB_WORDS and not any(
                later.word in finite for later in tokens[index + 1 : index + 3]
            )
    return False
