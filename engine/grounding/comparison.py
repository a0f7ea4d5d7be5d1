"""Holds a statement against the sentence of an entry that it is most like, word by word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import Match, SequenceMatcher

from engine.grounding.check_result import Reason
from engine.grounding.clauses import MODALS, RELATIONS
from engine.grounding.lexicon import Commitment, is_sign, lexicon, signs, words_of
from engine.grounding.sentence import Sentence
from engine.grounding.support import common

# Thresholds: chosen by hand; benchmarks/grounding.py shows what the check catches with them.
#: Share of a clause's content that a clause of an entry must have for both to be about the same.
SAME_MATTER = 0.75
#: Share of a sentence's words that stand in an entry's sentence in the same order, from which on
#: it is that sentence, and a word in the place of another is an error and no other way to say it.
VERBATIM = 0.7
#: From this on every difference counts.
STRICT = 0.8
#: Share of the content that a sentence must have for a statement to be held against it.
SAME_MATTER_AT_LEAST = 0.5
#: Words that one in the place of others may stand for.
MAX_REPLACED = 3
#: "You need to" and the like before what the entry tells as a command.
_MAY_LEAD = signs(Commitment.MUST, Commitment.SHOULD, Commitment.MAY)
#: A statement that adds one of these to an entry's sentence says more than it does.
_MAY_NOT_COME = signs(
    *(Commitment.NOT, Commitment.WITHOUT, Commitment.FORBIDDEN, Commitment.OPTIONAL),
    *(Commitment.MUST, Commitment.ONLY, Commitment.ALL, Commitment.ALWAYS),
    *(Commitment.UNLESS, Commitment.INSTEAD, Commitment.LEAST, Commitment.MOST),
    *(Commitment.MORE, Commitment.LESS, Commitment.SAME, Commitment.DIFFERENT),
)
#: A statement that leaves one of these out says something else.
_MAY_NOT_GO = (_MAY_NOT_COME - signs(Commitment.MUST, Commitment.ALL)) | signs(
    *(Commitment.MAYBE, Commitment.SOMETIMES, Commitment.SOME),
    *(Commitment.BEFORE, Commitment.AFTER, Commitment.UNTIL),
)
_NEGATIONS = signs(Commitment.NOT, Commitment.WITHOUT, Commitment.INSTEAD)
_MODALITIES = signs(*MODALS, Commitment.FORBIDDEN, Commitment.OPTIONAL)
_DEGREES = signs(Commitment.ALL, Commitment.SOME, Commitment.ALWAYS, Commitment.SOMETIMES)
_REASONS = (
    dict.fromkeys(_NEGATIONS, Reason.NEGATION)
    | dict.fromkeys(_MODALITIES, Reason.MODALITY)
    | dict.fromkeys(_DEGREES, Reason.DEGREE)
)
#: Words that tell an order of steps.
_STEPS = frozenset(("then", "first", "next", "finally", "afterwards", "later", "subsequently"))


def differs(said: Sentence, sources: Iterable[Sentence]) -> Reason | None:
    """Whether a word stands in the place of another of the entry's sentence, or the words in an
    order that says something else."""
    reasons: list[tuple[float, Reason | None]] = []
    for source in sources:
        held = sum(key in source.keys for key in said.content)
        if len(said.content) > 1 and held >= SAME_MATTER_AT_LEAST * len(said.content):
            likeness, reason = _compared(said, source)
            turned = _swapped(said, source) or _mixed(said, source)
            reasons.append((likeness, reason or (Reason.ORDER if turned else None)))
    best = max((likeness for likeness, _ in reasons), default=0.0)
    found = [reason for likeness, reason in reasons if likeness >= best - 0.05]
    return None if None in found or not found else found[0]


def _compared(said: Sentence, source: Sentence) -> tuple[float, Reason | None]:
    """How much of `said` stands in `source` in its order, and what else it says where it does not.

    The more it is the same, the more a difference is one that was not meant as another way to say
    it.
    """
    mine, theirs = said.sequence, source.sequence
    matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    likeness = sum(block.size for block in blocks) / max(1, len(mine))
    strict = likeness >= STRICT
    known = lexicon(said.language)
    opposites = known.antonyms if known else {}
    light = words_of(said.language).is_light
    reason = None
    for kind, start, end, from_, to in matcher.get_opcodes():
        if end == len(mine):
            to = min(to, from_ + end - start)  # the entry goes on
        if start == 0:
            from_ = max(from_, to - end)  # it began earlier
        if kind != "replace" or max(end - start, to - from_) > MAX_REPLACED:
            continue
        put = {key for key in mine[start:end] if key in said.content and not light(key)}
        taken = {key for key in theirs[from_:to] if key in source.content}
        put, taken = put - taken, taken - put
        if any(opposites.get(key, frozenset()) & taken for key in put):
            return likeness, Reason.OPPOSITE
        if not strict:
            put, taken = put - source.keys, taken - said.keys
        if put and taken and likeness >= VERBATIM:
            reason = Reason.REPLACED
    if reason is None and strict and blocks:
        reason = _commits_otherwise(mine, theirs, blocks)
    return likeness, reason


def _commits_otherwise(
    mine: Sequence[str], theirs: Sequence[str], blocks: Sequence[Match]
) -> Reason | None:
    """What a sentence that is nearly an entry's own commits to and that one does not, or the other
    way round; what stands before and after the part that is repeated is not compared."""
    start, end = blocks[0], blocks[-1]
    first = start.b
    while first and is_sign(theirs[first - 1]):
        first -= 1
    held = Counter(item for item in theirs[first : end.b + end.size] if is_sign(item))
    said = Counter(item for item in mine if is_sign(item))
    leading = Counter(item for item in mine[: start.a] if item in _MAY_LEAD)
    added, lost = said - held - leading, held - said
    for found, counted in ((added, _MAY_NOT_COME), (lost, _MAY_NOT_GO)):
        for item in found:
            if item in counted:
                return _REASONS.get(item, Reason.CONDITION)
    return None


def _swapped(said: Sentence, source: Sentence) -> bool:
    """Whether the same words stand in another order, with the same grammar."""
    mine = [key for key in said.content if key in source.keys]
    theirs = [key for key in source.content if key in set(mine)]
    if len(mine) < 2 or len(mine) < len(said.content) or sorted(mine) != sorted(theirs):
        return _relation_turned(said, source)
    if common(mine, theirs) == len(mine):
        return _relation_turned(said, source)
    words = {token.word for token in said.tokens if token.word}
    if _is_rotated(mine, theirs) and not words & _STEPS:
        return _relation_turned(said, source)
    fresh = words - {token.word for token in source.tokens if token.word}
    return not fresh or bool(words & _STEPS)


def _mixed(said: Sentence, source: Sentence) -> bool:
    """Whether a clause of `source` has a word of another of its clauses put into it."""
    content = [key for key in said.content if not words_of(said.language).is_light(key)]
    if len(source.clauses) < 2 or len(content) < 3 or not set(content) <= set(source.content):
        return False
    if any(set(content) <= set(clause.content) for clause in source.clauses):
        return False
    for clause in source.clauses:
        foreign = [key for key in content if key not in clause.content]
        if len(foreign) > 1 or len(content) - len(foreign) < 2:
            continue
        for kind, start, end, from_, to in SequenceMatcher(
            None, content, clause.content, autojunk=False
        ).get_opcodes():
            if kind == "replace" and end - start == to - from_ and content[start:end] == foreign:
                return True
    return False


def _is_rotated(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether one end was put in front of the other."""
    return any([*mine[cut:], *mine[:cut]] == list(theirs) for cut in range(1, len(mine)))


def _relation_turned(said: Sentence, source: Sentence) -> bool:
    """Whether "A before B" was made of "B before A", or "A after B" of "A before B"."""
    theirs = [(c.relation, set(c.content)) for c in source.clauses if c.relation in RELATIONS]
    mains = [set(c.content) for c in source.clauses if c.relation is None]
    for clause in said.clauses:
        content = set(clause.content)
        if clause.relation not in RELATIONS or not content:
            continue
        if any(
            relation is not clause.relation and len(content & held) >= SAME_MATTER * len(content)
            for relation, held in theirs
        ):
            return True
        hung = any(relation is clause.relation for relation, _ in theirs)
        if hung and any(content <= main for main in mains):
            return not any(content & held for _, held in theirs)
    return False
