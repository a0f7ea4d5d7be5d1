"""A cross-encoder or the model reads the entry; the settings say who judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from config.settings import AnswerSettings
from engine.answer.judges import running_relevance
from engine.answer.relevance import (
    EMBEDDED,
    MAX_JUDGE_TOKENS,
    MAX_READ_CHARS,
    NUM_READ,
    CrossEncoderRelevance,
    EmbeddedRelevance,
    ModelRelevance,
    Relevance,
    judge_by_features,
)
from engine.errors import EmbedderUnavailable, EngineDown, GenerationTimeout, ModelLoadError
from engine.protocol import GenerationRequest, Purpose
from engine.retrieval.embedder import Scores
from engine.retrieval.retrieval import Features, Retrieval
from engine.types import Judgement, Verdict
from tests.engine.answer.relevance_cases import FORM, NOTHING, OTHERS, QUESTION, SURE, entry, found
from tests.fakes import ScriptedGenerator


class FakeScorer:
    """A PairScorer that gives the scores it is told to."""

    name = "nobody/scorer"

    def __init__(self, *scores: float, fails: bool = False) -> None:
        self._scores = scores
        self._fails = fails
        self.read: list[tuple[str, list[str]]] = []

    async def start(self) -> None:
        """It is ready."""

    async def score(self, question: str, texts: Sequence[str]) -> Scores:
        self.read.append((question, list(texts)))
        if self._fails:
            raise EmbedderUnavailable("the cross-encoder nobody/scorer failed (out of memory)")
        return np.array(self._scores[: len(texts)], dtype=np.float32)

    def close(self) -> None:
        """Nothing to let go of."""


# By a cross-encoder


async def test_a_cross_encoder_decides_by_the_score_of_the_best_entry() -> None:
    scorer = FakeScorer(0.5, 0.4, 0.3, 0.2, 0.1)

    judgement = await CrossEncoderRelevance(scorer).judge(QUESTION, found(features=NOTHING))

    assert judgement.verdict is Verdict.ANSWERS
    assert judgement.probability == 0.5
    assert judgement.reader == "nobody/scorer"
    ((asked, texts),) = scorer.read
    assert asked == QUESTION.text
    assert texts == [f"{d.question}\n{d.answer}" for d in (FORM, *OTHERS)[:NUM_READ]]


@pytest.mark.parametrize(
    "scores", [(0.49, 0.1, 0.1, 0.1, 0.1), (0.8, 0.1, 0.1, 0.1, 0.81)], ids=["low", "not first"]
)
async def test_a_best_entry_that_reads_worse_is_only_close(scores: tuple[float, ...]) -> None:
    judgement = await CrossEncoderRelevance(FakeScorer(*scores)).judge(QUESTION, found())

    assert judgement.verdict is Verdict.CLOSE
    assert judgement.probability == scores[0]


async def test_a_cross_encoder_makes_no_other_course_the_answer() -> None:
    scorer = FakeScorer(0.9, 0.1, 0.1, 0.1, 0.1)

    judgement = await CrossEncoderRelevance(scorer).judge(QUESTION, found(elsewhere=True))

    assert judgement.verdict is Verdict.CLOSE


async def test_a_cross_encoder_reads_nothing_that_is_not_close() -> None:
    scorer = FakeScorer(0.9)

    judgement = await CrossEncoderRelevance(scorer).judge(QUESTION, found(confidence=0.1))

    assert judgement.verdict is Verdict.NO
    assert scorer.read == []


async def test_a_cross_encoder_reads_the_beginning_of_a_book() -> None:
    scorer = FakeScorer(0.9)

    await CrossEncoderRelevance(scorer).judge(QUESTION, found(entry("Book", "word " * 100_000)))

    assert [len(text) for text in scorer.read[0][1]] == [MAX_READ_CHARS]


@pytest.mark.parametrize("retrieval", [found(), found(features=NOTHING), found(elsewhere=True)])
async def test_when_the_cross_encoder_fails_what_is_known_decides(retrieval: Retrieval) -> None:
    judgement = await CrossEncoderRelevance(FakeScorer(fails=True)).judge(QUESTION, retrieval)

    assert judgement == judge_by_features(QUESTION, retrieval)


# By the model


def saying(
    text: str | Callable[[GenerationRequest], str], *, reads: bool = True
) -> ScriptedGenerator:
    return ScriptedGenerator(text if callable(text) else lambda _: text, alias="phi", reads=reads)


async def judged(script: ScriptedGenerator, retrieval: Retrieval) -> Judgement:
    return await ModelRelevance(script).judge(QUESTION, retrieval)


@pytest.mark.parametrize("text", ["yes", "Yes.", "YES, it does", "**yes**", "“Yes”"])
async def test_the_model_says_yes(text: str) -> None:
    script = saying(text)

    judgement = await judged(script, found(features=NOTHING))

    assert judgement.verdict is Verdict.ANSWERS
    assert judgement.reader == "model phi"
    assert judgement.reason == "phi read the best entry: it answers the question."
    assert judgement.probability == judge_by_features(QUESTION, found(features=NOTHING)).probability


@pytest.mark.parametrize("text", ["no", "No.", "NO, it does not", "\n no"])
async def test_the_model_says_no(text: str) -> None:
    judgement = await judged(saying(text), found())

    assert judgement.verdict is Verdict.CLOSE
    assert judgement.reader == "model phi"
    assert judgement.reason == "phi read the best entry: it does not answer the question."


@pytest.mark.parametrize(
    "text", ["", "Maybe", "The entry says", "nothing", "yesterday", "NO_ANSWER"]
)
@pytest.mark.parametrize("features", [SURE, NOTHING], ids=["sure", "not sure"])
async def test_where_the_model_says_neither_what_is_known_decides(
    text: str, features: Features
) -> None:
    known = judge_by_features(QUESTION, found(features=features))

    judgement = await judged(saying(text), found(features=features))

    assert judgement.verdict is known.verdict
    assert judgement.probability == known.probability
    assert judgement.reader == EMBEDDED
    assert judgement.reason == f"phi said neither yes nor no. {known.reason}"


@pytest.mark.parametrize("error", [EngineDown, GenerationTimeout])
@pytest.mark.parametrize("features", [SURE, NOTHING], ids=["sure", "not sure"])
async def test_where_the_model_fails_what_is_known_decides(
    error: type[Exception], features: Features
) -> None:
    def fail(_: GenerationRequest) -> str:
        raise error

    judgement = await judged(saying(fail), found(features=features))

    assert judgement == judge_by_features(QUESTION, found(features=features))


async def test_the_model_is_asked_for_one_word_about_the_best_entry() -> None:
    script = saying("yes")

    await judged(script, found())

    (request,) = script.requests
    assert request.purpose is Purpose.JUDGE
    assert request.question == QUESTION.text
    assert request.documents == (FORM,)
    assert request.history == ()
    assert request.max_new_tokens == MAX_JUDGE_TOKENS


@pytest.mark.parametrize("features", [SURE, NOTHING], ids=["sure", "not sure"])
async def test_a_model_that_does_not_read_is_not_asked(features: Features) -> None:
    script = saying("yes", reads=False)

    judgement = await judged(script, found(features=features))

    assert script.requests == []
    assert judgement == judge_by_features(QUESTION, found(features=features))


async def test_the_model_reads_nothing_that_is_not_close() -> None:
    script = saying("yes")

    judgement = await judged(script, found(confidence=0.1))

    assert judgement.verdict is Verdict.NO
    assert script.requests == []


async def test_the_model_makes_no_other_course_the_answer() -> None:
    assert (await judged(saying("yes"), found(elsewhere=True))).verdict is Verdict.CLOSE


# Who judges


def test_it_is_told_who_judges_now() -> None:
    assert ModelRelevance(saying("yes")).name == "model phi"
    assert ModelRelevance(saying("yes", reads=False)).name == EMBEDDED
    assert EmbeddedRelevance().name == EMBEDDED
    assert CrossEncoderRelevance(FakeScorer()).name == "nobody/scorer"


@pytest.mark.parametrize(
    ("setting", "kind"), [("auto", ModelRelevance), ("embedded", EmbeddedRelevance)]
)
async def test_the_settings_say_who_judges(setting: str, kind: type[Relevance]) -> None:
    settings = AnswerSettings(relevance=setting)

    async with running_relevance(settings, saying("yes"), None) as relevance:
        assert isinstance(relevance, kind)


async def test_a_cross_encoder_that_cannot_be_had_is_one_sentence(tmp_path: object) -> None:
    settings = AnswerSettings(relevance=f"{tmp_path}/nowhere")

    with pytest.raises(ModelLoadError, match=r"^answer\.relevance: the cross-encoder .*nowhere"):
        async with running_relevance(settings, saying("yes"), None):
            raise AssertionError("it started")
