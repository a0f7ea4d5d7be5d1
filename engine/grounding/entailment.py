"""Judges support with an entailment model, which reads a statement against parts of the entries."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Protocol

from engine.errors import EmbedderUnavailable
from engine.grounding.evidence import Entry, Evidence, Passage
from engine.grounding.sentence import Sentence
from engine.grounding.support import LexicalSupport

log = logging.getLogger(__name__)

#: Entries that a statement is read against, and which share of what the best one holds of it each
#: must hold: the work grows with each, and each is one more chance for the model to be wrong.
#: Chosen by hand.
NUM_ENTRIES, NEARLY_AS_MUCH = 3, 0.5
#: Characters of a premise: some 300 tokens, so that nothing is cut where a model reads 512.
MAX_PREMISE_CHARS = 1200
#: Sentences that a premise is built around; what a statement says seldom stands in more.
NUM_KERNELS = 3


class EntailmentModel(Protocol):
    """Reads texts against a statement."""

    #: Names the model, for people.
    name: str

    def entails(self, premises: Sequence[str], hypothesis: str) -> Sequence[float]:
        """How likely `hypothesis` follows from each of `premises`, from 0 to 1, in their order.

        Called in any thread, in several at once. Raises EmbedderUnavailable.
        """


class EntailmentSupport:
    """Support by an entailment model; where it fails, by words."""

    #: More likely to follow than not. A model that is trained to tell entailment from the rest is
    #: right most often there; no labelled answers were at hand to fit another for any one model.
    threshold = 0.5
    strict_threshold = 0.7

    def __init__(self, model: EntailmentModel) -> None:
        self.name = model.name
        self._model = model
        self._lexical = LexicalSupport()

    def supports(self, evidence: Evidence, said: Sentence) -> float:
        premises = premises_of(evidence, said)
        if not premises:
            return 0.0
        try:
            return max(self._model.entails(premises, _undecorated(said.text)))
        except EmbedderUnavailable as error:
            log.warning("checking by words alone: %s", error)
        # Its probabilities are on another scale: pass on the verdict alone.
        lexical = self._lexical.supports(evidence, said)
        return self.threshold if lexical >= self._lexical.threshold else 0.0


def premises_of(evidence: Evidence, said: Sentence) -> list[str]:
    """What a statement is held against: a part of each entry that holds most of it."""
    words = set(said.content)

    def held(entry: Entry) -> int:
        return len(words & entry.keys)

    # Where none shares a word with it, the best match may still say the same in other words.
    best = sorted(evidence.entries, key=held, reverse=True)[:NUM_ENTRIES]
    enough = max(1.0, NEARLY_AS_MUCH * max(map(held, best), default=0))
    return [_premise(entry, words) for entry in best if entry is best[0] or held(entry) >= enough]


def _premise(entry: Entry, words: Collection[str]) -> str:
    """The title of an entry and the sentences around those that hold most of `words`."""
    title, passages = entry.title.text, entry.passages
    room = MAX_PREMISE_CHARS - len(title)
    chosen: set[int] = set()
    for index in _by_closeness(passages, words):
        # "Never do this:" makes something else of the items below it.
        new = {index, _lead_of(passages, index)} - chosen
        size = sum(len(passages[one].sentence.text) + 1 for one in new)
        if size > room and chosen:
            break
        chosen |= new
        room -= size
    lines = [title, *(passages[index].sentence.text for index in sorted(chosen))]
    return _undecorated("\n".join(lines))[:MAX_PREMISE_CHARS]


def _by_closeness(passages: Sequence[Passage], words: Collection[str]) -> list[int]:
    """The places of all passages: those that hold most of `words` together, then what is near."""
    kernels: list[int] = []
    missing = set(words)
    while passages and len(kernels) < NUM_KERNELS:
        best = max(range(len(passages)), key=lambda one: len(missing & passages[one].sentence.keys))
        gained = missing & passages[best].sentence.keys
        if not gained:
            break
        kernels.append(best)
        missing -= gained
    around = kernels or [0]
    others = [index for index in range(len(passages)) if index not in kernels]
    return kernels + sorted(others, key=lambda one: min(abs(one - kernel) for kernel in around))


def _lead_of(passages: Sequence[Passage], index: int) -> int:
    """The place of the sentence that a passage belongs to; its own where there is none."""
    lead = passages[index].lead
    before = range(index - 1, -1, -1)
    return next((one for one in before if passages[one].sentence is lead), index)


def _undecorated(text: str) -> str:
    """`text` without the marks that a model has not met where it was trained."""
    return text.replace("**", "").replace("`", "")
