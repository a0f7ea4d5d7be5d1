"""The real embedding model, from its package: what is not in test_embedder_contract.py."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from config.settings import CorpusSettings, RetrievalSettings
from engine.corpus.loader import CorpusLoader
from engine.retrieval.minilm import MiniLmEmbedder
from engine.retrieval.retriever import Retriever
from engine.types import Question, RetrievalMode

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embedder() -> AsyncIterator[MiniLmEmbedder]:
    embedder = MiniLmEmbedder()
    await embedder.start()
    yield embedder
    embedder.close()


async def test_vectors_tell_meaning_apart(embedder: MiniLmEmbedder) -> None:
    vectors = await embedder.encode(
        ["Can I still enrol?", "Is it too late to join the course?", "Docker runs out of memory"]
    )

    close, far = vectors[0] @ vectors[1], vectors[0] @ vectors[2]

    assert close > far + 0.3


async def test_loading_leaves_the_environment_for_the_engine_process(
    embedder: MiniLmEmbedder,
) -> None:
    assert "HF_HUB_OFFLINE" not in os.environ


async def test_meaning_finds_an_entry_without_a_shared_word(
    tmp_path: Path, embedder: MiniLmEmbedder
) -> None:
    faq = tmp_path / "faq.csv"
    faq.write_text(
        "question,answer\n"
        "Can I still join?,You may enrol at any time.\n"
        "Which computer do I need?,Any laptop will do.\n"
        "Where is the homework?,In the repository.\n"
    )
    loader = CorpusLoader(
        CorpusSettings(sources=(str(faq),)), cache_dir=tmp_path / "corpus", course_titles={}
    )
    retriever = Retriever(
        loader,
        RetrievalSettings(),
        refresh_s=3600,
        embedder_factory=MiniLmEmbedder,
        cache_dir=tmp_path / "vectors",
    )
    stop = asyncio.Event()

    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(stop))
        await retriever.settled()
        found = await retriever.search(Question(text="too late for registration"))
        stop.set()

    assert found.mode is RetrievalMode.HYBRID
    assert found.matches[0].document.question == "Can I still join?"
