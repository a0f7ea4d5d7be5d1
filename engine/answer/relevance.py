"""Judges whether the best entry answers a question: by what is known without reading, by a
cross-encoder, or by the generation model itself."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Protocol

from engine.answer.asking import says_yes_or_no
from engine.answer.mismatch import other_thing
from engine.errors import EmbedderUnavailable, GenerationError
from engine.protocol import GenerationRequest, Purpose
from engine.retrieval.calibration import Claim, likelihood, threshold
from engine.retrieval.embedder import PairScorer
from engine.retrieval.retrieval import Retrieval
from engine.serving.generator import Generator
from engine.types import Document, Judgement, Question, Verdict

log = logging.getLogger(__name__)

EMBEDDED = "embedded"
#: Entries that a cross-encoder reads: 50 ms each on two cores.
NUM_READ = 5
#: Characters of an entry that it reads: its beginning tells what it is about, and all of a long
#: one would take half a second.
MAX_READ_CHARS = 500
#: Of these, characters of its question with the other ways to ask it. Chosen by hand.
MAX_ASKED_CHARS = 200
#: Tokens a model may take to say yes or no, and seconds it may take.
MAX_JUDGE_TOKENS, JUDGE_DEADLINE_S = 4, 20.0
#: A cross-encoder's probability from which an entry answers. Those on the hub are trained on
#: search logs, where half is the border.
ANSWERS_FROM = 0.5
#: Require nearly the same question for an entry that begins with yes or no: under another question
#: that yes would be false. So close must the two questions be (1: the same text), and such a share
#: of the asked one's words must stand in the entry's own. Chosen by hand.
SAME_QUESTION, SAME_WORDS = 0.55, 0.6


class Relevance(Protocol):
    """Reads a question against the best entry that a search found."""

    #: Whether the generation model is asked.
    asks_model: bool

    @property
    def name(self) -> str:
        """What judges now, for people."""

    async def judge(self, question: Question, retrieval: Retrieval) -> Judgement:
        """Whether the best entry answers the question. Never raises for what a model does."""


class EmbeddedRelevance:
    """Judges by Features alone; nothing is read."""

    name = EMBEDDED
    asks_model = False

    async def judge(self, question: Question, retrieval: Retrieval) -> Judgement:
        return judge_by_features(question, retrieval)


def judge_by_features(question: Question, retrieval: Retrieval) -> Judgement:
    """Whether the best entry answers, by what is known without reading."""
    if not retrieval.covered or retrieval.features is None:
        return Judgement(
            verdict=Verdict.NO,
            probability=0.0,
            reader=EMBEDDED,
            reason=(
                f"Nothing in the FAQ is close: {retrieval.confidence:.2f}, and "
                f"{retrieval.gate:.2f} is needed ({retrieval.mode.value})."
            ),
        )
    probability = round(likelihood(Claim.ANSWERED, retrieval.mode, retrieval.features), 4)
    needed = threshold(Claim.ANSWERED, retrieval.mode)
    reason = (
        f"The best entry answers with a probability of {probability:.2f}; "
        f"{needed:.2f} is needed ({retrieval.mode.value})."
    )
    verdict = Verdict.ANSWERS if probability >= needed else Verdict.CLOSE
    if verdict is Verdict.ANSWERS and (objection := _objection(question, retrieval)):
        verdict, reason = Verdict.CLOSE, objection
    return Judgement(verdict=verdict, probability=probability, reader=EMBEDDED, reason=reason)


def _objection(question: Question, retrieval: Retrieval) -> str:
    """Why the best entry is no answer, however close; empty when nothing speaks against it."""
    entry = retrieval.matches[0].document
    if retrieval.elsewhere:
        return "Only other courses have something close."
    if answers_another_question(retrieval):
        return "The best entry says yes or no to another question than this one."
    if other := other_thing(question.text, _asked(entry), entry.answer):
        return f"The best entry is about {other[0]}, the question about {other[1]}."
    return ""


def _asked(entry: Document) -> str:
    """The entry's question in all its wordings."""
    return " ".join((entry.question, *entry.phrasings))


def _beginning(entry: Document) -> str:
    asked = _asked(entry)[: max(len(entry.question), MAX_ASKED_CHARS)]
    return f"{asked}\n{entry.answer}"[:MAX_READ_CHARS]


def answers_another_question(retrieval: Retrieval) -> bool:
    """Whether the best entry begins with a yes or no that is not about this question."""
    features = retrieval.features
    if features is None or not says_yes_or_no(retrieval.matches[0].document.answer):
        return False
    return features.title < SAME_QUESTION or features.in_title < SAME_WORDS


class CrossEncoderRelevance:
    """A cross-encoder reads the question with each of the best entries."""

    asks_model = False

    def __init__(self, scorer: PairScorer) -> None:
        self._scorer = scorer

    @property
    def name(self) -> str:
        return self._scorer.name

    async def judge(self, question: Question, retrieval: Retrieval) -> Judgement:
        known = judge_by_features(question, retrieval)
        if known.verdict is Verdict.NO:
            return known
        best = retrieval.matches[:NUM_READ]
        texts = [_beginning(match.document) for match in best]
        try:
            scores = await self._scorer.score(question.text, texts)
        except EmbedderUnavailable as error:
            log.warning("judging without the cross-encoder: %s", error)
            return known
        probability = round(float(scores[0]), 4)
        highest = max(float(score) for score in scores)
        sure = probability >= ANSWERS_FROM and scores[0] == scores.max()
        objection = _objection(question, retrieval) if sure else ""
        return Judgement(
            verdict=Verdict.ANSWERS if sure and not objection else Verdict.CLOSE,
            probability=probability,
            reader=self.name,
            reason=objection
            or f"{self.name} gives the best entry {probability:.2f}, the best of {len(best)} "
            f"{highest:.2f}.",
        )


class ModelRelevance:
    """Lets the generation model read where it can be trusted to; else judges by Features."""

    asks_model = True

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    @property
    def name(self) -> str:
        """The model's alias, while it reads."""
        status = self._generator.status()
        return f"model {status.model}" if status.reads else EMBEDDED

    async def judge(self, question: Question, retrieval: Retrieval) -> Judgement:
        known = judge_by_features(question, retrieval)
        if known.verdict is Verdict.NO or not self._generator.status().reads:
            return known
        best = retrieval.matches[0]
        request = GenerationRequest(
            id=f"judge-{id(retrieval):x}",
            purpose=Purpose.JUDGE,
            question=question.text,
            documents=(best.document,),
            max_new_tokens=MAX_JUDGE_TOKENS,
            deadline_s=JUDGE_DEADLINE_S,
        )
        try:
            generation = await self._generator.generate(request, lambda _: None)
        except GenerationError as error:
            log.warning("judging without the model: %s", error)
            return known
        said = _spoken(generation.text)
        if said is None:
            reason = f"{generation.model} said neither yes nor no. {known.reason}"
            return replace(known, reason=reason)
        # The model has read the entry; the other objections only guess.
        answers = said and not retrieval.elsewhere
        return Judgement(
            verdict=Verdict.ANSWERS if answers else Verdict.CLOSE,
            probability=known.probability,
            reader=f"model {generation.model}",
            reason=f"{generation.model} read the best entry: "
            f"{'it answers' if said else 'it does not answer'} the question.",
        )


def _spoken(text: str) -> bool | None:
    """What a model said: yes, no, or neither."""
    word = re.match(r"\W*(yes|no)\b", text, re.IGNORECASE)
    return None if word is None else word[1].lower() == "yes"
