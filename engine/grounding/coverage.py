"""How much of a statement the entries carry: the figures that the graded support leans on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.grounding.evidence import Evidence, Passage
from engine.grounding.lexicon import words_of
from engine.grounding.reading import Sentence
from engine.grounding.tokens import TokenKind

#: What a word of little meaning is worth beside one that names something.
LIGHT = 0.4
#: Passages that hold most of a statement are looked at closer.
CLOSEST = 6
MAX_WORDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What of a statement stands where; shares are weighted by how much a word says. 0 to 1."""

    #: In any entry; in any entry or the question.
    entries: float
    entries_or_question: float
    #: In the entry, the sentence and the two sentences that hold most of it.
    entry: float
    sentence: float
    two_sentences: float
    #: In one sentence together with what it leans on: title, heading, lead-in.
    passage: float
    #: Of what is not in the question, in the best entry.
    beyond_question: float
    #: Words that follow one another somewhere in the entries, as a share.
    bigrams: float
    #: Longest run in the order of one sentence, as a share of the statement.
    in_order: float
    #: How many content words no entry has, which share of the statement they are, and how rare
    #: the rarest of them is.
    missing: float
    missing_rarest: float
    missing_share: float
    #: Names that no entry has.
    missing_names: float
    #: Of all words, grammar included, in any entry.
    words: float
    #: Content words.
    length: float
    #: Of the statement, in the question.
    echo: float
    #: Of the question, in the best entry, and in its title; the best any entry has less this.
    question_in_entry: float
    question_in_title: float
    question_gap: float


def coverage(said: Sentence, evidence: Evidence) -> Coverage:
    """The coverage of `said`."""
    words = words_of(said.language)
    weights = [LIGHT if words.is_light(key) else 1.0 for key in said.content]
    total = sum(weights) or 1.0

    def share(keys: frozenset[str]) -> float:
        return sum(w for key, w in zip(said.content, weights, strict=True) if key in keys) / total

    entries = evidence.entries
    held = [share(entry.keys) for entry in entries]
    best = max(range(len(entries)), key=held.__getitem__, default=None)
    entry = entries[best] if best is not None else None
    passages = [passage for entry in entries for passage in entry.passages]
    titles = [entry.title.keys for entry in entries]
    sets = sorted([*(p.sentence.keys for p in passages), *titles], key=share, reverse=True)
    close = sets[:CLOSEST]
    question = frozenset(evidence.question.content)
    passage = max((share((p.joined or p.sentence).keys | p.context) for p in passages), default=0.0)
    stems = [token.key for token in said.tokens if token.kind is not TokenKind.MARK]
    missing = [key for key in said.content if key not in evidence.keys]
    asked = [len(question & e.keys) / len(question) if question else 0.5 for e in entries]
    beyond = [(key, w) for key, w in zip(said.content, weights, strict=True) if key not in question]
    outside = sum(w for _, w in beyond)
    return Coverage(
        entries=share(evidence.keys),
        entries_or_question=share(evidence.keys | question),
        entry=max(held, default=0.0),
        sentence=share(close[0]) if close else 0.0,
        two_sentences=max(
            (share(a | b) for i, a in enumerate(close) for b in close[i:]), default=0.0
        ),
        passage=passage,
        beyond_question=(
            sum(w for key, w in beyond if entry and key in entry.keys) / outside
            if outside
            else max(held, default=0.0)
        ),
        bigrams=_share([pair in evidence.bigrams for pair in pairwise(stems)]),
        in_order=max(
            (_in_order(said.content, passage) for passage in _closest(said, passages, share)),
            default=0.0,
        ),
        missing=float(len(missing)),
        missing_rarest=max(
            (w for key, w in zip(said.content, weights, strict=True) if key in missing),
            default=0.0,
        ),
        missing_share=len(missing) / max(1, len(said.content)),
        missing_names=float(sum(key not in evidence.keys for key in said.names)),
        words=_share([key in evidence.keys for key in stems]),
        length=float(min(len(said.content), MAX_WORDS)),
        echo=_share([key in question for key in said.content]) if question else 0.3,
        question_in_entry=asked[best] if best is not None else 0.0,
        question_in_title=(
            len(question & entry.title.keys) / len(question) if question and entry else 0.3
        ),
        question_gap=max(asked, default=0.0) - (asked[best] if best is not None else 0.0),
    )


def _closest(said: Sentence, passages: Sequence[Passage], share) -> list[Passage]:  # type: ignore[no-untyped-def]
    return sorted(passages, key=lambda p: share(p.sentence.keys), reverse=True)[:3]


def _in_order(content: Sequence[str], passage: Passage) -> float:
    return common(content, passage.sentence.content) / max(1, len(content))


def common(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for one in first:
        diagonal = 0
        for index, other in enumerate(second):
            above = row[index + 1]
            row[index + 1] = diagonal + 1 if one == other else max(above, row[index])
            diagonal = above
    return row[-1]


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
