"""Loads the FAQ from files and addresses, and keeps what was good when a source turns bad."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from config.settings import CorpusSettings
from engine.corpus.corpus import Corpus, FileRead, Problem
from engine.corpus.documents import PublishedEntry, documents_of, hash_of
from engine.corpus.files import Reading, read_source
from engine.corpus.listing import Listing, list_files
from engine.corpus.selection import select
from engine.corpus.text import pretty_name
from engine.corpus.web.address import AddressReader
from engine.corpus.web.hosts import SYSTEM, Network
from engine.corpus.web.pages import shown_address
from engine.errors import CorpusError
from engine.types import Document

log = logging.getLogger(__name__)
_ADDRESS = re.compile(r"(?i)([a-z][a-z0-9+.-]*)://")
_WEB = {"http", "https"}
_MOST_SHOWN = 10


class CorpusLoader:
    """Reads every source into one Corpus; per source, the last good entries stay in use."""

    def __init__(
        self,
        settings: CorpusSettings,
        *,
        cache_dir: Path,
        course_titles: dict[str, str],
        course_urls: Mapping[str, str] | None = None,
        network: Network = SYSTEM,
    ) -> None:
        self._settings = settings
        self._course_titles = course_titles
        self._course_urls = course_urls or {}
        schemes = {source: _scheme(source) for source in settings.sources}
        self._addresses = AddressReader(
            [source for source, scheme in schemes.items() if scheme in _WEB],
            settings,
            cache_dir,
            network,
        )
        self._paths = {
            # Unlike Path's own, it leaves an unknown ~user as it is: a path that does not exist.
            source: Path(os.path.expanduser(source))
            for source, scheme in schemes.items()
            if not scheme
        }
        self._refused = tuple(
            Problem(
                source=shown_address(source),
                reason=f"{scheme}:// is not supported; list a path or an http(s) address.",
            )
            for source, scheme in schemes.items()
            if scheme and scheme not in _WEB
        )
        self._listings: dict[str, Listing] | None = None
        self._readings: dict[str, Reading] = {}
        self._loaded_at = 0.0

    async def load(self) -> Corpus:
        """Read everything.

        Raises CorpusError when no source gave a single entry; the message lists the problems.
        """
        self._loaded_at = time.monotonic()
        async with asyncio.TaskGroup() as group:
            files = group.create_task(asyncio.to_thread(self._read_files))
            addresses = group.create_task(self._addresses.read())
        self._listings, self._readings = files.result()
        # In a thread: going through a hundred thousand entries takes a while.
        return await asyncio.to_thread(self._assembled, self._readings | addresses.result())

    async def changed(self) -> bool:
        """Whether a file changed since the last `load`, or an address is due."""
        if self._listings is None:
            return True
        age = time.monotonic() - self._loaded_at
        if self._addresses.urls and age >= self._settings.url_refresh_s:
            return True
        return await asyncio.to_thread(self._list_files) != self._listings

    def _list_files(self) -> dict[str, Listing]:
        return {source: list_files(path) for source, path in self._paths.items()}

    def _read_files(self) -> tuple[dict[str, Listing], dict[str, Reading]]:
        # Listed before reading: what changes meanwhile is seen as changed afterwards.
        listings = self._list_files()
        readings = {
            source: read_source(
                path,
                listings[source],
                self._readings.get(source, Reading()),
                self._settings.max_bytes,
                self._base_url(source),
            )
            for source, path in self._paths.items()
        }
        return listings, readings

    def _base_url(self, source: str) -> str:
        base = self._settings.base_url
        return (base.get(source) if isinstance(base, dict) else base) or ""

    def _assembled(self, readings: Mapping[str, Reading]) -> Corpus:
        sources = dict.fromkeys(source for source in self._settings.sources if source in readings)
        ordered = [readings[source] for source in sources]
        problems = (*self._refused, *(each for reading in ordered for each in reading.problems))
        selections = [select(shown_address(source), readings[source]) for source in sources]
        left_out = tuple(each for selection in selections for each in selection.left_out)
        rows = [
            (readings[source].files[path], entry)
            for source, selection in zip(sources, selections, strict=True)
            for path, entry in selection.entries
        ]
        documents, ids = documents_of(
            [PublishedEntry(entry=entry, published=file.published) for file, entry in rows],
            self._course_urls,
        )
        if not documents:
            raise CorpusError(_nothing((*problems, *left_out)))
        corpus = Corpus(
            documents=documents,
            courses=self._courses(documents, ordered),
            problems=problems,
            version=hash_of(*documents)[:16],
            loaded_at=datetime.now(UTC),
            left_out=left_out,
            passed_over=tuple(each for reading in ordered for each in reading.passed_over),
            taken_out=tuple(each for selection in selections for each in selection.taken_out),
            files=_files_read(ordered, zip((file.source for file, _ in rows), ids, strict=True)),
        )
        log.info(
            "Read %d FAQ entries of %d courses, with %d problems and %d placeholders",
            len(documents),
            len(corpus.courses),
            len(problems),
            len(left_out),
            extra={"action": "corpus_loaded", "version": corpus.version},
        )
        return corpus

    def _courses(
        self, documents: Iterable[Document], readings: Iterable[Reading]
    ) -> dict[str, str]:
        titles: dict[str, str] = {}
        for readable in (each for reading in readings for each in reading.files.values()):
            titles = {**readable.titles, **titles}
        titles |= self._course_titles
        courses = dict.fromkeys(document.course for document in documents)
        return {course: titles.get(course) or pretty_name(course) or course for course in courses}


def _files_read(
    readings: Iterable[Reading], entries: Iterable[tuple[str, str]]
) -> tuple[FileRead, ...]:
    """Every file with the ids of its entries; `entries` are pairs of file and id."""
    shown = (readable.source for reading in readings for readable in reading.files.values())
    ids: dict[str, dict[str, None]] = {source: {} for source in shown}
    for source, entry_id in entries:
        ids[source][entry_id] = None
    return tuple(FileRead(source=source, entry_ids=tuple(own)) for source, own in ids.items())


def _scheme(source: str) -> str:
    match = _ADDRESS.match(source)
    return match[1].lower() if match else ""


def _nothing(problems: tuple[Problem, ...]) -> str:
    shown = [f"{problem.source}: {problem.reason}" for problem in problems[:_MOST_SHOWN]]
    more = len(problems) - len(shown)
    tail = [f"{more} more problems."] if more else []
    return " ".join(["No FAQ entry could be read (corpus.sources).", *shown, *tail])
