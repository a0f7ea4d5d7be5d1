"""What an FAQ holds: the files that were read, and the entries that deserve a second look."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from engine.answer.dates import past_edition
from engine.corpus.corpus import Corpus, FileRead, Problem
from engine.types import Document

_WORD = re.compile(r"\w+")
#: Shorter answers, such as "Yes.", may stand below several questions.
_LEAST_REPEATED = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryNote:
    """One entry, and what is to be said of it."""

    id: str
    course: str
    section: str
    question: str
    #: The file or address it was read from.
    source: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseCount:
    name: str
    title: str
    num_entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusReport:
    """What was read from where, what was not, and what is odd about the entries."""

    num_entries: int
    courses: tuple[CourseCount, ...]
    files: tuple[FileRead, ...]
    #: Files and entries that somebody has to mend.
    problems: tuple[Problem, ...]
    #: Files that are no FAQ.
    passed_over: tuple[Problem, ...]
    #: Placeholders, drafts, and image marks that were taken out.
    left_out: tuple[Problem, ...]
    #: The entries with the fewest and with the most characters.
    shortest: tuple[EntryNote, ...]
    longest: tuple[EntryNote, ...]
    #: Entries with one title, or one text, several times in a course.
    duplicates: tuple[tuple[EntryNote, ...], ...]
    without_link: tuple[EntryNote, ...]
    #: Entries all of whose dates are over.
    past: tuple[EntryNote, ...]


def corpus_report(corpus: Corpus, today: date, *, num_extremes: int = 3) -> CorpusReport:
    """Look at all entries; `num_extremes` of the shortest and of the longest are named."""
    sources = {key: file.source for file in corpus.files for key in file.entry_ids}

    def noted(document: Document, note: str) -> EntryNote:
        return EntryNote(
            id=document.id,
            course=document.course,
            section=document.section,
            question=document.question,
            source=sources.get(document.id, ""),
            note=note,
        )

    by_length = sorted(corpus.documents, key=lambda document: len(document.answer))
    lengths = [noted(document, f"{len(document.answer)} characters") for document in by_length]
    return CorpusReport(
        num_entries=len(corpus.documents),
        courses=tuple(
            CourseCount(
                name=name,
                title=title,
                num_entries=sum(document.course == name for document in corpus.documents),
            )
            for name, title in corpus.courses.items()
        ),
        files=corpus.files,
        problems=corpus.problems,
        passed_over=corpus.passed_over,
        left_out=(*corpus.left_out, *corpus.taken_out),
        shortest=tuple(lengths[:num_extremes]),
        longest=tuple(reversed(lengths[-num_extremes:])),
        duplicates=tuple(
            tuple(noted(document, why) for document in group)
            for group, why in _repeated(corpus.documents)
        ),
        without_link=tuple(
            noted(document, "no address to open it at")
            for document in corpus.documents
            if document.url is None
        ),
        past=tuple(
            noted(document, f"speaks of {edition.year}")
            for document in corpus.documents
            if (edition := past_edition(document, today))
        ),
    )


def _repeated(documents: Iterable[Document]) -> list[tuple[list[Document], str]]:
    """The entries of a course that say the same, and in what: each entry in one group at most."""
    groups: dict[tuple[str, str, str], list[Document]] = {}
    for document in documents:
        title, answer = (_words(text) for text in (document.question, document.answer))
        groups.setdefault((document.course, "the same title", title), []).append(document)
        if len(answer) >= _LEAST_REPEATED:
            groups.setdefault((document.course, "the same answer", answer), []).append(document)
    found: list[tuple[list[Document], str]] = []
    told: set[str] = set()
    # The titles come first: what has the same title and text is one group.
    for (_, why, _), group in sorted(groups.items(), key=lambda item: item[0][1], reverse=True):
        if len(group) > 1 and not told.issuperset(document.id for document in group):
            told.update(document.id for document in group)
            found.append((group, why))
    return found


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
