"""The retriever finds the entries about a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import RetrievalSettings
from engine.retrieval.calibration import Claim, likelihood, threshold
from engine.types import Question, RetrievalMode
from tests.engine.retrieval.retriever_cases import ALL, FakeSource, ids, running
from tests.fake_embedder import FakeEmbedder


async def test_the_entry_about_the_question_comes_first(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        found = await retriever.search(Question(text="Can I join late?"))

    assert ids(found)[0] == "late"
    assert found.mode is (RetrievalMode.HYBRID if embedder else RetrievalMode.LEXICAL)
    assert found.features is not None
    assert found.confidence == round(likelihood(Claim.COVERED, found.mode, found.features), 4)
    assert found.gate == threshold(Claim.COVERED, found.mode)
    assert found.covered
    assert (found.question_language, found.faq_language) == ("en", "en")
    assert not found.elsewhere


async def test_only_the_course_of_the_question_is_searched(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        everywhere = await retriever.search(Question(text="docker"))
        in_b = await retriever.search(Question(text="docker", course="b"))

    assert {"docker", "compose"} <= set(ids(everywhere))
    assert set(ids(in_b)) <= {"compose", "due"}
    assert ids(in_b)[0] == "compose"


@pytest.mark.parametrize(
    "question",
    [
        Question(text=""),
        Question(text="?!"),
        Question(text="🙏🙏"),
        Question(text="docker", course="unknown"),
        Question(text="docker", course=""),
    ],
    ids=["empty", "punctuation", "emoji", "unknown course", "nameless course"],
)
async def test_nothing_to_search_for_or_in_finds_nothing(
    tmp_path: Path, embedder: FakeEmbedder | None, question: Question
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        found = await retriever.search(question)

    assert found.matches == ()
    assert found.confidence == 0
    assert not found.covered


@pytest.mark.parametrize("text", ["docker " * 150_000, "x" * 1_000_000, "é\u0301" * 500_000])
async def test_a_megabyte_is_cut_before_it_is_searched(
    tmp_path: Path, embedder: FakeEmbedder | None, text: str
) -> None:
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        await retriever.search(Question(text=text))

    assert all(len(text) <= 4000 for text in (embedder.encoded if embedder else []))


async def test_as_many_entries_come_as_are_asked_for(tmp_path: Path) -> None:
    settings = RetrievalSettings(num_results=1)
    async with running(FakeSource(*ALL), tmp_path, settings=settings) as retriever:
        usual = await retriever.search(Question(text="docker"))
        two = await retriever.search(Question(text="docker"), 2)
        none = await retriever.search(Question(text="docker"), 0)

    assert [len(found.matches) for found in (usual, two, none)] == [1, 2, 0]
