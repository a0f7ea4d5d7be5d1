"""Lays the clauses of a statement beside those of a passage: who does what, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from engine.grounding.clauses import Clause, Relation, agrees
from engine.grounding.lexicon import NEGATORS, PREPOSITIONS
from engine.grounding.passages import Passage
from engine.grounding.tokens import TokenKind, tokenize


def misaligned(said: Sequence[Clause], passage: Passage) -> str:
    """Why the clauses of `said` do not match those of the passage; empty when they do."""
    source = passage.prose.clauses
    last = -1
    for clause in said:
        found = reach(clause, passage)
        if not found:
            if not _stands_behind(clause, passage):
                return "it claims something that the entry does not speak of there"
            continue
        whole = [i for i, other in enumerate(source) if found <= all_claims(other)]
        if not whole:
            return "it puts together what the entry says apart"
        fitting = [i for i in whole if agrees(clause, source[i])]
        if not fitting:
            return "it turns round what the entry says"
        fitting = [i for i in fitting if _same_order(clause, source[i], passage)]
        if not fitting:
            return "it puts the entry's words in another order"
        fitting = [i for i in fitting if not _replaces(clause, source[i], passage)]
        if not fitting:
            return "it replaces a word of the entry"
        if clause.relation is Relation.NONE:
            if fitting[-1] < last:
                return "it changes the order"
            last = max(last, fitting[0])
    return ""


def _stands_behind(said: Clause, passage: Passage) -> bool:
    """Whether a clause without words of the passage is taken from its title, or says nothing."""
    if not said.claims:
        alike = [other for other in passage.prose.clauses if not other.claims]
        words = {token.word for token in said.tokens} - NEGATORS
        same = [other for other in alike if words <= {token.word for token in other.tokens}]
        if same and all(said.negated is not other.negated for other in same):
            return False
        harmless = said.relation in (Relation.NONE, Relation.PURPOSE, Relation.IF)
        return (harmless and not said.negated) or any(
            said.relation is other.relation and said.negated is other.negated for other in alike
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
    """Whether the words that both hold come in the same order, or with the end put first."""
    places = _places(said, source, passage)
    if places is None or _turned_round(said, source):
        return False
    steps_back = [index for index, place in enumerate(places[1:], 1) if place < places[index - 1]]
    if not steps_back:
        return True
    return len(steps_back) == 1 and max(places[steps_back[0] :]) < places[0]


def _places(said: Clause, source: Clause, passage: Passage) -> list[int] | None:
    """Where the words of `said` stand in `source`; None when one comes too often.

    `the file x.py` is no other order than `the x.py file`, nor `14 March` than `March 14`.
    """
    free: dict[str, list[int]] = {}
    for place, token in enumerate(source.tokens):
        free.setdefault(token.key, []).append(place)
    found: list[int] = []
    was_exact = False
    for token in said.tokens:
        if not (token.content or token.fact) or token.key not in free:
            continue
        if not free[token.key]:
            if token.key in passage.context:
                continue
            return None
        later = [place for place in free[token.key] if not found or place > found[-1]]
        place = later[0] if later else free[token.key][0]
        free[token.key].remove(place)
        is_exact = token.fact
        found.append(place)
        if len(found) > 1 and (was_exact or is_exact) and 0 < found[-2] - place <= 2:
            found[-2:] = [place, found[-2]]
        was_exact = is_exact
    return found


def _replaces(said: Clause, source: Clause, passage: Passage) -> bool:
    """Whether words from elsewhere stand where the passage has others."""
    if said.relation is Relation.PURPOSE:
        return False
    foreign = [
        token
        for token in said.tokens
        if token.kind is TokenKind.WORD and token.key not in passage.claims
    ]
    own = {token.key for token in said.tokens}
    missing = [t for t in source.tokens if t.content and t.key not in own]
    return bool(missing) and any(token.content for token in foreign)


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


def reach(clause: Clause, passage: Passage) -> frozenset[str]:
    """What of `clause` the passage itself (not its title) holds."""
    found = set(clause.claims & passage.claims)
    for token in clause.tokens:
        if token.unit == "code" and token.key not in passage.claims:
            found |= _inner_keys(token.key) & passage.claims
    return frozenset(found)


def all_claims(clause: Clause) -> frozenset[str]:
    """What a clause claims, the words inside its code included."""
    codes = [_inner_keys(token.key) for token in clause.tokens if token.unit == "code"]
    return clause.claims.union(*codes) if codes else clause.claims


@lru_cache(maxsize=1000)
def _inner_keys(code: str) -> frozenset[str]:
    """Keys of the tokens of a code span."""
    return frozenset(token.key for token in tokenize(code))
