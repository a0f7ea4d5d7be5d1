"""Whether a question can be asked at all: told before a model is loaded for it."""

from __future__ import annotations

from engine.errors import CorpusError
from engine.retrieval.retriever import Retriever


async def require_askable(retriever: Retriever, course: str | None) -> None:
    """Wait until the FAQ is read. Raises CorpusError where it has no entry, or no such course."""
    await retriever.ready()
    corpus = retriever.corpus
    if corpus is None or not corpus.documents:
        raise CorpusError(retriever.detail)
    if course is not None and course not in corpus.courses:
        known = ", ".join(sorted(corpus.courses))
        raise CorpusError(f"There is no course {course!r}. Known: {known}.")
