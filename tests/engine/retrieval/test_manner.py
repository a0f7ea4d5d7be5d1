"""Courtesy and complaints that no word list holds are told by their vectors, in any language."""

from __future__ import annotations

import pytest

from engine.retrieval.manner import Manners, examples, prototypes
from engine.retrieval.multilingual import E5Embedder
from engine.retrieval.vectors import key_of
from engine.types import Manner


async def manner_of(text: str) -> Manner:
    embedder = E5Embedder()
    try:
        await embedder.start()
        texts = [text for _, text in examples()]
        read = await embedder.encode(texts, as_questions=True)
        manners = Manners.of(dict(zip(map(key_of, texts), read, strict=True)))
        (vector,) = await embedder.encode([text], as_questions=True)
        return manners.manner_of(vector)
    finally:
        embedder.close()


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("grazie mille, ora funziona tutto", Manner.COURTESY),
        ("teşekkürler, yarın görüşürüz", Manner.COURTESY),
        ("non funziona, aiuto", Manner.VAGUE),
        ("it still does not work for me", Manner.VAGUE),
        ("how do I mount a bucket in the container", Manner.QUESTION),
        ("wann ist die Abgabe der zweiten Hausaufgabe", Manner.QUESTION),
        ("who won the football match yesterday", Manner.QUESTION),
    ],
)
async def test_a_message_is_told_by_what_it_is_close_to(text: str, manner: Manner) -> None:
    assert await manner_of(text) is manner


def test_every_manner_has_examples_in_several_languages() -> None:
    for manner in Manner:
        assert sum(own is manner for own, _ in prototypes()) >= 16
