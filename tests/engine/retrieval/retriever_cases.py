"""A small FAQ whose source a test changes, and a retriever that runs over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from config.settings import RetrievalSettings
from engine.corpus.corpus import Corpus, Problem
from engine.errors import CorpusError
from engine.retrieval.retrieval import Retrieval
from engine.retrieval.retriever import MANY_ENTRIES, Retriever
from engine.types import Document
from tests.fake_embedder import FakeEmbedder
from tests.waits import within

JOIN = ("late", "a", "Can I join late?", "Yes, at any time before the end.")
DOCKER = ("docker", "a", "Docker does not start", "Restart the machine and install Docker again.")
DUE = ("due", "b", "When is the homework due?", "On Monday evening.")
OTHER_DOCKER = ("compose", "b", "How do I use Docker Compose?", "Run docker compose up.")
ALL = (JOIN, DOCKER, DUE, OTHER_DOCKER)


def corpus_of(*entries: tuple[str, str, str, str], problems: Sequence[Problem] = ()) -> Corpus:
    documents = tuple(
        Document(id=id, course=course, section="", question=question, answer=answer)
        for id, course, question, answer in entries
    )
    return Corpus(
        documents=documents,
        courses={document.course: document.course.upper() for document in documents},
        problems=tuple(problems),
        version=repr(documents),
        loaded_at=datetime.now(UTC),
    )


class FakeSource:
    """Gives what the test puts in; `looked` tells that the retriever has asked again."""

    def __init__(self, *entries: tuple[str, str, str, str]) -> None:
        self.next: Corpus | CorpusError = corpus_of(*entries)
        self.has_changed = False
        self.looked = asyncio.Event()

    async def load(self) -> Corpus:
        self.has_changed = False
        if isinstance(self.next, CorpusError):
            raise self.next
        return self.next

    async def changed(self) -> bool:
        self.looked.set()
        return self.has_changed

    def put(self, content: Corpus | CorpusError) -> None:
        self.next, self.has_changed = content, True
        self.looked.clear()

    async def was_read(self) -> None:
        """Wait until what was put in has been read and the next look has come."""
        await within(self.looked.wait())
        self.looked.clear()
        await within(self.looked.wait())


@asynccontextmanager
async def running(
    source: FakeSource,
    folder: Path,
    embedder: FakeEmbedder | None = None,
    settings: RetrievalSettings | None = None,
    *,
    multilingual: FakeEmbedder | None = None,
    includes: Mapping[str, Sequence[str]] | None = None,
    many_entries: int = MANY_ENTRIES,
) -> AsyncIterator[Retriever]:
    retriever = Retriever(
        source,
        settings or RetrievalSettings(),
        refresh_s=0.001,
        embedder_factory=(lambda: embedder) if embedder else None,
        multilingual_factory=(lambda: multilingual) if multilingual else None,
        includes=includes,
        many_entries=many_entries,
        cache_dir=folder,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(retriever.run(stop))
        try:
            await within(retriever.ready())
            yield retriever
        finally:
            stop.set()


def ids(found: Retrieval) -> list[str]:
    return [match.document.id for match in found.matches]
