"""The real embedding model, from its package."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from config.settings import CorpusSettings, RetrievalSettings
from engine.corpus.loader import CorpusLoader
from engine.errors import EmbedderUnavailable
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

    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert close > far + 0.3


async def test_calls_at_the_same_time_each_get_their_own(embedder: MiniLmEmbedder) -> None:
    texts = [f"question number {n}" for n in range(6)]
    expected = await embedder.encode(texts)

    alone = await asyncio.gather(*(embedder.encode([text]) for text in texts))

    assert np.allclose(np.concatenate(alone), expected, atol=1e-4)


@pytest.mark.parametrize("text", ["", "🙏", "x" * 4000, "\ud800", "\x00"])
async def test_odd_texts_have_a_vector(embedder: MiniLmEmbedder, text: str) -> None:
    vectors = await embedder.encode([text])

    assert np.isfinite(vectors).all()


async def test_loading_leaves_the_environment_for_the_engine_process(
    embedder: MiniLmEmbedder,
) -> None:
    assert "HF_HUB_OFFLINE" not in os.environ


async def test_a_model_that_is_not_loaded_says_so() -> None:
    with pytest.raises(EmbedderUnavailable, match="not loaded"):
        await MiniLmEmbedder().encode(["text"])


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
