"""Vectors are computed once and survive everything but a damaged file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EmbedderUnavailable
from engine.retrieval.background import Background
from engine.retrieval.vectors import BATCH, VectorStore, key_of
from tests.fake_embedder import FakeEmbedder, loaded

TEXTS = ["how do I join", "docker does not start", "when is it due"]


async def opened(folder: Path, embedder: FakeEmbedder) -> VectorStore:
    await embedder.start()
    store = VectorStore(folder, embedder)
    await store.open()
    return store


async def test_a_text_is_encoded_once_for_all_runs(tmp_path: Path) -> None:
    first = await (await opened(tmp_path, FakeEmbedder())).vectors_of(TEXTS)
    embedder = FakeEmbedder()

    store = await opened(tmp_path, embedder)
    again = await store.vectors_of(TEXTS)

    assert embedder.encoded == []
    assert store.missing(TEXTS) == {}
    assert all(np.array_equal(first[key], again[key]) for key in map(key_of, TEXTS))


async def test_only_new_texts_are_encoded_and_old_ones_forgotten(tmp_path: Path) -> None:
    await (await opened(tmp_path, FakeEmbedder())).vectors_of(TEXTS)
    embedder = FakeEmbedder()

    vectors = await (await opened(tmp_path, embedder)).vectors_of([TEXTS[0], "new"])

    assert embedder.encoded == ["new"]
    assert set(vectors) == {key_of(TEXTS[0]), key_of("new")}
    assert set((await opened(tmp_path, embedder)).missing(TEXTS).values()) == set(TEXTS[1:])


@pytest.mark.parametrize(
    "damage",
    [b"", b"nonsense", b"PK\x03\x04 cut off", "half", "other arrays", "pickle", "not of length 1"],
)
async def test_a_damaged_file_is_computed_again(tmp_path: Path, damage: bytes | str) -> None:
    await (await opened(tmp_path, FakeEmbedder())).vectors_of(TEXTS)
    file = tmp_path / "fake.npz"
    whole = file.read_bytes()
    keys = np.zeros((1, 20), dtype=np.uint8)
    match damage:
        case bytes():
            file.write_bytes(damage)
        case "half":
            file.write_bytes(whole[: len(whole) // 2])
        case "other arrays":
            np.savez(file, a=keys)
        case "pickle":
            np.savez(file, keys=keys, vectors=np.array([{}], dtype=object))
        case _:
            np.savez(file, keys=keys, vectors=np.zeros((1, 384), dtype=np.float32))
    embedder = FakeEmbedder()

    await (await opened(tmp_path, embedder)).vectors_of(TEXTS)

    assert set(embedder.encoded) == set(TEXTS)
    assert (await opened(tmp_path, embedder)).missing(TEXTS) == {}


async def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    vectors = await (await opened(tmp_path / "file", FakeEmbedder())).vectors_of(TEXTS)

    assert len(vectors) == len(TEXTS)


async def test_texts_are_encoded_in_small_batches(tmp_path: Path) -> None:
    sizes = []

    class Watched(FakeEmbedder):
        async def encode(self, texts, *, as_questions=False):  # type: ignore[no-untyped-def]
            sizes.append(len(texts))
            return await super().encode(texts, as_questions=as_questions)

    await (await opened(tmp_path, Watched())).vectors_of(f"text {n}" for n in range(3 * BATCH + 1))

    assert sizes == [BATCH, BATCH, BATCH, 1]


async def test_an_embedder_that_fails_is_reported(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    embedder.fails = True
    store = await opened(tmp_path, embedder)

    with pytest.raises(EmbedderUnavailable):
        await store.vectors_of(TEXTS)


def test_a_lone_surrogate_has_a_key() -> None:
    assert len(key_of("\ud800")) == 20


async def test_making_vectors_stands_back_while_somebody_is_answered(tmp_path: Path) -> None:
    background, embedder = Background(), await loaded()
    store = VectorStore(tmp_path, embedder, background=background)
    await store.open()

    with background.held_back():
        making = asyncio.ensure_future(store.vectors_of(["a text"]))
        for _ in range(20):
            await asyncio.sleep(0)
        held = making.done()

    assert not held
    assert len(await making) == 1


async def test_questions_and_entries_are_kept_apart(tmp_path: Path) -> None:
    embedder = await loaded()
    entries, questions = (
        VectorStore(tmp_path, embedder),
        VectorStore(tmp_path, embedder, as_questions=True),
    )
    for store in (entries, questions):
        await store.open()
    await entries.vectors_of(["an entry"])
    await questions.vectors_of(["a question"])

    again = [VectorStore(tmp_path, embedder), VectorStore(tmp_path, embedder, as_questions=True)]
    for store in again:
        await store.open()
    assert not again[0].missing(["an entry"])
    assert again[0].missing(["a question"])
    assert not again[1].missing(["a question"])
