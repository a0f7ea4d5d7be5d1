"""How likely the entries support a statement: what a Support is, and the one that ships, a
regression over how much of the statement stands in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from engine.grounding.evidence import Entry, Evidence
from engine.grounding.lexicon import words_of
from engine.grounding.sentence import Sentence
from engine.grounding.tokens import TokenKind
from engine.retrieval.calibration import LogisticRegression

#: What a word of little meaning is worth beside one that names something. Chosen by hand.
LIGHT = 0.4
#: Sentences that hold most of a statement are looked at closer.
CLOSEST = 3
MAX_WORDS = 30
#: What stands for a share of the question where nothing was asked. Chosen by hand.
NOT_ASKED = 0.3
_WEIGHTS = Path(__file__).with_name("weights.json")
#: Share of a statement's words that no entry has, from which on it is about something else, however
#: close the rest comes. Chosen by hand.
STRANGE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What of a statement stands where. All but counts are shares, 0 to 1."""

    #: Of what is not in the question, in the entry that holds most of the statement; by how much
    #: each word says.
    beyond_question: float
    #: Words that follow one another somewhere in the entries.
    bigrams: float
    #: Longest run in the order of one sentence.
    in_order: float
    #: How many content words and how many names no entry has.
    missing: float
    missing_names: float
    #: How many content words it has.
    length: float
    #: Of the statement, in the question.
    echo: float
    #: Of the question, in the best entry, and in its title; the best any entry has less this.
    question_in_entry: float
    question_in_title: float
    question_gap: float


def coverage(said: Sentence, evidence: Evidence) -> Coverage:
    best = max(evidence.entries, key=lambda e: _held(said, e.keys), default=None)
    question = frozenset(evidence.question.content)
    stems = [token.key for token in said.tokens if token.kind is not TokenKind.MARK]
    in_entry = _asked(question, best.keys) if best else 0.0
    return Coverage(
        beyond_question=_beyond(said, question, best),
        bigrams=_share([pair in evidence.bigrams for pair in pairwise(stems)]),
        in_order=_in_order(said, evidence),
        missing=float(sum(key not in evidence.keys for key in said.content)),
        missing_names=float(sum(key not in evidence.keys for key in said.names)),
        length=float(min(len(said.content), MAX_WORDS)),
        echo=_share([key in question for key in said.content]) if question else NOT_ASKED,
        question_in_entry=in_entry,
        question_in_title=_asked(question, best.title.keys) if best else 0.0,
        question_gap=max((_asked(question, e.keys) for e in evidence.entries), default=0.0)
        - in_entry,
    )


def strange_share(said: Sentence, evidence: Evidence) -> float:
    """Which share of the words that say something no entry has."""
    light = words_of(said.language).is_light
    weighty = [key for key in said.content if not light(key)]
    return _share([key not in evidence.keys for key in weighty])


def _held(said: Sentence, keys: frozenset[str], without: frozenset[str] = frozenset()) -> float:
    """Which share of the statement, but for `without`, stands in `keys`."""
    light = words_of(said.language).is_light
    weights = {key: LIGHT if light(key) else 1.0 for key in said.content if key not in without}
    total = sum(weights.values())
    return sum(w for key, w in weights.items() if key in keys) / total if total else 0.0


def _beyond(said: Sentence, question: frozenset[str], best: Entry | None) -> float:
    if best is None:
        return 0.0
    only_asked = set(said.content) <= question
    return _held(said, best.keys, frozenset() if only_asked else question)


def _in_order(said: Sentence, evidence: Evidence) -> float:
    sentences = [passage.sentence for entry in evidence.entries for passage in entry.passages]
    close = sorted(sentences, key=lambda s: _held(said, s.keys), reverse=True)[:CLOSEST]
    runs = (common(said.content, sentence.content) for sentence in close)
    return max(runs, default=0) / max(1, len(said.content))


def _asked(question: frozenset[str], keys: frozenset[str]) -> float:
    return len(question & keys) / len(question) if question else NOT_ASKED


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


class Support(Protocol):
    """Judges how far entries support a statement that contradicts none of them."""

    #: What judges, for people.
    name: str
    #: The probability from which a statement is shown, and from which one of a model is that
    #: cannot be trusted to read: most of what it puts together from the entries is wrong.
    threshold: float
    strict_threshold: float

    def supports(self, evidence: Evidence, said: Sentence) -> float:
        """How likely the entries say what `said` does, from 0 to 1. Never raises."""


class LexicalSupport:
    """Judges by how much of a statement stands in the entries, and where; no model is read."""

    name = "lexical"

    def __init__(self) -> None:
        self._regression, self.strict_threshold = regression()
        self.threshold = self._regression.threshold

    def supports(self, evidence: Evidence, said: Sentence) -> float:
        if strange_share(said, evidence) >= STRANGE:
            return 0.0
        return self._regression.probability(coverage(said, evidence))


@cache
def regression() -> tuple[LogisticRegression, float]:
    """What ships, fitted over Coverage by benchmarks/fit_support.py; and the strict threshold."""
    kept = json.loads(_WEIGHTS.read_text(encoding="utf-8"))
    names = ("weights", "intercept", "threshold")
    return LogisticRegression(**{name: kept[name] for name in names}), kept["strict_threshold"]
