"""Other ways to ask a question are searched; nobody is shown them, and they prove nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.answer.relevance import CrossEncoderRelevance, judge_by_features
from engine.grounding.grounded_text import GroundedText
from engine.models.catalog import PromptStyle
from engine.retrieval.dense import ENGLISH, MULTILINGUAL, DenseIndex, Space
from engine.retrieval.lexical import LexicalIndex
from engine.retrieval.vectors import VectorStore
from engine.types import Document, Match, Question, Source, Verdict
from tests.engine.answer.relevance_cases import found
from tests.engine.answer.test_relevance_readers import FakeScorer
from tests.engine.prompt_cases import STYLES, fitted, request, text_of
from tests.engine.retrieval.retriever_cases import ALL, FakeSource, corpus_of, running
from tests.fake_embedder import FakeEmbedder, loaded


def entry(question: str, answer: str, *phrasings: str) -> Document:
    return Document(
        id=question, course="c", section="", question=question, answer=answer, phrasings=phrasings
    )


REFUND = entry(
    "How are refunds handled?",
    "Write to the office.",
    "Do I get my money back?",
    "Is cancelling possible on 31 May for 500 euros?",
)
LATE = entry("Can I join late?", "Yes, at any time.")
DOCKER = entry("Docker does not start", "Restart the machine.")


def test_the_words_of_a_phrasing_find_its_entry() -> None:
    index = LexicalIndex([LATE, REFUND, DOCKER])

    assert index.scores("money back").argmax() == 1
    assert not LexicalIndex([LATE, replace(REFUND, phrasings=())]).scores("money back").any()


def test_a_phrasing_counts_as_much_as_if_it_were_the_question() -> None:
    text = "Do I get my money back?"
    phrased = LexicalIndex([LATE, REFUND, DOCKER])
    titled = LexicalIndex([LATE, replace(REFUND, question=text, phrasings=()), DOCKER])

    assert phrased.overlap(text, 1).in_title == titled.overlap(text, 1).in_title == 1
    assert phrased.scores(text)[1] > 0.8 * titled.scores(text)[1]


@pytest.mark.parametrize("space", [ENGLISH, MULTILINGUAL], ids=["english", "multilingual"])
async def test_the_vector_of_a_phrasing_finds_its_entry(tmp_path: Path, space: Space) -> None:
    documents = [LATE, REFUND, DOCKER]
    store = VectorStore(tmp_path, await loaded())
    texts = [text for document in documents for own in space.texts_of(document) for text in own]
    index = DenseIndex(documents, await store.vectors_of(texts), space)

    (query,) = await (await loaded()).encode(["Do I get my money back?"])

    assert index.scores(query).argmax() == 1
    assert index.title_score(query, 1) >= 1
    assert np.argmax(index.likeness([0, 1, 2])) == 0


async def test_the_retriever_searches_phrasings_with_words_and_vectors(tmp_path: Path) -> None:
    source = FakeSource(*ALL)
    corpus = corpus_of(*ALL)
    source.next = replace(corpus, documents=(*corpus.documents, REFUND))

    async with running(source, tmp_path, FakeEmbedder()) as retriever:
        await retriever.complete()
        retrieval = await retriever.search(Question(text="Do I get my money back?"))

    assert retrieval.matches[0].document.id == REFUND.id
    assert retrieval.features is not None
    assert retrieval.features.in_title == 1


def test_without_phrasings_a_document_is_read_as_before() -> None:
    questions, passages = ENGLISH.texts_of(LATE)

    assert [*questions, *passages] == ENGLISH.passages(LATE)


@pytest.mark.parametrize("style", STYLES)
def test_no_phrasing_reaches_a_model_or_a_reader(style: PromptStyle) -> None:
    prompt = fitted(request(REFUND), style).prompt
    source = Source.of(Match(document=REFUND, score=1))

    assert "refunds" in text_of(prompt)
    assert "money back" not in text_of(prompt)
    assert (source.title, source.excerpt) == (REFUND.question, "")


@pytest.mark.parametrize(
    "says",
    ["Cancelling is possible on 31 May.", "You get 500 euros back.", "The fee is 500 euros."],
)
def test_what_only_a_phrasing_says_is_not_shown(says: str) -> None:
    grounded = GroundedText([REFUND], "How do I cancel?")

    grounded.feed(f"Write to the office. {says}")
    grounded.finish()

    assert grounded.text == "Write to the office."


async def test_who_judges_reads_the_other_phrasings_too() -> None:
    asked = Question(text="How do I install it on a Mac?")
    windows = entry("How do I install it on Windows?", "Open the installer.")
    both = replace(windows, phrasings=("How do I install it on macOS?",))
    scorer = FakeScorer(0.9)

    await CrossEncoderRelevance(scorer).judge(asked, found(both))

    assert "Windows" in judge_by_features(asked, found(windows)).reason
    assert judge_by_features(asked, found(both)).verdict is Verdict.ANSWERS
    assert "macOS?\nOpen the installer." in scorer.read[0][1][0]
