"""The FAQ itself tells how high a question about something else scores in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.corpus.corpus import Corpus
from engine.retrieval.background import Background
from engine.retrieval.dense import ENGLISH, MULTILINGUAL
from engine.retrieval.dense_encoder import DenseEncoder
from engine.retrieval.index import SearchIndex
from engine.retrieval.score_floor import (
    FEW_PROBES,
    LEFT_OUT,
    Floors,
    Probe,
    Setting,
    floors_of,
    probes,
)
from engine.retrieval.scoring import Levels, Signals
from engine.types import Document, RetrievalMode
from tests.fake_embedder import FakeEmbedder, other_languages

LANGUAGES = ("en", "de", "es", "fr", "pt", "ru")
LEXICAL = RetrievalMode.LEXICAL
ORDINARY = ("how", "do", "I", "cook", "the", "weather", "who", "won", "what", "best", "time", "day")


def lexical(*scores: float) -> Signals:
    return Signals(lexical=np.array(scores, dtype=np.float32))


def asked(language: str, scores: Sequence[Sequence[float]]) -> list[tuple[Probe, Signals]]:
    return [(Probe(language, f"probe {n}"), lexical(*own)) for n, own in enumerate(scores)]


def corpus_of(*documents: Document) -> Corpus:
    return Corpus(
        documents=documents,
        courses={document.course: document.course for document in documents},
        problems=(),
        version=str(len(documents)),
        loaded_at=datetime.now(UTC),
    )


def entries(course: str, number: int) -> list[Document]:
    """Entries whose questions are of words that probes hold too."""
    chosen = np.random.default_rng(number).choice(ORDINARY, (number, 4))
    return [
        Document(
            id=f"{course}{n}",
            course=course,
            section="",
            question=" ".join(words),
            answer=f"word{n} other{n}",
        )
        for n, words in enumerate(chosen.tolist())
    ]


async def index_of(
    folder: Path, corpus: Corpus, includes: dict[str, list[str]] | None = None
) -> SearchIndex:
    encoders = [
        DenseEncoder(lambda: FakeEmbedder("english"), ENGLISH, folder, Background()),
        DenseEncoder(other_languages, MULTILINGUAL, folder, Background()),
    ]
    english, multilingual = [await encoder.vectors_of(corpus) for encoder in encoders]
    return SearchIndex.of(corpus, english, multilingual, includes)


def test_there_are_probes_in_six_languages() -> None:
    for language in LANGUAGES:
        own = [probe for probe in probes() if probe.language == language]
        assert len(own) >= FEW_PROBES
    assert {probe.language for probe in probes()} == set(LANGUAGES)
    texts = [probe.text for probe in probes()]
    assert len(set(texts)) == len(texts)
    assert all(text.strip() == text != "" for text in texts)


def test_the_floor_is_the_mean_of_the_best_scores_without_the_highest() -> None:
    scores = [(n / 10, 0.0) for n in range(9)] + [(0.0, 50.0)]

    floors = floors_of(asked("en", scores), {None: np.arange(2)}, "en")

    assert LEFT_OUT == 0.5
    floor = floors[Setting(LEXICAL, None, True)]
    assert floor.combined == pytest.approx(0.2)
    assert floor.lexical == pytest.approx(0.2)
    assert (floor.english, floor.multilingual) == (0, 0)


def test_each_course_has_the_floor_of_its_own_entries() -> None:
    places = {None: np.arange(3), "a": np.array([0]), "b": np.array([1, 2])}

    floors = floors_of(asked("en", [(0.1, 0.2, 0.3)] * 10), places, "en")

    levels = [floors[Setting(LEXICAL, course, True)].lexical for course in (None, "a", "b")]
    assert levels == pytest.approx([0.3, 0.1, 0.3])


def test_a_course_without_entries_has_no_floor() -> None:
    places = {None: np.arange(1), "empty": np.arange(0)}

    floors = floors_of(asked("en", [(0.1,)] * 10), places, "en")

    assert {setting.course for setting in floors} == {None}


def test_a_question_in_another_language_has_a_floor_of_its_own() -> None:
    both = asked("de", [(0.4,)] * 10) + asked("en", [(0.1,)] * 10)

    german = floors_of(both, {None: np.arange(1)}, "de")

    assert german[Setting(LEXICAL, None, True)].lexical == pytest.approx(0.4)
    assert german[Setting(LEXICAL, None, False)].lexical == pytest.approx(0.1)


def test_a_faq_in_a_language_of_few_probes_is_measured_with_all_of_them() -> None:
    both = asked("ja", [(0.4,)] * (FEW_PROBES - 1)) + asked("en", [(0.1,)] * 93)

    floors = floors_of(both, {None: np.arange(1)}, "ja")

    assert floors[Setting(LEXICAL, None, True)].lexical == pytest.approx(0.1)
    assert floors[Setting(LEXICAL, None, False)].lexical == pytest.approx(0.1)


async def test_every_search_has_its_floor(tmp_path: Path) -> None:
    corpus = corpus_of(*entries("a", 3), *entries("b", 2))
    floors = (await index_of(tmp_path, corpus)).floors

    for mode in RetrievalMode:
        for course in (None, "a", "b"):
            for own_language in (True, False):
                assert Setting(mode, course, own_language) in floors


async def test_a_floor_counts_the_signals_of_its_mode(tmp_path: Path) -> None:
    floors = (await index_of(tmp_path, corpus_of(*entries("a", 5)))).floors

    def signals(mode: RetrievalMode) -> list[bool]:
        floor = floors[Setting(mode, None, True)]
        return [floor.lexical != 0, floor.english != 0, floor.multilingual != 0]

    assert signals(RetrievalMode.LEXICAL) == [True, False, False]
    assert signals(RetrievalMode.HYBRID) == [True, True, False]
    assert signals(RetrievalMode.MULTILINGUAL) == [True, False, True]
    assert signals(RetrievalMode.ENSEMBLE) == [True, True, True]


@pytest.mark.parametrize("mode", list(RetrievalMode))
async def test_the_more_entries_the_higher_the_floor(tmp_path: Path, mode: RetrievalMode) -> None:
    corpus = corpus_of(*entries("small", 5), *entries("middle", 50), *entries("rest", 500))
    index = await index_of(tmp_path, corpus, {"middle": ["small"]})

    def floor(floors: Floors, course: str | None) -> float:
        return floors[Setting(mode, course, True)].combined

    levels = [floor(index.floors, course) for course in ("small", "middle", None)]

    assert levels == sorted(set(levels))


async def test_a_faq_without_entries_has_no_floors() -> None:
    index = SearchIndex.of(corpus_of())

    assert index.floors == {}
    assert index.places_of(None).size == 0


async def test_a_course_that_includes_another_is_searched_with_it(tmp_path: Path) -> None:
    corpus = corpus_of(*entries("a", 2), *entries("b", 3))

    index = SearchIndex.of(corpus, includes={"a": ["b", "unknown"], "new": ["b"], "none": ["x"]})

    assert index.places_of("a").tolist() == [0, 1, 2, 3, 4]
    assert index.places_of("b").tolist() == [2, 3, 4]
    assert index.places_of("new").tolist() == [2, 3, 4]
    assert index.places_of("none").tolist() == []
    assert index.places_of("unknown").tolist() == []
    assert index.places_of(None).tolist() == [0, 1, 2, 3, 4]
    assert Setting(LEXICAL, "new", True) in index.floors
    assert Setting(LEXICAL, "none", True) not in index.floors


def test_levels_are_averaged_figure_by_figure() -> None:
    levels = [Levels(combined=1.0, lexical=2.0), Levels(combined=3.0, english=4.0)]

    mean = Levels.mean(levels)

    assert [getattr(mean, field.name) for field in fields(Levels)] == [2.0, 1.0, 2.0, 0.0]
