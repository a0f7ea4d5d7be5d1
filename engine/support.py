"""Decides whether a statement stands in one passage of an entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.clauses import BINDING, Clause, Relation, agrees
from engine.lexicon import PREPOSITIONS
from engine.passages import Passage
from engine.prose import Number, numbers
from engine.tokens import Token, TokenKind, plain, tokenize
from engine.words import is_when

#: Share of a statement's weight that must be found; words of the question weigh half.
ENOUGH = 0.75
QUESTION_WEIGHT = 0.5
#: What a word is worth that stands in the title or heading only.
CONTEXT_CREDIT = 0.5
#: Words of little meaning that a statement may have in place of the entry's.
MAX_STRANGE_LIGHT = 2
#: How often a clause may step back in the entry's order of words: once turns it round whole.
MAX_STEPS_BACK = 1
#: Share of a condition that must be said or known from the question.
CONDITION_KNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """What the reader has in mind already."""

    #: Stems of the question.
    question: frozenset[str]
    #: Stems of the sentence shown before.
    previous: frozenset[str]


def shortfall(
    said: Sequence[Clause],
    passage: Passage,
    known: Known,
    binding: frozenset[Relation] = BINDING,
) -> str:
    """Why `said` does not stand in `passage`; empty when it does.

    `binding` are the conditions of the passage that may not go unsaid.
    """
    tokens = [token for clause in said for token in (*clause.unsaid, *clause.tokens)]
    return (
        _stranger(tokens, passage)
        or _missing_fact(tokens, passage)
        or _number_mismatch(said, passage)
        or _too_little(tokens, passage, known)
        or _misaligned(said, passage)
        or _other_subject(said, passage, known)
        or _lost_condition(said, passage, known, binding)
    )


def _stranger(tokens: Sequence[Token], passage: Passage) -> str:
    for token in tokens:
        if token.content and token.key not in passage.reach:
            return f"the entry does not say “{token.word}” there"
    words = {token.key for token in tokens if token.kind is TokenKind.WORD and not token.content}
    if len(words - passage.reach) > MAX_STRANGE_LIGHT:
        return "the entry says it in too many other words"
    return ""


def _missing_fact(tokens: Sequence[Token], passage: Passage) -> str:
    for token in tokens:
        if token.unit == "code":
            if not has_code(token.key, passage):
                return f"the code “{token.key}” does not stand there"
        elif token.kind is TokenKind.EXACT:
            if not _has_exact(token.key, passage):
                return f"“{token.key}” does not stand there"
        elif (
            token.kind is TokenKind.WORD and is_when(token.key) and token.key not in passage.claims
        ):
            return f"“{token.word}” does not stand there"
    return ""


def has_code(code: str, passage: Passage) -> bool:
    """Whether a command or name in code font stands in the passage, whole."""
    if code in passage.prose.codes:
        return True
    bare, sought = passage.prose.bare, f" {plain(code)} "
    if " " not in code:
        return (
            code in passage.exact
            or sought in bare
            or any(code in other.split() for other in passage.prose.codes)
        )
    found = bare.find(sought)
    if found < 0:
        return False
    # A command in running text must not go on with an option, a path or an operator.
    rest = bare[found + len(sought) :].split(maxsplit=1)
    return not rest or not (rest[0][0] in "-/|&<>.$~\\\"'" or "=" in rest[0] or "/" in rest[0])


def _has_exact(key: str, passage: Passage) -> bool:
    if key in passage.exact:
        return True
    scheme, separator, rest = key.partition("://")
    if separator:
        # The entry left the scheme out; another scheme is another address.
        return scheme in ("http", "https") and rest in passage.exact
    return any(f"{scheme}://{key}" in passage.exact for scheme in ("https", "http"))


def _number_mismatch(said: Sequence[Clause], passage: Passage) -> str:
    for clause in said:
        for number in numbers(clause):
            if not any(_same_number(number, other, passage) for other in passage.numbers):
                return f"“{number.value} {number.unit or number.counted}” does not stand there so"
    return ""


def _same_number(said: Number, source: Number, passage: Passage) -> bool:
    if said.value != source.value or said.bound is not source.bound:
        return False
    if said.unit != source.unit and said.unit not in source.around:
        return False
    near = source.around | passage.context
    return all(not word or word in near for word in (said.label, said.counted))


def _too_little(tokens: Sequence[Token], passage: Passage, known: Known) -> str:
    total = found = 0.0
    evidence = 0
    for key in {token.key for token in tokens if token.content}:
        weight = QUESTION_WEIGHT if key in known.question else 1.0
        total += weight
        if key in passage.claims:
            found += weight
            evidence += 1
        else:
            found += weight * CONTEXT_CREDIT
    facts = len({token.key for token in tokens if token.fact})
    if not evidence + facts:
        return "it says nothing that can be looked up"
    if (found + facts) / (total + facts) < ENOUGH:
        return "too few of its words stand there"
    return ""


def _misaligned(said: Sequence[Clause], passage: Passage) -> str:
    source = passage.prose.clauses
    last = -1
    for clause in said:
        reach = _reach(clause, passage)
        if not reach:
            if not _stands_behind(clause, passage):
                return "it claims something that the entry does not speak of there"
            continue
        whole = [i for i, other in enumerate(source) if reach <= _claims(other)]
        if not whole:
            return "it puts together what the entry says apart"
        fitting = [i for i in whole if agrees(clause, source[i])]
        if not fitting:
            return "it turns round what the entry says"
        fitting = [i for i in fitting if _same_order(clause, source[i], passage)]
        if not fitting:
            return "it puts the entry's words in another order"
        if clause.relation is Relation.NONE:
            if fitting[-1] < last:
                return "it changes the order"
            last = max(last, fitting[0])
    return ""


def _stands_behind(said: Clause, passage: Passage) -> bool:
    """Whether a clause without words of the passage is taken from its title, or says nothing."""
    if not said.claims:
        alike = (other for other in passage.prose.clauses if not other.claims)
        return not said.negated or any(
            said.relation is other.relation and other.negated for other in alike
        )
    topic = (Relation.NONE, Relation.PURPOSE, Relation.IF)
    for other in passage.background:
        if said.claims <= other.claims and said.negated is other.negated:
            if said.relation is other.relation:
                return said.modal is other.modal or said.relation in topic
            if said.relation in topic and other.relation in topic:
                return True
    return said.relation is Relation.PURPOSE and not said.negated


def _same_order(said: Clause, source: Clause, passage: Passage) -> bool:
    """Whether the words that both hold come in about the same order, each as often at most."""
    places: dict[str, list[int]] = {}
    for place, token in enumerate((*source.unsaid, *source.tokens)):
        places.setdefault(token.key, []).append(place)
    last, back = -1, 0
    for token in said.tokens:
        if not (token.content or token.fact) or token.key not in places:
            continue
        free = places[token.key]
        if not free:
            return token.key in passage.context
        later = [place for place in free if place > last]
        back += not later
        last = later[0] if later else free[0]
        free.remove(last)
    return back <= MAX_STEPS_BACK and not _turned_round(said, source)


def _turned_round(said: Clause, source: Clause) -> bool:
    """Whether `A to B` was made of `B to A`, with any preposition."""
    words = [token.word for token in source.tokens]
    keys = [token.key for token in source.tokens]
    for index, token in enumerate(said.tokens):
        if token.word not in PREPOSITIONS:
            continue
        before = [t.key for t in said.tokens[:index] if t.content or t.fact][-1:]
        after = [t.key for t in said.tokens[index + 1 :] if t.content or t.fact][:1]
        if before and after and before != after and {*before, *after} <= set(keys):
            first, second = keys.index(after[0]), keys.index(before[0])
            if first < second and token.word in words[first:second]:
                return True
    return False


def _reach(clause: Clause, passage: Passage) -> frozenset[str]:
    """What of `clause` the passage itself (not its title) holds."""
    found = set(clause.claims & passage.claims)
    for token in clause.tokens:
        if token.unit == "code" and token.key not in passage.claims:
            found |= _inner_keys(token.key) & passage.claims
    return frozenset(found)


def _claims(clause: Clause) -> frozenset[str]:
    codes = [_inner_keys(token.key) for token in clause.tokens if token.unit == "code"]
    return clause.claims.union(*codes) if codes else clause.claims


@lru_cache(maxsize=1000)
def _inner_keys(code: str) -> frozenset[str]:
    """Keys of the tokens of a code span."""
    return frozenset(token.key for token in tokenize(code))


def _other_subject(said: Sequence[Clause], passage: Passage, known: Known) -> str:
    for clause in said:
        reach = _reach(clause, passage)
        if not reach:
            continue
        fitting = [
            other
            for other in passage.prose.clauses
            if reach <= _claims(other) and agrees(clause, other)
        ]
        if not any(_same_subject(clause, other, passage, known) for other in fitting):
            return "it speaks of something else than the entry does there"
    return ""


def _same_subject(said: Clause, source: Clause, passage: Passage, known: Known) -> bool:
    if not source.subject:
        return True
    if said.subject:
        return bool(said.subject & source.subject)
    if source.subject <= said.claims:
        return True
    return source.subject <= said.claims | known.previous | known.question | passage.context


def _lost_condition(
    said: Sequence[Clause], passage: Passage, known: Known, binding: frozenset[Relation]
) -> str:
    source = passage.prose.clauses
    claims = frozenset().union(*(_reach(clause, passage) for clause in said))
    relations = {clause.relation for clause in said}
    for index, clause in enumerate(source):
        empty = clause.relation in (Relation.WITHOUT, Relation.UNLESS) and not clause.claims
        if empty and clause.relation not in relations:
            return "it leaves out a condition"
        if clause.relation not in binding or not clause.claims:
            continue
        bound_to = source[1:] if index == 0 else (source[index - 1],)
        if not any(claims & {token.key for token in other.tokens} for other in bound_to):
            continue
        seen = clause.claims & (claims | known.question | known.previous)
        if len(seen) < CONDITION_KNOWN * len(clause.claims):
            return "it leaves out a condition"
    return ""
