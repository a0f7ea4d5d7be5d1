"""The index stays as new as its source, and stops in the middle of anything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.answer.query_rewriting import context_of
from engine.corpus.corpus import Problem
from engine.errors import CorpusError
from engine.retrieval.retriever import FEW_TEXTS
from engine.types import Question, RetrievalMode, Turn
from tests.engine.retrieval.retriever_cases import (
    ALL,
    DOCKER,
    DUE,
    JOIN,
    FakeSource,
    corpus_of,
    ids,
    running,
)
from tests.fake_embedder import FakeEmbedder, other_languages
from tests.waits import until


async def test_an_embedder_that_cannot_start_leaves_the_words(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    embedder.refuses_to_start = "the Python package x is not installed"
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        found = await retriever.search(Question(text="docker"))

    assert found.matches
    assert retriever.mode is RetrievalMode.LEXICAL
    assert retriever.detail == "Words only, over 4 entries: the Python package x is not installed."


async def test_an_embedder_that_fails_on_a_question_leaves_the_words(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()
        embedder.fails = True

        found = await retriever.search(Question(text="docker"))

    assert found.mode is RetrievalMode.LEXICAL
    assert found.matches


async def test_without_vectors_it_says_that_they_are_off(tmp_path: Path) -> None:
    async with running(FakeSource(JOIN), tmp_path) as retriever:
        await retriever.settled()

        assert retriever.detail == "Words only, over 1 entry: vectors are switched off."


async def test_a_change_of_the_faq_is_found(tmp_path: Path, embedder: FakeEmbedder | None) -> None:
    source = FakeSource(JOIN, DOCKER)
    async with running(source, tmp_path, embedder) as retriever:
        await retriever.settled()
        source.put(corpus_of(JOIN, DUE))
        await source.was_read()

        added = await retriever.search(Question(text="When is the homework due?"))
        deleted = await retriever.search(Question(text="Docker does not start"))

    assert ids(added)[0] == "due"
    assert "docker" not in ids(deleted)


async def test_deleted_entries_go_before_a_lot_of_new_ones_has_vectors(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    source = FakeSource(JOIN, DOCKER)
    async with running(source, tmp_path, embedder) as retriever:
        await retriever.settled()
        embedder.may_encode.clear()
        many = [(f"n{n}", "a", f"Entry number {n}", "Text.") for n in range(FEW_TEXTS)]
        source.put(corpus_of(JOIN, *many))
        await until(lambda: retriever.mode is RetrievalMode.LEXICAL)

        found = await retriever.search(Question(text="Docker does not start"))
        embedder.may_encode.set()

    assert "docker" not in ids(found)


async def test_a_search_under_way_ends_with_the_index_it_began_with(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    source = FakeSource(JOIN, DOCKER)
    async with running(source, tmp_path, embedder) as retriever:
        await retriever.settled()
        embedder.may_encode.clear()
        async with asyncio.TaskGroup() as group:
            search = group.create_task(retriever.search(Question(text="Docker does not start")))
            await asyncio.sleep(0)
            source.put(corpus_of(DOCKER))  # its vectors are known: nothing to encode
            await source.was_read()
            size_meanwhile = len(retriever.corpus.documents) if retriever.corpus else 0
            embedder.may_encode.set()

    assert size_meanwhile == 1
    assert ids(search.result())[0] == "docker"


async def test_a_faq_that_turns_bad_leaves_the_last_good_one(tmp_path: Path) -> None:
    source = FakeSource(*ALL)
    async with running(source, tmp_path) as retriever:
        source.put(CorpusError("faq.json is not JSON."))
        await until(lambda: "not JSON" in retriever.detail)
        meanwhile = await retriever.search(Question(text="docker"))
        source.put(corpus_of(DUE))
        await until(lambda: "not JSON" not in retriever.detail)
        mended = await retriever.search(Question(text="homework"))

    assert meanwhile.matches
    assert ids(mended) == ["due"]


async def test_a_faq_that_cannot_be_read_at_first_is_empty_until_it_can(tmp_path: Path) -> None:
    source = FakeSource()
    source.next = CorpusError("There is no faq.json.")
    embedder = FakeEmbedder()
    async with running(source, tmp_path, embedder) as retriever:
        await retriever.settled()
        empty = retriever.corpus
        found = await retriever.search(Question(text="docker"))
        source.put(corpus_of(*ALL))
        await until(lambda: retriever.mode is RetrievalMode.HYBRID)

    assert empty is not None
    assert empty.documents == ()
    assert [problem.reason for problem in empty.problems] == ["There is no faq.json."]
    assert found.matches == ()
    assert "4 entries" in retriever.detail


async def test_problems_beside_unchanged_entries_are_shown(tmp_path: Path) -> None:
    source = FakeSource(*ALL)
    problem = Problem(source="b.json", reason="b.json is not JSON.")
    async with running(source, tmp_path) as retriever:
        source.put(corpus_of(*ALL, problems=[problem]))
        await source.was_read()

        assert retriever.corpus is not None
        assert retriever.corpus.problems == (problem,)


@pytest.mark.parametrize("waiting", ["english", "multilingual"])
async def test_stopping_in_the_middle_of_the_vectors_closes_the_embedders(
    tmp_path: Path, waiting: str
) -> None:
    encoders = {"english": FakeEmbedder("english"), "multilingual": other_languages()}
    encoders[waiting].may_encode.clear()
    english_waits = waiting == "english"
    one_sided = RetrievalMode.MULTILINGUAL if english_waits else RetrievalMode.HYBRID

    async with running(
        FakeSource(*ALL), tmp_path, encoders["english"], multilingual=encoders["multilingual"]
    ) as retriever:
        await until(lambda: encoders[waiting].started)
        await until(lambda: retriever.mode is one_sided)

    assert {name for name, one in encoders.items() if one.started and not one.closed} == set()


async def test_a_short_follow_up_is_read_in_the_light_of_the_question_before(
    tmp_path: Path, embedder: FakeEmbedder | None
) -> None:
    asked = Turn(question="Docker does not start", answer="Restart.")
    async with running(FakeSource(*ALL), tmp_path, embedder) as retriever:
        await retriever.settled()

        alone = await retriever.search(Question(text="and the machine?"))
        follow_up, thanks = [
            await retriever.search(one, context=context_of(one, retriever.title_of))
            for one in (
                Question(text="and the machine?", history=(asked,)),
                Question(text="thanks!", history=(asked,)),
            )
        ]

    assert ids(follow_up)[0] == "docker"
    assert follow_up.confidence > alone.confidence
    assert not thanks.covered
