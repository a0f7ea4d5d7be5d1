"""Whether a statement stands nearly verbatim in an entry: what is asked of languages in which a
paraphrase cannot be told from its opposite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from engine.grounding.clauses import MODALS, RELATIONS, Clause
from engine.grounding.evidence import Entry, Evidence
from engine.grounding.lexicon import Commitment, is_sign, lexicon, signs
from engine.grounding.sentence import Sentence
from engine.grounding.support import common

# Thresholds: chosen by hand; benchmarks/grounding.py shows what the check catches with them.
#: Share of a part's content that a statement may leave out.
MAY_LACK = 0.3
#: An "and" parts two statements if each side has so many content words; so few may stand in any
#: order, as verb and subject do.
WHOLE = 2
#: Two stems are of one word from so many letters in common, and such a share of the longer one.
MIN_PREFIX, SAME_PREFIX = 3, 0.7
_THEN = Commitment.THEN.sign
#: These may stand elsewhere in their part.
_FREE = signs(
    *(*MODALS, Commitment.FORBIDDEN, Commitment.OPTIONAL, Commitment.NOT, Commitment.THEN)
)
#: With these, where a negation stands makes a difference: "not all may", "all may not".
_QUANTIFIERS = signs(Commitment.ALL, Commitment.SOME, Commitment.ONLY, Commitment.ALWAYS)
_ONLY, _ALL = Commitment.ONLY.sign, Commitment.ALL.sign
_NOT = Commitment.NOT.sign
_BINDING = signs(*RELATIONS, Commitment.ONLY)

#: A piece of a clause between commas and ands: content and commitments in order.
Part = tuple[str, ...]


def verbatim_in(said: Sentence, evidence: Evidence) -> Entry | None:
    """The entry of the said language that has the statement nearly word for word; None where
    nothing is known of the language."""
    known = lexicon(said.language) is not None
    for entry in evidence.entries:
        if known and entry.language == said.language and _stands_in(said, entry):
            return entry
    return None


def _stands_in(said: Sentence, entry: Entry) -> bool:
    mine = _parts(said.clauses)
    # What the entry is about may be named again: "the lockers of the pool".
    topic = set(entry.title.content)
    bare = [tuple(i for i in part if is_sign(i) or i not in topic) for part in mine]
    return any(
        _repeats(mine, source) or (bare != mine and _repeats(bare, source, whole=True))
        for source in _sources(entry)
    )


def _sources(entry: Entry) -> Iterator[list[Part]]:
    """What may be repeated: a sentence or pieces of it, two sentences that follow each other, a
    lead-in with its item, the entry's question where it is answered with yes or no."""
    if entry.statement is not None:
        yield from _pieces(entry.statement.clauses)
    previous: tuple[Clause, ...] = ()
    for passage in entry.passages:
        clauses = passage.sentence.clauses
        if not passage.turned:
            yield from _pieces(clauses)
        if passage.lead is not None:
            yield _parts((*passage.lead.clauses, *clauses))
        if previous and not passage.turned:
            yield _parts((*previous, *clauses))
        previous = clauses if not passage.turned else ()


def _pieces(clauses: Sequence[Clause]) -> Iterator[list[Part]]:
    """The whole, and what is left of it without its first or last parts, where nothing binds what
    is left to what is not."""
    parts = _parts(clauses)
    for first in range(len(parts)):
        for last in range(first + 1, len(parts) + 1):
            beside = [*parts[max(0, first - 1) : first], *parts[last : last + 1]]
            if any(_BINDING & set(part) for part in beside):
                continue
            yield parts[first:last]
            carried = _content(parts[0]) and len(_content(parts[first])) <= WHOLE
            if first and carried and not set(parts[first]) & _BINDING:
                # "The desk is free and closes at eight": the desk closes at eight.
                subject = _content(parts[0])[0]
                yield [(subject, *parts[first]), *parts[first + 1 : last]]


def _parts(clauses: Sequence[Clause]) -> list[Part]:
    found: list[Part] = []
    for clause in clauses:
        ends = [0, *clause.joints, len(clause.items)]
        pieces = [clause.items[start:end] for start, end in pairwise(ends)]
        whole = all(len(piece) >= WHOLE and _content(piece) for piece in pieces)
        for part in pieces if whole else [clause.items]:
            if found and found[-1][-1:] == (_ONLY,):
                found[-1], part = found[-1][:-1], (_ONLY, *part)  # "nur, wenn"
            found.append(part)
    return [part for part in found if part]


def _content(items: Sequence[str]) -> list[str]:
    return [item for item in items if not is_sign(item)]


def _repeats(said: Sequence[Part], source: Sequence[Part], *, whole: bool = False) -> bool:
    """Whether `said` is the source but for what may be left out or moved without saying something
    else; with `whole`, nothing of it is left out."""
    if whole and sum(map(len, map(_content, said))) < sum(map(len, map(_content, source))):
        return False
    steps = any(_THEN in part for part in (*said, *source))
    grouped = _grouped(said, source)
    if grouped is not None:
        places = [place for place, _ in grouped]
        if sorted(places) == list(range(len(source))) and (not steps or places == sorted(places)):
            return all(_same_part(items, source[place], steps=steps) for place, items in grouped)
    if len(source) == 2 and set(source[1]) & _BINDING and not steps:
        mine, theirs = (tuple(i for part in parts for i in part) for parts in (said, source))
        kept = all(_hangs_alike(mine, theirs, item) for item in mine if item in _FREE)
        return kept and _same_part(mine, theirs, steps=False)
    return False


def _hangs_alike(said: Sequence[str], source: Sequence[str], item: str) -> bool:
    """Whether a word that commits stands before or behind the same word in both."""
    if said.count(item) != 1 or source.count(item) != 1:
        return False
    return _bound_to(said, item) == _bound_to(source, item) or (
        _bound_to(said[::-1], item) == _bound_to(source[::-1], item)
    )


def _grouped(said: Sequence[Part], source: Sequence[Part]) -> list[tuple[int, list[str]]] | None:
    """The said parts by the part of the source that has all their content; None where none has."""
    found: list[tuple[int, list[str]]] = []
    for part in said:
        content = _content(part)
        holding = [i for i, other in enumerate(source) if _within(content, _content(other))]
        if not holding:
            return None
        place = found[-1][0] if found and (found[-1][0] in holding or not content) else holding[0]
        if found and found[-1][0] == place:
            found[-1][1].extend(part)
        else:
            found.append((place, list(part)))
    return found


def _same_part(said: Sequence[str], source: Sequence[str], *, steps: bool) -> bool:
    if _ALL in source and _ALL not in said and _NOT not in source:
        source = _without_all(source)
    said = _spelled_as(said, source)
    mine, theirs = _content(said), _content(source)
    if not _within(mine, theirs) or len(theirs) - len(mine) > MAY_LACK * len(theirs):
        return False
    held = [Counter(i for i in items if is_sign(i) and i != _THEN) for items in (said, source)]
    if not held[1].keys() & _QUANTIFIERS:
        held[0].pop(_ALL, None)  # "each rehearsal" for "rehearsals"
    if held[0] != held[1]:
        return False
    bound = set(held[0]) - _FREE
    if _QUANTIFIERS & bound:
        bound |= {_NOT} & set(held[0])
    if any(_bound_to(said, item) != _bound_to(source, item) for item in bound):
        return False
    return len(mine) <= WHOLE or _in_order(mine, theirs, moved=not steps)


def _without_all(source: Sequence[str]) -> list[str]:
    """The source without "each reader": what each may, the one who asks may."""
    place = source.index(_ALL)
    following = next((i for i in source[place + 1 :] if not is_sign(i)), "")
    return [item for item in source if item not in (_ALL, following)]


def _within(content: Sequence[str], other: Sequence[str]) -> bool:
    return not Counter(_spelled_as(content, other)) - Counter(other)


def _spelled_as(items: Sequence[str], source: Sequence[str]) -> list[str]:
    """The items with the stems that the source has for the same words."""
    return [
        item
        if item in source or is_sign(item)
        else next((other for other in source if _same_word(item, other)), item)
        for item in items
    ]


def _same_word(one: str, other: str) -> bool:
    """Whether two stems are of one word: stemmers leave some endings on."""
    alike = sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(one, other, strict=False)))
    letters = one.isalpha() and other.isalpha()
    return letters and alike >= MIN_PREFIX and alike >= SAME_PREFIX * max(len(one), len(other))


def _bound_to(items: Sequence[str], item: str) -> list[str]:
    """The words that follow each `item`."""
    return sorted(
        next((i for i in items[index + 1 :] if not is_sign(i)), "")
        for index, other in enumerate(items)
        if other == item
    )


def _in_order(mine: Sequence[str], theirs: Sequence[str], *, moved: bool) -> bool:
    """Whether the words come in the same order, or with one piece moved to another place."""
    if common(mine, theirs) == len(mine):
        return True
    for start in range(len(mine) if moved else 0):
        for end in range(start + 1, len(mine) + 1):
            block, rest = mine[start:end], [*mine[:start], *mine[end:]]
            if common(rest, theirs) == len(rest) and _stands_together(block, theirs):
                return True
    return False


def _stands_together(block: Sequence[str], items: Sequence[str]) -> bool:
    return any(
        list(items[start : start + len(block)]) == list(block)
        for start in range(len(items) - len(block) + 1)
    )
