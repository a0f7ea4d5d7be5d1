"""Courtesy and complaints that no word list holds are told by their vectors, in any language."""

from __future__ import annotations

import pytest

from engine.retrieval.intent import IntentClassifier, examples, prototypes
from engine.retrieval.multilingual import E5Embedder
from engine.retrieval.retrieval import Intent
from engine.retrieval.vectors import key_of


async def intent_of(text: str) -> Intent:
    embedder = E5Embedder()
    try:
        await embedder.start()
        texts = [text for _, text in examples()]
        read = await embedder.encode(texts, as_questions=True)
        intents = IntentClassifier.of(dict(zip(map(key_of, texts), read, strict=True)))
        (vector,) = await embedder.encode([text], as_questions=True)
        return intents.intent_of(vector)
    finally:
        embedder.close()


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("grazie mille, ora funziona tutto", Intent.COURTESY),
        ("teşekkürler, yarın görüşürüz", Intent.COURTESY),
        ("non funziona, aiuto", Intent.VAGUE),
        ("it still does not work for me", Intent.VAGUE),
        ("how do I mount a bucket in the container", Intent.QUESTION),
        ("wann ist die Abgabe der zweiten Hausaufgabe", Intent.QUESTION),
        ("who won the football match yesterday", Intent.QUESTION),
    ],
)
async def test_a_message_is_told_by_what_it_is_close_to(text: str, intent: Intent) -> None:
    assert await intent_of(text) is intent


def test_every_manner_has_examples_in_several_languages() -> None:
    for intent in Intent:
        assert sum(own is intent for own, _ in prototypes()) >= 16
