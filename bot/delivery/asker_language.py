"""In which language a person is answered: the frame of a reply, not the entries quoted in it."""

from __future__ import annotations

from bot.delivery.texts import ENGLISH, texts
from engine.retrieval.language import sure_language


def asker_language(text: str, client: str | None, faq_language: str) -> str:
    """The language that `text` is written in, where that is sure and we speak it; else that of the
    client (an IETF tag); where neither is known, that of the FAQ."""
    written = sure_language(text)
    for language in (written, client, None if written or client else faq_language):
        if known := texts().spoken(language):
            return known
    return ENGLISH
