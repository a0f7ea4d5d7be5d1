"""All entries that could be read at one moment, and the problems met."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.types import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One file or entry that could not be used, and why; shown to the operator."""

    #: The file or address, as the operator wrote it.
    source: str
    #: A full sentence: what is wrong and what to do.
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """One file or address whose entries are known, and the entries served of it."""

    #: The file or address, as it is shown to the operator.
    source: str
    #: Ids of its documents in their order; an entry that stands in two files is in both.
    entry_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """All entries that could be read at one moment."""

    documents: tuple[Document, ...]
    #: Course machine name → title for people. Every course that has a document is here.
    courses: dict[str, str]
    problems: tuple[Problem, ...]
    #: Changes exactly when `documents` change.
    version: str
    #: Timezone-aware time of the last successful read.
    loaded_at: datetime
    #: Entries that are none: placeholders, and what became of them; not a fault.
    left_out: tuple[Problem, ...] = ()
    #: Files of a folder that are no FAQ, such as settings, and why; not a fault.
    passed_over: tuple[Problem, ...] = ()
    #: How many entries of each source lost images that nobody can be shown, and marks for a site
    #: generator; not a fault either.
    taken_out: tuple[Problem, ...] = ()
    #: Every file that was read, in the order of the sources.
    files: tuple[FileRead, ...] = ()
