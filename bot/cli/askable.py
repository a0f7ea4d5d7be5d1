"""Whether a question can be asked at all: told before a model is loaded for it."""

from __future__ import annotations

from engine.corpus.corpus import Corpus
from engine.errors import CorpusError
from engine.retrieval.retriever import CorpusSource, Retriever


async def require_course(source: CorpusSource, course: str | None) -> None:
    """Read the FAQ once more, and alone: a retriever would load its embedders beside, and could
    not end before they are there. Raises CorpusError where it has no such course."""
    if course is None:
        return
    try:
        corpus = await source.load()
    except CorpusError:
        return  # `require_askable` says why nothing could be read
    _require(corpus, course)


async def require_askable(retriever: Retriever, course: str | None) -> None:
    """Wait until the FAQ is read. Raises CorpusError where it has no entry, or no such course."""
    await retriever.ready()
    corpus = retriever.corpus
    if corpus is None or not corpus.documents:
        raise CorpusError(retriever.detail)
    if course is not None:
        _require(corpus, course)


def _require(corpus: Corpus, course: str) -> None:
    if course not in corpus.courses:
        known = ", ".join(sorted(corpus.courses))
        raise CorpusError(f"There is no course {course!r}. Known: {known}.")
