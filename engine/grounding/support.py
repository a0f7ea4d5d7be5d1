"""Decides whether a statement stands in one passage of an entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.grounding.alignment import all_claims, misaligned, reach
from engine.grounding.clauses import BINDING, Clause, Relation, agrees
from engine.grounding.passages import Passage
from engine.grounding.prose import Number, numbers
from engine.grounding.tokens import Token, TokenKind, plain
from engine.grounding.words import is_when

#: Share of a statement's weight that must be found; words of the question weigh half.
ENOUGH = 0.75
QUESTION_WEIGHT = 0.5
#: What a word is worth that stands in the title or heading only.
CONTEXT_CREDIT = 0.5
#: Words of little meaning that a statement may have in place of the entry's.
MAX_STRANGE_LIGHT = 2
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
        or misaligned(said, passage)
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


def _other_subject(said: Sequence[Clause], passage: Passage, known: Known) -> str:
    for clause in said:
        found = reach(clause, passage)
        if not found:
            continue
        fitting = [
            other
            for other in passage.prose.clauses
            if found <= all_claims(other) and agrees(clause, other)
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
    claims = frozenset().union(*(reach(clause, passage) for clause in said))
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
