"""Questions to begin with: a taste of what the FAQ holds."""

from __future__ import annotations

from engine.corpus.corpus import Corpus
from engine.types import Document

NUM_STARTERS = 4


def starters(
    corpus: Corpus | None, course: str | None, count: int = NUM_STARTERS
) -> tuple[Document, ...]:
    """The first entry of each section, spread over the courses, at most `count`."""
    firsts: dict[tuple[str, str], Document] = {}
    for document in corpus.documents if corpus else ():
        if course is None or document.course == course:
            firsts.setdefault((document.course, document.section), document)
    by_course: dict[str, list[Document]] = {}
    for document in firsts.values():
        by_course.setdefault(document.course, []).append(document)
    chosen: list[Document] = []
    for rank in range(count):
        chosen += [own[rank] for own in by_course.values() if rank < len(own)]
    return tuple(chosen[:count])
