"""The real multilingual embedding model: what is not in test_embedder_contract.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

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


async def test_what_stands_behind_a_zero_byte_is_read(embedder: E5Embedder) -> None:
    vectors = await embedder.encode(["docker\x00certificate", "docker certificate", "docker"])

    assert vectors[0] @ vectors[1] == pytest.approx(1, abs=1e-4)
    assert vectors[0] @ vectors[2] < 0.9999


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
