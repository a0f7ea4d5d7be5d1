"""Which vectors are searched: other languages, and embedders that fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.retrieval.calibration import Claim, threshold
from engine.types import Question, RetrievalMode
from tests.engine.retrieval.retriever_cases import ALL, FakeSource, ids, running
from tests.fake_embedder import FakeEmbedder, other_languages


async def test_words_are_searched_while_the_vectors_are_being_made(tmp_path: Path) -> None:
    english, multilingual = FakeEmbedder("english"), other_languages()
    english.may_encode.clear()
    multilingual.may_encode.clear()
    async with running(FakeSource(*ALL), tmp_path, english, multilingual=multilingual) as retriever:
        found, details = [], []
        for wait in (retriever.ready, retriever.settled, retriever.complete):
            await wait()
            found.append(await retriever.search(Question(text="docker")))
            details.append(retriever.detail)
            (multilingual if english.may_encode.is_set() else english).may_encode.set()

    assert [one.mode for one in found] == [
        RetrievalMode.LEXICAL,
        RetrievalMode.HYBRID,
        RetrievalMode.ENSEMBLE,
    ]
    assert [one.gate for one in found] == [threshold(Claim.COVERED, one.mode) for one in found]
    assert details == [
        "Words only so far, over 4 entries: the vectors are not ready yet.",
        "Words and English vectors over 4 entries; the multilingual ones follow.",
        "Words and vectors over 4 entries.",
    ]


async def test_an_embedder_for_other_languages_that_cannot_start_leaves_the_english_one(
    tmp_path: Path,
) -> None:
    multilingual = other_languages()
    multilingual.refuses_to_start = "this processor lacks avx2"
    async with running(
        FakeSource(*ALL), tmp_path, FakeEmbedder(), multilingual=multilingual
    ) as retriever:
        await retriever.complete()

        found = await retriever.search(Question(text="docker"))

    assert found.mode is RetrievalMode.HYBRID
    assert retriever.mode is RetrievalMode.HYBRID
    assert retriever.detail == (
        "Words and English vectors over 4 entries: this processor lacks avx2."
    )


async def test_an_english_embedder_that_cannot_start_leaves_the_other_and_is_told(
    tmp_path: Path,
) -> None:
    english = FakeEmbedder("english")
    english.refuses_to_start = "the Python package torch is not installed"
    async with running(
        FakeSource(*ALL), tmp_path, english, multilingual=other_languages()
    ) as retriever:
        await retriever.complete()

        found = await retriever.search(Question(text="Docker does not start"))

    assert found.mode is RetrievalMode.MULTILINGUAL
    assert ids(found)[0] == "docker"
    assert found.covered
    assert "the Python package torch is not installed" in retriever.detail


@pytest.mark.parametrize("failing", ["english", "multilingual"])
async def test_an_embedder_that_fails_on_a_question_leaves_the_other(
    tmp_path: Path, failing: str
) -> None:
    encoders = {"english": FakeEmbedder("english"), "multilingual": other_languages()}
    async with running(
        FakeSource(*ALL), tmp_path, encoders["english"], multilingual=encoders["multilingual"]
    ) as retriever:
        await retriever.complete()
        encoders[failing].fails = True

        found = await retriever.search(Question(text="Docker does not start"))

    left = {"english": RetrievalMode.MULTILINGUAL, "multilingual": RetrievalMode.HYBRID}
    assert found.mode is left[failing]
    assert ids(found)[0] == "docker"
    assert found.gate == threshold(Claim.COVERED, found.mode)


async def test_a_question_in_another_language_is_searched_with_multilingual_vectors_only(
    tmp_path: Path,
) -> None:
    english, multilingual = FakeEmbedder("english"), other_languages()
    german = "Wie kann ich Docker auf der Maschine installieren?"
    async with running(FakeSource(*ALL), tmp_path, english, multilingual=multilingual) as retriever:
        await retriever.complete()

        found = await retriever.search(Question(text=german))

    assert found.mode is RetrievalMode.MULTILINGUAL
    assert (found.question_language, found.faq_language) == ("de", "en")
    assert german in multilingual.asked
    assert german not in english.encoded
    assert found.features is not None
    assert found.features.over_english == 0
    assert found.gate == threshold(Claim.COVERED, RetrievalMode.MULTILINGUAL)
    assert retriever.mode is RetrievalMode.ENSEMBLE


async def test_only_the_english_model_reads_a_question_with_its_typing_errors_mended(
    tmp_path: Path,
) -> None:
    english, multilingual = FakeEmbedder("english"), other_languages()
    async with running(FakeSource(*ALL), tmp_path, english, multilingual=multilingual) as retriever:
        await retriever.complete()

        await retriever.search(Question(text="Why does dokcer not start?"))

    assert "Why does dokcer not start?" in multilingual.asked
    assert "Why does docker not start?" in english.asked


GERMAN = (
    ("spaet", "a", "Kann ich später einsteigen?", "Ja, jederzeit bis zum Ende des Kurses."),
    ("docker", "a", "Docker startet nicht", "Starte den Rechner neu und installiere es nochmals."),
)


async def test_a_faq_in_another_language_needs_no_english_embedder(tmp_path: Path) -> None:
    english, multilingual = FakeEmbedder("english"), other_languages()
    async with running(
        FakeSource(*GERMAN), tmp_path, english, multilingual=multilingual
    ) as retriever:
        await retriever.complete()

        own = await retriever.search(Question(text="Kann ich noch später einsteigen?"))
        foreign = await retriever.search(Question(text="Can I still join the course later?"))

    assert english.encoded == []
    assert retriever.language == "de"
    assert retriever.mode is RetrievalMode.MULTILINGUAL
    assert retriever.detail == "Words and vectors over 2 entries."
    assert (own.mode, foreign.mode) == (RetrievalMode.MULTILINGUAL,) * 2
    assert (own.question_language, own.faq_language) == ("de", "de")
    assert (foreign.question_language, foreign.faq_language) == ("en", "de")
    assert ids(own)[0] == "spaet"


async def test_a_very_large_english_faq_gets_no_multilingual_vectors(
    tmp_path: Path,
) -> None:
    multilingual = other_languages()
    async with running(
        FakeSource(*ALL), tmp_path, FakeEmbedder(), multilingual=multilingual, many_entries=3
    ) as retriever:
        await retriever.complete()

        found = await retriever.search(Question(text="docker"))

    assert multilingual.encoded == []
    assert found.mode is RetrievalMode.HYBRID
    assert retriever.detail.startswith("Words and English vectors over 4 entries: ")
