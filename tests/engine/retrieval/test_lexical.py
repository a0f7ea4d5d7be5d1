"""Words find entries, through the real minsearch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from minsearch import Index

from engine.retrieval.lexical import BOOSTS, LexicalIndex, stemmer
from engine.types import Document


def entry(number: int, question: str, answer: str = "", section: str = "") -> Document:
    return Document(id=str(number), course="c", section=section, question=question, answer=answer)


ENTRIES = [
    entry(0, "How do I join late?", "You can start at any time.", "General"),
    entry(
        1, "Docker does not start", "Install Docker Desktop and restart the machine.", "Module 1"
    ),
    entry(2, "When is the homework due?", "On Mondays.", "General"),
]
INDEX = LexicalIndex(ENTRIES)


@pytest.mark.parametrize(
    ("text", "best"),
    [("joining later", 0), ("installed docker", 1), ("homeworks", 2), ("which monday", 2)],
)
def test_words_are_found_in_every_form(text: str, best: int) -> None:
    scores = INDEX.scores(text)

    assert int(scores.argmax()) == best
    assert scores[best] > 0


@pytest.mark.parametrize("text", ["", "?", "a b c", "zebra", "как", "dummy_term"])
def test_no_shared_word_scores_nothing(text: str) -> None:
    assert not INDEX.scores(text).any()


def test_unknown_words_lower_every_score() -> None:
    plain = INDEX.scores("install docker")

    with_strangers = INDEX.scores("install docker quickly beneath purple zebras")

    assert with_strangers[1] < plain[1] / 2


def test_the_cosine_is_what_minsearch_ranks_by() -> None:
    text = "when can I start docker and the homework"
    index: Index = INDEX._index

    ranked = index.search(text, boost_dict=BOOSTS, num_results=3, output_ids=True)

    ours = np.argsort(-INDEX._cosine(text), kind="stable")
    assert [hit["_id"] for hit in ranked] == ours.tolist()


@pytest.mark.parametrize(
    "entries",
    [[], [entry(0, "", "")], [entry(0, "?", "a"), entry(1, "docker", "")]],
    ids=["none", "empty", "nearly empty"],
)
def test_odd_corpora_can_be_searched(entries: list[Document]) -> None:
    scores = LexicalIndex(entries).scores("docker dummy_term")

    assert scores.shape == (len(entries),)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("language", ["fr", "it", "de"])
def test_several_threads_may_use_one_stemmer(language: str) -> None:
    words = [
        f"{start}{end}"
        for start in ("mang", "finiss", "arbeit", "parl", "chant", "x")
        for end in ("eraient", "ions", "ungen", "andomi", "", "a", "ement", "issimo", "erions")
    ] * 40
    alone = stemmer(language)
    expected = [alone(word) for word in words]
    shared = stemmer(language)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [shared(word) for word in words], range(24)))

    assert all(one == expected for one in found)
