"""Vectors find entries, and the end of a long answer as well as its start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.retrieval.dense import MAX_WINDOWS, WHOLE, WINDOW, DenseIndex, passages
from engine.retrieval.vectors import VectorStore
from engine.types import Document
from tests.fake_embedder import FakeEmbedder


def entry(answer: str, question: str = "title") -> Document:
    return Document(id=question, course="c", section="", question=question, answer=answer)


@pytest.mark.parametrize("length", [WHOLE + 1, 200, 210, 211, 500, 1000])
def test_windows_hold_every_word_of_a_long_answer(length: int) -> None:
    words = [f"w{n}" for n in range(length)]

    windows = [text.split()[1:] for text in passages(entry(" ".join(words)))[2:]]

    assert [word for word in words if not any(word in window for window in windows)] == []
    assert all(len(window) <= WINDOW for window in windows)
    assert windows[-1] != windows[-2][-len(windows[-1]) :]


def test_a_short_answer_is_read_whole() -> None:
    assert passages(entry("short answer")) == ["title", "title short answer"]


def test_a_book_has_a_bounded_number_of_windows() -> None:
    assert len(passages(entry("word " * 100_000))) == MAX_WINDOWS + 2


async def test_the_closest_passage_of_each_document_counts(tmp_path: Path) -> None:
    filler = " ".join(f"filler{n}" for n in range(300))
    documents = [
        entry("short answer", "first"),
        entry(f"{filler} kafka broker down", "second"),
        entry("other words", "third"),
    ]
    store = VectorStore(tmp_path, FakeEmbedder())
    vectors = await store.vectors_of(t for d in documents for t in passages(d))
    index = DenseIndex(documents, vectors)

    queries = await FakeEmbedder().encode(["first short answer", "kafka broker down", "third"])
    scores = np.stack([index.scores(query) for query in queries])

    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    assert scores.dtype == np.float32
    assert scores.max() <= 1.001
