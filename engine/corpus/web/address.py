"""Reads the listed addresses: the fresh answer when it is good, else the last good copy."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from config.settings import CorpusSettings
from engine.corpus.corpus import Problem
from engine.corpus.files import Place, Readable, Reading, placed
from engine.corpus.formats.parsers import PARSERS
from engine.corpus.formats.topics import without_topics
from engine.corpus.published import published_address
from engine.corpus.text import slug
from engine.corpus.web.content import suffix_of
from engine.corpus.web.copies import CopyStore
from engine.corpus.web.download import Download, fetch
from engine.corpus.web.hosts import SYSTEM, Network
from engine.corpus.web.pages import file_address, shown_address
from engine.errors import CorpusError

_MOST_AT_ONCE = 4
#: Last parts of addresses that name what is done with a file, and not the file.
_SAYS_NOTHING = {"download", "edit", "export", "pub", "raw", "uc", "view"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """The entries of one answer, and sentences about those that were skipped."""

    readable: Readable
    problems: tuple[str, ...]


class AddressReader:
    """Asks all addresses at once; keeps what each gave last."""

    def __init__(
        self,
        urls: Sequence[str],
        settings: CorpusSettings,
        cache_dir: Path,
        network: Network = SYSTEM,
    ) -> None:
        self.urls = tuple(dict.fromkeys(urls))
        self._settings = settings
        self._network = network
        self._copies = CopyStore(cache_dir)
        self._last: dict[str, _Content] = {}

    async def read(self) -> dict[str, Reading]:
        """What each address holds; an address that fails gives a problem, never an error."""
        # Each holds its answer and what is made of it: a few at once bound the memory.
        turn = asyncio.Semaphore(_MOST_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            tasks = {url: group.create_task(self._read(url, turn)) for url in self.urls}
        return {url: task.result() for url, task in tasks.items()}

    async def _read(self, url: str, turn: asyncio.Semaphore) -> Reading:
        async with turn:
            return await self._fresh_or_kept(url)

    async def _fresh_or_kept(self, url: str) -> Reading:
        copy = await asyncio.to_thread(self._copies.load, url)
        content = self._last.get(url) or await asyncio.to_thread(self._from_copy, url, copy)
        problem = ""
        try:
            # Without a usable copy "not modified" would leave us with nothing.
            known = copy if content else None
            fresh = await fetch(file_address(url), known, self._settings, self._network)
            if fresh is not None:
                content = await asyncio.to_thread(self._parsed, url, fresh)
                problem = await asyncio.to_thread(self._saved, url, fresh)
        except CorpusError as error:
            problem = str(error)
            if content is not None:
                read_at = f"{content.readable.read_at:%Y-%m-%d %H:%M} UTC"
                problem += f" It is served from the copy of {read_at}."
        reasons = [problem] if problem else []
        files = {}
        if content is not None:
            self._last[url] = content
            files[Path(url)] = content.readable
            reasons += content.problems
        source = shown_address(url)
        problems = tuple(Problem(source=source, reason=reason) for reason in reasons)
        return Reading(files=files, problems=problems)

    def _from_copy(self, url: str, copy: Download | None) -> _Content | None:
        try:
            return self._parsed(url, copy) if copy else None
        except CorpusError:  # written by an older version that read more; it is fetched anew
            return None

    def _parsed(self, url: str, download: Download) -> _Content:
        parser = PARSERS[suffix_of(url, download, PARSERS.keys())]
        path = PurePosixPath(unquote(urlsplit(url).path))
        parsed = without_topics(
            parser(download.body, self._settings.max_bytes), path / download.name
        )
        if not parsed.entries:  # an error page in JSON must not replace the good copy
            first = "".join(f" {reason}" for reason in parsed.problems[:1])
            raise CorpusError(f"The address holds no entry that can be used.{first}")
        readable = placed(
            parsed,
            Place(course=_course(url, download.name)),
            published=published_address(url),
            source=shown_address(url),
            read_at=download.fetched_at,
        )
        return _Content(readable=readable, problems=parsed.problems)

    def _saved(self, url: str, download: Download) -> str:
        try:
            self._copies.save(url, download)
        except OSError as error:
            return f"No copy could be kept for when it is down ({error.strerror})."
        return ""


def _named_path(url: str, name: str) -> PurePosixPath:
    """The path of the address, with the file's name where its own says nothing."""
    path = PurePosixPath(unquote(urlsplit(url).path))
    return path.parent / name if name and slug(path.stem) in {"", *_SAYS_NOTHING} else path


def _course(url: str, name: str) -> str:
    """The course's machine name: of the address, else of the file that it gave."""
    path = _named_path(url, name)
    host = urlsplit(url).hostname or ""
    return slug(path.stem) or slug(host) or "faq"
