"""The real multilingual embedding model, from its package."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from engine.errors import EmbedderUnavailable
from engine.retrieval.multilingual import E5Embedder, _refuse_old_processor

pytestmark = pytest.mark.asyncio(loop_scope="module")

CERTIFICATE = "How do I get a certificate? Finish the project and review three of your peers."
DOCKER = "Docker does not start. Restart the machine and install Docker again."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embedder() -> AsyncIterator[E5Embedder]:
    embedder = E5Embedder()
    await embedder.start()
    yield embedder
    embedder.close()


@pytest.mark.parametrize("as_questions", [True, False], ids=["questions", "entries"])
async def test_each_text_has_a_vector_of_length_1(embedder: E5Embedder, as_questions: bool) -> None:
    vectors = await embedder.encode([CERTIFICATE, DOCKER, "short"], as_questions=as_questions)

    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


async def test_a_question_is_read_in_another_way_than_an_entry(embedder: E5Embedder) -> None:
    (question,) = await embedder.encode([CERTIFICATE], as_questions=True)
    (entry,) = await embedder.encode([CERTIFICATE])

    assert 0.8 < question @ entry < 0.9999


@pytest.mark.parametrize(
    ("question", "entry"),
    [
        ("Wie bekomme ich ein Zertifikat?", 0),
        ("Docker startet bei mir nicht", 1),
        ("¿Cómo consigo el certificado?", 0),
        ("Docker ne démarre pas", 1),
        ("Como faço para receber o certificado?", 0),
        ("Как получить сертификат?", 0),
    ],
)
async def test_an_english_entry_is_found_from_other_languages(
    embedder: E5Embedder, question: str, entry: int
) -> None:
    (asked,) = await embedder.encode([question], as_questions=True)
    entries = await embedder.encode([CERTIFICATE, DOCKER])

    assert int((entries @ asked).argmax()) == entry


@pytest.mark.parametrize(
    "text",
    ["", " ", "🙏", "wort " * 300, "\ud800", "a\ud800b", "\x00", "a\x00b", "\x00" * 9],
    ids=range(9),
)
@pytest.mark.parametrize("as_questions", [True, False], ids=["question", "entry"])
async def test_odd_texts_have_a_vector(embedder: E5Embedder, text: str, as_questions: bool) -> None:
    vectors = await embedder.encode(["plain", text, "plain"], as_questions=as_questions)

    assert vectors.shape == (3, 384)
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert np.allclose(vectors[0], vectors[2], atol=1e-4)


async def test_what_stands_behind_a_zero_byte_is_read(embedder: E5Embedder) -> None:
    vectors = await embedder.encode(["docker\x00certificate", "docker certificate", "docker"])

    assert vectors[0] @ vectors[1] == pytest.approx(1, abs=1e-4)
    assert vectors[0] @ vectors[2] < 0.9999


async def test_nothing_has_no_vectors(embedder: E5Embedder) -> None:
    assert len(await embedder.encode([])) == 0


async def test_calls_at_the_same_time_each_get_their_own(embedder: E5Embedder) -> None:
    texts = [f"Frage Nummer {n}" for n in range(6)]
    expected = await embedder.encode(texts)

    alone = await asyncio.gather(*(embedder.encode([text]) for text in texts))

    assert np.allclose(np.concatenate(alone), expected, atol=1e-4)


async def test_a_model_that_is_not_loaded_says_so() -> None:
    with pytest.raises(EmbedderUnavailable, match="not loaded"):
        await E5Embedder().encode(["text"])


FLAGS = "processor\t: 0\nmodel name\t: Any\nflags\t\t: fpu sse4_2 {}\n"


@pytest.mark.parametrize(
    ("flags", "lacks"),
    [("avx fma", "avx2"), ("avx2", "fma"), ("avx", "avx2 and fma"), ("avx2x fma4", "avx2 and fma")],
)
async def test_a_processor_that_would_end_the_process_is_refused(
    tmp_path: Path, flags: str, lacks: str
) -> None:
    cpu_info = tmp_path / "cpuinfo"
    cpu_info.write_text(FLAGS.format(flags))

    with pytest.raises(EmbedderUnavailable) as refused:
        _refuse_old_processor("x86_64", cpu_info)

    assert str(refused.value) == (
        f"this processor lacks {lacks}, which the multilingual embedding model needs"
    )


@pytest.mark.parametrize("machine", ["x86_64", "AMD64"])
async def test_a_processor_that_can_or_that_cannot_be_told_is_not_refused(
    tmp_path: Path, machine: str
) -> None:
    cpu_info = tmp_path / "cpuinfo"
    cpu_info.write_text(FLAGS.format("avx2 fma"))

    _refuse_old_processor(machine, cpu_info)
    _refuse_old_processor(machine, tmp_path / "nowhere")


@pytest.mark.parametrize("machine", ["aarch64", "arm64"])
async def test_a_processor_of_another_kind_is_not_refused(tmp_path: Path, machine: str) -> None:
    cpu_info = tmp_path / "cpuinfo"
    cpu_info.write_text("Features\t: fp asimd\n")

    _refuse_old_processor(machine, cpu_info)
