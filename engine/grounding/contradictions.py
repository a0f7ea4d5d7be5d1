"""Finds what a statement says otherwise than the sentence of an entry that it is closest to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.grounding.check_result import Reason
from engine.grounding.clauses import Clause, Stance, stance_of
from engine.grounding.comparison import SAME_MATTER, differs
from engine.grounding.evidence import Evidence
from engine.grounding.lexicon import Commitment, is_sign, words_of
from engine.grounding.sentence import Sentence

# Thresholds: chosen by hand; benchmarks/grounding.py shows what the check catches with them.
#: How close together what a clause of an entry has of a said one must stand there, if it has a part
#: of it, and if it has all.
DENSITY, DENSE_IF_ALL = 0.5, 0.4
#: How much less than the closest a clause may be about the matter and still speak for it.
NEARLY = 0.25
#: Share of a condition's content that the reader must know when it is left out.
KNOWN = 0.5
CONDITIONS = frozenset(
    (
        *(Commitment.IF, Commitment.UNLESS, Commitment.UNTIL),
        *(Commitment.BEFORE, Commitment.AFTER, Commitment.WITHOUT),
    )
)
#: What is supposed in these is not said to be so.
_SUPPOSED = frozenset((Commitment.IF, Commitment.UNLESS))
_ONLY = Commitment.ONLY.sign
_PAIRS = (
    (Commitment.LEAST, Commitment.MOST),
    (Commitment.MORE, Commitment.LESS),
    (Commitment.BEFORE, Commitment.AFTER),
    (Commitment.ALL, Commitment.SOME),
    (Commitment.ALWAYS, Commitment.SOMETIMES),
    (Commitment.SAME, Commitment.DIFFERENT),
)
#: "If you want to" is no condition.
_WISHES = frozenset(("want", "wish", "prefer", "like"))


@dataclass(frozen=True, slots=True)
class _Source:
    """A sentence of an entry, and what a reader knows besides: title, heading, lead-in."""

    sentence: Sentence
    context: frozenset[str]
    #: It is the entry's question, answered with yes or no.
    title: bool = False


def contradiction(
    said: Sentence, evidence: Evidence, shown_before: frozenset[str]
) -> Reason | None:
    """Why `said` is against what the entries say; None where nothing speaks against it.

    `shown_before` are the stems of what the reader has read already.
    """
    sources = list(_sources(evidence))
    known = frozenset(evidence.question.content) | shown_before | said.keys
    for clause in said.clauses:
        if reason := _against(clause, said, sources, known):
            return reason
    # The title as a statement has the order of a question.
    return differs(said, [source.sentence for source in sources if not source.title])


def _sources(evidence: Evidence) -> Iterator[_Source]:
    for entry in evidence.entries:
        if entry.statement is not None:
            yield _Source(entry.statement, frozenset(), title=True)
        for passage in entry.passages:
            if not passage.turned:
                yield _Source(passage.sentence, passage.context)
            if passage.joined is not None:
                yield _Source(passage.joined, passage.context)


def _against(
    said: Clause, whole: Sentence, sources: Sequence[_Source], known: frozenset[str]
) -> Reason | None:
    """What the clauses that speak of the same matter have against `said`, if they all do."""
    near: list[tuple[float, Reason | None]] = []
    mine = _weighty(said)
    for source in sources:
        for place, clause in enumerate(source.sentence.clauses):
            window = _window(said, mine, clause)
            if window is not None:
                reason = _difference(said, window, source, place, whole, known)
                near.append((window.share, reason))
    best = max((share for share, _ in near), default=0.0)
    reasons = [reason for share, reason in near if share >= best - NEARLY]
    if not reasons or None in reasons:
        return None
    return reasons[0]


@dataclass(frozen=True, slots=True)
class _Window:
    """The parts of a said clause and of an entry's that speak of the same."""

    #: How much of the said clause stands in the other, and how close together; up to 2.
    share: float
    said: Stance
    source: Stance


def _window(said: Clause, mine: set[str], source: Clause) -> _Window | None:
    """Where `source` speaks of what `said` (its weighty content: `mine`) does, or None."""
    if (said.relation in _SUPPOSED) is not (source.relation in _SUPPOSED):
        return None
    found = mine & set(source.content)
    if not found or len(found) < min(2, len(mine)) or len(found) < SAME_MATTER * len(mine):
        return None
    if len(mine) == 1 and (len(source.content) > 1 or len(said.content) > 1):
        return None
    theirs = _span(source, found)
    density = len(found) / sum(not is_sign(item) for item in theirs)
    if density < (DENSITY if len(found) < len(mine) else DENSE_IF_ALL):
        return None
    return _Window(
        len(found) / len(mine) + density, stance_of(_span(said, found)), stance_of(theirs)
    )


def _span(clause: Clause, content: set[str]) -> tuple[str, ...]:
    """The items of a clause from the first to the last of `content`, with what commits them."""
    items = clause.items
    places = [index for index, item in enumerate(items) if item in content]
    first, last = places[0], places[-1]
    light = words_of(clause.language).is_light
    while first and (is_sign(items[first - 1]) or light(items[first - 1])):
        first -= 1
    if all(is_sign(item) for item in items[last + 1 :]):
        last = len(items) - 1
    return items[first : last + 1]


def _weighty(clause: Clause) -> set[str]:
    """The content without words that say little, if enough is left."""
    light = words_of(clause.language).is_light
    weighty = {key for key in clause.content if not light(key)}
    return weighty if len(weighty) > 1 else set(clause.content)


def _difference(
    said: Clause,
    window: _Window,
    source: _Source,
    place: int,
    whole: Sentence,
    known: frozenset[str],
) -> Reason | None:
    mine, stance = window.said, window.source
    if mine.negated is not stance.negated:
        return Reason.NEGATION
    if _modal_differs(mine, stance):
        return Reason.MODALITY
    everywhere = {c for clause in whole.clauses for c in stance_of(clause.items).others}
    if Commitment.SOMETIMES in stance.others and not everywhere & {
        *(Commitment.SOMETIMES, Commitment.SOME)
    }:
        return Reason.DEGREE
    for first, second in _PAIRS:
        for one, two in ((first, second), (second, first)):
            if one in mine.others and two in stance.others and one not in stance.others:
                return Reason.DEGREE
    clauses = source.sentence.clauses
    if _ONLY in clauses[place].items and Commitment.ONLY not in everywhere:
        return Reason.CONDITION
    return Reason.CONDITION if _lost_condition(clauses, place, whole, known) else None


def _modal_differs(said: Stance, source: Stance) -> bool:
    if said.modal is source.modal or said.modal is Commitment.MAYBE:
        return False
    if source.modal is Commitment.MAYBE:
        return True
    pair = {said.modal, source.modal}
    if said.modal is Commitment.SHOULD and source.modal is Commitment.MUST:
        return False
    if None in pair:
        # A duty or a permission may be told as a command, and a negated one as a plain no.
        return said.modal is Commitment.MUST and source.modal is None and said.negated
    return True


def _lost_condition(
    clauses: Sequence[Clause], place: int, whole: Sentence, known: frozenset[str]
) -> bool:
    """Whether a condition beside the clause is neither said nor known to the reader."""
    said = {clause.relation for clause in whole.clauses}
    if any(Commitment.THEN.sign in clause.items for clause in whole.clauses):
        return False  # "then" means what was said before
    for index, clause in enumerate(clauses):
        if index == place or abs(index - place) > 1 or clause.relation not in CONDITIONS:
            continue
        if not clause.content or said & CONDITIONS or _WISHES & set(clause.content):
            continue
        if len(set(clause.content) & known) < KNOWN * len(set(clause.content)):
            return True
    return False
