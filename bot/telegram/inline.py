"""Inline mode: entries of the FAQ for somebody who types after our name in another chat."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha1

from bot.adapter import DeliveryError
from bot.messages import Reply
from bot.telegram.client import TelegramClient
from bot.telegram.parse import Searched
from bot.telegram.render import render
from bot.telegram.values import Article
from engine.types import Document, Match, Source

log = logging.getLogger(__name__)

#: Words and course (None: all) → entries, best first.
Search = Callable[[str, str | None], Awaitable[Sequence[Match]]]
#: Course → entries whose questions are worth a try.
Starters = Callable[[str | None], Sequence[Document]]

MAX_ARTICLES = 20


async def answer_inline(
    client: TelegramClient,
    searched: Searched,
    course: str | None,
    search: Search | None,
    starters: Starters | None,
) -> None:
    """Show what the search finds in the person's course, else in all; no model and no queue, so
    it is quick."""
    found: Sequence[Document] = ()
    if searched.text.strip():
        if search is not None:
            words = searched.text[:500]
            matches = await search(words, course) or await search(words, None)
            found = [match.document for match in matches]
    elif starters is not None:
        found = starters(course) or starters(None)
    unique = {entry.id: entry for entry in found}
    articles = [_article(entry) for entry in list(unique.values())[:MAX_ARTICLES]]
    try:
        await client.answer_inline(searched.id, articles)
    except DeliveryError as error:
        log.info("an inline search was not answered: %s", error)


def _article(entry: Document) -> Article:
    match = Match(document=entry, score=0.0)
    sources = (Source.of(match),) if entry.url else ()
    reply = Reply(text=entry.answer, notice=entry.question, sources=sources)
    return Article(
        id=sha1(entry.id.encode(), usedforsecurity=False).hexdigest(),  # at most 64 bytes
        title=entry.question[:100],
        description=" ".join(entry.answer.split())[:150],
        part=render(reply)[0],
    )
