"""Vectors find entries, and the end of a long answer as well as its start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.retrieval.dense import (
    ENGLISH,
    MAX_CHARS,
    MAX_WINDOWS,
    MULTILINGUAL,
    WHOLE,
    WINDOW,
    DenseIndex,
    Space,
    beginning,
    windows,
)
from engine.retrieval.vectors import VectorStore, key_of
from engine.types import Document
from tests.fake_embedder import loaded


def entry(answer: str, question: str = "title") -> Document:
    return Document(id=question, course="c", section="", question=question, answer=answer)


@pytest.mark.parametrize("length", [WHOLE + 1, 200, 210, 211, 500, 1000])
def test_windows_hold_every_word_of_a_long_answer(length: int) -> None:
    words = [f"w{n}" for n in range(length)]

    parts = [text.split()[1:] for text in windows(entry(" ".join(words)))[2:]]

    assert [word for word in words if not any(word in part for part in parts)] == []
    assert all(len(part) <= WINDOW for part in parts)
    assert parts[-1] != parts[-2][-len(parts[-1]) :]


def test_a_short_answer_is_read_whole() -> None:
    assert windows(entry("short answer")) == ["title", "title short answer"]
    assert beginning(entry("short answer")) == ["title", "title short answer"]


def test_a_book_has_a_bounded_number_of_windows() -> None:
    assert len(windows(entry("word " * 100_000))) == MAX_WINDOWS + 2


def test_only_the_beginning_of_a_book_is_read_by_the_multilingual_model() -> None:
    title, whole = beginning(entry("word " * 100_000))

    assert title == "title"
    assert len(whole) == MAX_CHARS
    assert whole.startswith("title word word")


async def test_the_closest_passage_of_each_document_counts(tmp_path: Path) -> None:
    filler = " ".join(f"filler{n}" for n in range(300))
    documents = [
        entry("short answer", "first"),
        entry(f"{filler} kafka broker down", "second"),
        entry("other words", "third"),
    ]
    store = VectorStore(tmp_path, await loaded())
    vectors = await store.vectors_of(t for d in documents for t in windows(d))
    index = DenseIndex(documents, vectors, ENGLISH)

    queries = await (await loaded()).encode(["first short answer", "kafka broker down", "third"])
    scores = np.stack([index.scores(query) for query in queries])

    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    assert scores.dtype == np.float32
    assert scores.max() <= 1.001


@pytest.mark.parametrize("space", [ENGLISH, MULTILINGUAL], ids=["english", "multilingual"])
async def test_scores_run_from_unrelated_texts_to_equal_ones(tmp_path: Path, space: Space) -> None:
    low, high = space.spread
    document = entry("", "title")
    texts = space.passages(document)
    equal, across = np.eye(2, dtype=np.float32)
    index = DenseIndex([document], {key_of(text): equal for text in texts}, space)

    def at(cosine: float) -> float:
        query = cosine * equal + np.sqrt(1 - cosine**2) * across
        return float(index.scores(query.astype(np.float32))[0])

    assert at(low) == pytest.approx(0, abs=1e-5)
    assert at(high) == pytest.approx(1, abs=1e-5)
    assert index.title_score(high * equal, 0) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("space", [ENGLISH, MULTILINGUAL], ids=["english", "multilingual"])
async def test_entries_are_alike_that_say_the_same(tmp_path: Path, space: Space) -> None:
    documents = [
        entry("restart docker now", "one"),
        entry("now restart docker", "one"),
        entry("kafka broker", "two"),
    ]
    store = VectorStore(tmp_path, await loaded())
    vectors = await store.vectors_of(t for d in documents for t in space.passages(d))

    first, same, other = DenseIndex(documents, vectors, space).likeness([0, 1, 2])

    assert first == pytest.approx(1, abs=1e-4)
    assert same == pytest.approx(1, abs=1e-4)
    assert other < 0.5
