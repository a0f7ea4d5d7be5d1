"""Whether the best entry answers, judged by what is known without reading."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.answer.mismatch import other_thing
from engine.answer.relevance import (
    EMBEDDED,
    EmbeddedRelevance,
    answers_another_question,
    judge_by_features,
)
from engine.retrieval.calibration import Claim, likelihood, threshold
from engine.retrieval.retrieval import Features, Retrieval
from engine.types import Question, RetrievalMode, Verdict
from tests.engine.answer.relevance_cases import NOTHING, QUESTION, SURE, entry, found

MODES = list(RetrievalMode)


# By what is known without reading


@pytest.mark.parametrize("mode", MODES)
def test_an_entry_that_is_surely_meant_answers(mode: RetrievalMode) -> None:
    judgement = judge_by_features(QUESTION, found(mode=mode))

    assert judgement.verdict is Verdict.ANSWERS
    assert judgement.probability == round(likelihood(Claim.ANSWERED, mode, SURE), 4)
    assert judgement.probability >= threshold(Claim.ANSWERED, mode)
    assert judgement.reader == EMBEDDED
    assert mode.value in judgement.reason


@pytest.mark.parametrize("mode", MODES)
def test_an_entry_that_is_not_surely_meant_is_close(mode: RetrievalMode) -> None:
    judgement = judge_by_features(QUESTION, found(features=NOTHING, mode=mode))

    assert judgement.verdict is Verdict.CLOSE
    assert judgement.probability is not None
    assert judgement.probability < threshold(Claim.ANSWERED, mode)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_below_the_gate_is_no_answer_however_sure_the_best_entry(
    mode: RetrievalMode,
) -> None:
    judgement = judge_by_features(QUESTION, found(confidence=0.2399, mode=mode))

    assert judgement.verdict is Verdict.NO
    assert judgement.probability == 0
    assert "0.24" in judgement.reason


def test_nothing_found_is_no_answer() -> None:
    nothing = Retrieval(matches=(), mode=RetrievalMode.LEXICAL, gate=0.2, confidence=0.0)

    assert judge_by_features(QUESTION, nothing).verdict is Verdict.NO


def test_what_only_other_courses_have_is_never_the_answer() -> None:
    judgement = judge_by_features(QUESTION, found(elsewhere=True))

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
    "features",
    [replace(SURE, title=0.54), replace(SURE, in_title=0.59)],
    ids=["another question", "other words"],
)
def test_the_yes_or_no_to_another_question_is_never_the_answer(
    answer: str, features: Features
) -> None:
    retrieval = found(entry("Can I hand in late?", answer), features=features)

    judgement = judge_by_features(QUESTION, retrieval)

    assert answers_another_question(retrieval)
    assert judgement.verdict is Verdict.CLOSE
    assert "yes or no to another question" in judgement.reason


@pytest.mark.parametrize("answer", FOREIGN)
def test_the_yes_or_no_to_the_same_question_is_the_answer(answer: str) -> None:
    retrieval = found(entry(QUESTION.text, answer))

    assert not answers_another_question(retrieval)
    assert judge_by_features(QUESTION, retrieval).verdict is Verdict.ANSWERS


@pytest.mark.parametrize(
    "answer",
    ["Yesterday's form.", "Nobody knows.", "Note the date.", "Simply fill it in.", "Dates: Да."],
)
def test_a_word_that_only_begins_like_a_yes_is_none(answer: str) -> None:
    retrieval = found(entry("Can I hand in late?", answer), features=replace(SURE, title=0.0))

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
    judgement = judge_by_features(Question(text=question), found(entry(title, answer)))

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


@pytest.mark.parametrize("retrieval", [found(), found(features=NOTHING), found(confidence=0.1)])
async def test_embedded_judges_by_what_is_known(retrieval: Retrieval) -> None:
    judgement = await EmbeddedRelevance().judge(QUESTION, retrieval)

    assert judgement == judge_by_features(QUESTION, retrieval)
