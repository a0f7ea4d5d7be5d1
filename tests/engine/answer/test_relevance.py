"""Who judges whether the best entry answers, and what never counts as an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import numpy as np
import pytest

from config.settings import AnswerSettings
from engine.answer.judges import running_relevance
from engine.answer.mismatch import other_thing
from engine.answer.relevance import (
    EMBEDDED,
    MAX_JUDGE_TOKENS,
    MAX_READ_CHARS,
    NUM_READ,
    CrossEncoderRelevance,
    EmbeddedRelevance,
    ModelRelevance,
    Relevance,
    answers_another_question,
    judge_by_evidence,
)
from engine.errors import EmbedderUnavailable, EngineDown, GenerationTimeout, ModelLoadError
from engine.generation import GenerationRequest, Purpose
from engine.retrieval.calibration import Claim, likelihood, threshold
from engine.retrieval.embedder import Scores
from engine.retrieval.retrieval import Evidence, Retrieval
from engine.types import Document, Judgement, Match, Question, RetrievalMode, Verdict
from tests.fakes import ScriptedGenerator

NAMES = [field.name for field in fields(Evidence)]
NOTHING = Evidence(**dict.fromkeys(NAMES, 0.0))
#: The question is the entry's own; nothing else comes near.
SURE = Evidence(**dict.fromkeys(NAMES, 1.0) | {"length": 1.8})
QUESTION = Question(text="Which form do I fill in to join late?")
MODES = list(RetrievalMode)


def entry(question: str, answer: str) -> Document:
    return Document(id=question, course="a", section="", question=question, answer=answer)


FORM = entry("Which form do I fill in to join late?", "Fill in the late form.")
OTHERS = tuple(entry(f"Other entry {n}", f"Text {n}.") for n in range(6))


def found(
    *documents: Document,
    evidence: Evidence = SURE,
    confidence: float = 0.9,
    mode: RetrievalMode = RetrievalMode.ENSEMBLE,
    elsewhere: bool = False,
) -> Retrieval:
    return Retrieval(
        matches=tuple(
            Match(document=document, score=1 - place / 10)
            for place, document in enumerate(documents or (FORM, *OTHERS))
        ),
        mode=mode,
        gate=0.24,
        confidence=confidence,
        evidence=evidence,
        elsewhere=elsewhere,
    )


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


# By what is known without reading


@pytest.mark.parametrize("mode", MODES)
def test_an_entry_that_is_surely_meant_answers(mode: RetrievalMode) -> None:
    judgement = judge_by_evidence(QUESTION, found(mode=mode))

    assert judgement.verdict is Verdict.ANSWERS
    assert judgement.probability == round(likelihood(Claim.ANSWERED, mode, SURE), 4)
    assert judgement.probability >= threshold(Claim.ANSWERED, mode)
    assert judgement.reader == EMBEDDED
    assert mode.value in judgement.reason


@pytest.mark.parametrize("mode", MODES)
def test_an_entry_that_is_not_surely_meant_is_close(mode: RetrievalMode) -> None:
    judgement = judge_by_evidence(QUESTION, found(evidence=NOTHING, mode=mode))

    assert judgement.verdict is Verdict.CLOSE
    assert judgement.probability is not None
    assert judgement.probability < threshold(Claim.ANSWERED, mode)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_below_the_gate_is_no_answer_however_sure_the_best_entry(
    mode: RetrievalMode,
) -> None:
    judgement = judge_by_evidence(QUESTION, found(confidence=0.2399, mode=mode))

    assert judgement.verdict is Verdict.NO
    assert judgement.probability == 0
    assert "0.24" in judgement.reason


def test_nothing_found_is_no_answer() -> None:
    nothing = Retrieval(matches=(), mode=RetrievalMode.LEXICAL, gate=0.2, confidence=0.0)

    assert judge_by_evidence(QUESTION, nothing).verdict is Verdict.NO


def test_what_only_other_courses_have_is_never_the_answer() -> None:
    judgement = judge_by_evidence(QUESTION, found(elsewhere=True))

    assert judgement.verdict is Verdict.CLOSE
    assert judgement.reason == "Only other courses have something close."


FOREIGN = [
    "Yes, until Sunday.",
    "yes!",
    "**No**, that is not possible.",
    "No.",
    "Nope",
    "Not really, but you can ask.",
    "Unfortunately it is over.",
    "Of course.",
    "Ja, das geht.",
    "Nein.",
    "Leider nicht.",
    "Oui, bien sûr.",
    "Non, c'est fini.",
    "Sí, claro.",
    "Sim, pode.",
    "Não.",
    "Да, можно.",
    "Нет.",
]


@pytest.mark.parametrize("answer", FOREIGN)
@pytest.mark.parametrize(
    "evidence",
    [replace(SURE, title=0.54), replace(SURE, in_title=0.59)],
    ids=["another question", "other words"],
)
def test_the_yes_or_no_to_another_question_is_never_the_answer(
    answer: str, evidence: Evidence
) -> None:
    retrieval = found(entry("Can I hand in late?", answer), evidence=evidence)

    judgement = judge_by_evidence(QUESTION, retrieval)

    assert answers_another_question(retrieval)
    assert judgement.verdict is Verdict.CLOSE
    assert "yes or no to another question" in judgement.reason


@pytest.mark.parametrize("answer", FOREIGN)
def test_the_yes_or_no_to_the_same_question_is_the_answer(answer: str) -> None:
    retrieval = found(entry(QUESTION.text, answer))

    assert not answers_another_question(retrieval)
    assert judge_by_evidence(QUESTION, retrieval).verdict is Verdict.ANSWERS


@pytest.mark.parametrize(
    "answer",
    ["Yesterday's form.", "Nobody knows.", "Note the date.", "Simply fill it in.", "Dates: Да."],
)
def test_a_word_that_only_begins_like_a_yes_is_none(answer: str) -> None:
    retrieval = found(entry("Can I hand in late?", answer), evidence=replace(SURE, title=0.0))

    assert not answers_another_question(retrieval)


@pytest.mark.parametrize(
    ("question", "title", "answer", "told", "asked"),
    [
        ("Docker on Windows?", "Docker on a Mac", "Run brew.", "macOS", "Windows"),
        ("install it on my macbook", "Install it on Ubuntu", "apt install", "Linux", "macOS"),
        ("How do I use AWS?", "How do I use GCP?", "Log in to it.", "Google Cloud", "AWS"),
        ("Is there a Telegram group?", "Is there a Slack?", "Yes.", "Slack", "Telegram"),
        ("conda install fails", "pip install fails", "Upgrade pip.", "pip", "conda"),
        ("When is homework 3 due?", "When is homework 2 due?", "May.", "homework 2", "homework 3"),
        ("HW 03 deadline", "Deadline of homework #2", "May.", "homework 2", "homework 3"),
        ("неделя 2 дедлайн", "неделя 1: дедлайн", "Май.", "неделя 1", "неделя 2"),
    ],
)
def test_an_entry_about_another_thing_of_the_kind_is_never_the_answer(
    question: str, title: str, answer: str, told: str, asked: str
) -> None:
    judgement = judge_by_evidence(Question(text=question), found(entry(title, answer)))

    assert other_thing(question, title, answer) == (told, asked)
    assert judgement.verdict is Verdict.CLOSE
    assert judgement.reason == f"The best entry is about {told}, the question about {asked}."


@pytest.mark.parametrize(
    ("question", "title", "answer"),
    [
        ("Docker on Windows?", "Docker on a Mac", "On Windows use WSL."),
        ("Docker on Windows?", "Docker on Windows and macOS", "Restart."),
        ("Docker on Windows or mac?", "Docker on a Mac", "Restart."),
        ("Docker on Windows?", "Docker does not start", "On a Mac, restart."),
        ("Docker does not start", "Docker on a Mac", "Restart."),
        ("When is homework 2 due?", "When is homework 2 due?", "May."),
        ("When is homework 2 due?", "When is homework due in week 3?", "May."),
        ("homework 02", "Homework 2", "May."),
        ("Is the machine macro-enabled?", "Windows settings", "Yes."),
        ("", "", ""),
    ],
)
def test_what_may_be_the_same_thing_is_not_told_apart(
    question: str, title: str, answer: str
) -> None:
    assert other_thing(question, title, answer) is None


@pytest.mark.parametrize("retrieval", [found(), found(evidence=NOTHING), found(confidence=0.1)])
async def test_embedded_judges_by_what_is_known(retrieval: Retrieval) -> None:
    judgement = await EmbeddedRelevance().judge(QUESTION, retrieval)

    assert judgement == judge_by_evidence(QUESTION, retrieval)


# By a cross-encoder


async def test_a_cross_encoder_decides_by_the_score_of_the_best_entry() -> None:
    scorer = FakeScorer(0.5, 0.4, 0.3, 0.2, 0.1)

    judgement = await CrossEncoderRelevance(scorer).judge(QUESTION, found(evidence=NOTHING))

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


@pytest.mark.parametrize("retrieval", [found(), found(evidence=NOTHING), found(elsewhere=True)])
async def test_when_the_cross_encoder_fails_what_is_known_decides(retrieval: Retrieval) -> None:
    judgement = await CrossEncoderRelevance(FakeScorer(fails=True)).judge(QUESTION, retrieval)

    assert judgement == judge_by_evidence(QUESTION, retrieval)


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

    judgement = await judged(script, found(evidence=NOTHING))

    assert judgement.verdict is Verdict.ANSWERS
    assert judgement.reader == "model phi"
    assert judgement.reason == "phi read the best entry: it answers the question."
    assert judgement.probability == judge_by_evidence(QUESTION, found(evidence=NOTHING)).probability


@pytest.mark.parametrize("text", ["no", "No.", "NO, it does not", "\n no"])
async def test_the_model_says_no(text: str) -> None:
    judgement = await judged(saying(text), found())

    assert judgement.verdict is Verdict.CLOSE
    assert judgement.reader == "model phi"
    assert judgement.reason == "phi read the best entry: it does not answer the question."


@pytest.mark.parametrize(
    "text", ["", "Maybe", "The entry says", "nothing", "yesterday", "NO_ANSWER"]
)
@pytest.mark.parametrize("evidence", [SURE, NOTHING], ids=["sure", "not sure"])
async def test_where_the_model_says_neither_what_is_known_decides(
    text: str, evidence: Evidence
) -> None:
    known = judge_by_evidence(QUESTION, found(evidence=evidence))

    judgement = await judged(saying(text), found(evidence=evidence))

    assert judgement.verdict is known.verdict
    assert judgement.probability == known.probability
    assert judgement.reader == EMBEDDED
    assert judgement.reason == f"phi said neither yes nor no. {known.reason}"


@pytest.mark.parametrize("error", [EngineDown, GenerationTimeout])
@pytest.mark.parametrize("evidence", [SURE, NOTHING], ids=["sure", "not sure"])
async def test_where_the_model_fails_what_is_known_decides(
    error: type[Exception], evidence: Evidence
) -> None:
    def fail(_: GenerationRequest) -> str:
        raise error

    judgement = await judged(saying(fail), found(evidence=evidence))

    assert judgement == judge_by_evidence(QUESTION, found(evidence=evidence))


async def test_the_model_is_asked_for_one_word_about_the_best_entry() -> None:
    script = saying("yes")

    await judged(script, found())

    (request,) = script.requests
    assert request.purpose is Purpose.JUDGE
    assert request.question == QUESTION.text
    assert request.documents == (FORM,)
    assert request.history == ()
    assert request.max_new_tokens == MAX_JUDGE_TOKENS


@pytest.mark.parametrize("evidence", [SURE, NOTHING], ids=["sure", "not sure"])
async def test_a_model_that_does_not_read_is_not_asked(evidence: Evidence) -> None:
    script = saying("yes", reads=False)

    judgement = await judged(script, found(evidence=evidence))

    assert script.requests == []
    assert judgement == judge_by_evidence(QUESTION, found(evidence=evidence))


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
