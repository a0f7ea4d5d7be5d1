"""A follow-up is answered in the light of the entry just shown, and mostly by another one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import RetrievalSettings
from engine.answer.query_rewriting import context_of
from engine.corpus.corpus import Corpus
from engine.retrieval.index import SearchIndex
from engine.retrieval.retrieval import Retrieval
from engine.retrieval.retriever import Retriever
from engine.types import Document, Question, Turn
from tests.fake_embedder import FakeEmbedder
from tests.harness import ListCorpus
from tests.waits import within

ENTRIES = tuple(
    Document(id=id, course=course, section="", question=question, answer=answer)
    for id, course, question, answer in (
        ("pump", "garden", "How do I start the pump?", "Turn the brass key to the left."),
        (
            "pump-hand",
            "garden",
            "Can the pump be moved by hand?",
            "Yes, with the crank that hangs beside it.",
        ),
        ("gate-hand", "garden", "Can the gate be moved by hand?", "Yes, lift it off its hook."),
        ("valve", "garden", "The valve is stuck", "Pour some oil over the thread."),
        ("choir", "music", "When does the choir sing?", "On Sunday mornings at ten."),
    )
)
CORPUS = Corpus(
    documents=ENTRIES,
    courses={"garden": "Garden", "music": "Music"},
    problems=(),
    version="1",
    loaded_at=datetime(2026, 11, 29, tzinfo=UTC),
)


@asynccontextmanager
async def running(folder: Path, embedder: FakeEmbedder | None) -> AsyncIterator[Retriever]:
    retriever = Retriever(
        ListCorpus(ENTRIES),
        RetrievalSettings(),
        refresh_s=3600,
        embedder_factory=(lambda: embedder) if embedder else None,
        cache_dir=folder,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(stop))
        try:
            await within(retriever.complete())
            yield retriever
        finally:
            stop.set()


@pytest.fixture(params=[False, True], ids=["words", "words and vectors"])
async def retriever(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Retriever]:
    async with running(tmp_path, FakeEmbedder() if request.param else None) as running_one:
        yield running_one


def turn(id: str) -> Turn:
    entry = next(entry for entry in ENTRIES if entry.id == id)
    return Turn(question="?", answer=entry.answer, entry_ids=(id,))


async def search(retriever: Retriever, question: Question) -> Retrieval:
    return await retriever.search(question, context=context_of(question, retriever.title_of))


async def ids(retriever: Retriever, text: str, *history: Turn) -> list[str]:
    found = await search(retriever, Question(text=text, course="garden", history=history))
    return [match.document.id for match in found.matches]


async def test_what_was_shown_before_tells_what_is_meant(retriever: Retriever) -> None:
    after_pump = await ids(retriever, "and by hand?", turn("pump"))

    assert after_pump[0] == "pump-hand"


async def test_the_question_counts_more_than_what_was_shown(retriever: Retriever) -> None:
    assert (await ids(retriever, "and if the valve is stuck?", turn("pump")))[0] == "valve"


async def test_the_entry_just_shown_gives_way_to_another_that_is_as_close(
    retriever: Retriever,
) -> None:
    found = await ids(retriever, "moved by hand", turn("pump-hand"))

    assert set(found[:2]) == {"pump-hand", "gate-hand"}
    again = await ids(retriever, "what else moves by hand?", turn("gate-hand"))
    assert again[0] == "pump-hand"


async def test_a_follow_up_whose_own_words_the_faq_lacks_is_about_what_was_shown(
    retriever: Retriever,
) -> None:
    alone = await retriever.search(Question(text="why so?", course="garden"))
    after = await search(
        retriever, Question(text="why so?", course="garden", history=(turn("valve"),))
    )

    assert not alone.covered
    assert [match.document.id for match in after.matches[:1]] == ["valve"]


async def test_an_entry_that_is_gone_disturbs_nobody(retriever: Retriever) -> None:
    gone = Turn(question="How do I start the pump?", answer="x", entry_ids=("removed",))

    assert set((await ids(retriever, "and by hand?", gone))[:2]) == {"pump", "pump-hand"}


async def test_thanks_after_an_answer_are_searched_for_alone(retriever: Retriever) -> None:
    def scores(found: Retrieval) -> list[float]:
        return [match.score for match in found.matches]

    alone = await retriever.search(Question(text="thanks!"))
    after = await search(retriever, Question(text="thanks!", history=(turn("pump"),)))

    assert scores(after) == scores(alone)


# What the index knows of an entry by its id


def test_documents_are_found_by_their_ids_in_their_order() -> None:
    index = SearchIndex.of(CORPUS)

    assert index.places_of_ids(["valve", "pump", "valve", "removed"]) == [0, 3]
    assert index.places_of_ids([]) == []
    assert index.places_of_ids({"removed"}) == []


def test_the_title_of_an_entry_is_known_by_its_id() -> None:
    index = SearchIndex.of(CORPUS)

    assert index.title_of("valve") == "The valve is stuck"
    assert index.title_of("removed") is None
    assert index.title_of("") is None
