"""What every Embedder must do: run on the fakes and on the real models, which need no network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
import pytest_asyncio

from engine.errors import EmbedderUnavailable
from engine.retrieval.embedder import Embedder
from engine.retrieval.minilm import MiniLmEmbedder
from engine.retrieval.multilingual import E5Embedder
from tests.fake_embedder import FakeEmbedder, other_languages

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIDTH = 384
JOIN = "Can I still join the course?"
LATE = "Is it too late to join the course?"
DOCKER = "Docker runs out of memory"
EACH: dict[str, Callable[[], Embedder]] = {
    "fake": FakeEmbedder,
    "fake of other languages": other_languages,
    "MiniLM": MiniLmEmbedder,
    "e5": E5Embedder,
}


@pytest.fixture(scope="module", params=EACH.values(), ids=EACH)
def make(request: pytest.FixtureRequest) -> Callable[[], Embedder]:
    made: Callable[[], Embedder] = request.param
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embedder(make: Callable[[], Embedder]) -> AsyncIterator[Embedder]:
    embedder = make()
    await embedder.start()
    yield embedder
    embedder.close()


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[other_languages, E5Embedder],
    ids=["fake of other languages", "e5"],
)
async def multilingual(request: pytest.FixtureRequest) -> AsyncIterator[Embedder]:
    embedder: Embedder = request.param()
    await embedder.start()
    yield embedder
    embedder.close()


@pytest.mark.parametrize("as_questions", [True, False], ids=["questions", "entries"])
async def test_each_text_has_a_vector_of_length_1(embedder: Embedder, as_questions: bool) -> None:
    vectors = await embedder.encode([JOIN, DOCKER, "short"], as_questions=as_questions)

    assert vectors.shape == (3, WIDTH)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


async def test_nothing_has_no_vectors(embedder: Embedder) -> None:
    vectors = await embedder.encode([])

    assert len(vectors) == 0
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("as_questions", [True, False], ids=["question", "entry"])
@pytest.mark.parametrize(
    "text",
    ["", " ", "🙏", "wort " * 300, "x" * 4000, "\ud800", "a\ud800b", "\x00", "a\x00b", "\x00" * 9],
    ids=range(10),
)
async def test_odd_texts_have_a_vector(embedder: Embedder, text: str, as_questions: bool) -> None:
    vectors = await embedder.encode(["plain", text, "plain"], as_questions=as_questions)

    assert vectors.shape == (3, WIDTH)
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert np.allclose(vectors[0], vectors[2], atol=1e-4)


async def test_a_text_has_the_same_vector_again_and_in_any_company(embedder: Embedder) -> None:
    texts = [JOIN, LATE, DOCKER]
    expected = await embedder.encode(texts)

    again = await embedder.encode(texts)
    backwards = await embedder.encode(texts[::-1])
    alone = [await embedder.encode([text]) for text in texts]

    assert np.array_equal(again, expected)
    assert np.allclose(backwards[::-1], expected, atol=1e-4)
    assert np.allclose(np.concatenate(alone), expected, atol=1e-4)


async def test_calls_at_the_same_time_each_get_their_own(embedder: Embedder) -> None:
    texts = [f"question number {n}" for n in range(6)]
    expected = await embedder.encode(texts)

    alone = await asyncio.gather(*(embedder.encode([text]) for text in texts))

    assert np.allclose(np.concatenate(alone), expected, atol=1e-4)


async def test_texts_about_one_thing_are_closer_than_others(embedder: Embedder) -> None:
    join, late, docker = await embedder.encode([JOIN, LATE, DOCKER])

    assert join @ late > join @ docker + 0.03
    assert join @ late < 0.9999


async def test_a_model_for_other_languages_holds_all_texts_for_close(
    multilingual: Embedder,
) -> None:
    join, docker = await multilingual.encode([JOIN, DOCKER])

    assert 0.7 < join @ docker < 0.9


async def test_a_model_that_is_not_loaded_says_so(make: Callable[[], Embedder]) -> None:
    with pytest.raises(EmbedderUnavailable, match="not loaded"):
        await make().encode(["text"])


async def test_one_that_was_closed_is_unavailable_and_may_be_closed_again(
    make: Callable[[], Embedder],
) -> None:
    embedder = make()
    await embedder.start()
    embedder.close()
    embedder.close()

    with pytest.raises(EmbedderUnavailable):
        await embedder.encode(["text"])


async def test_each_model_has_a_name_of_its_own() -> None:
    names = {made().name for made in EACH.values()}

    assert len(names) == len(EACH)
    assert all(names)
