"""Reads the listed addresses: the fresh answer when it is good, else the last good copy."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from config.settings import CorpusSettings
from engine.corpus.corpus import Problem
from engine.corpus.fetch import CopyStore, Download, fetch, open_session, suffix_of
from engine.corpus.files import PARSERS, Place, Readable, Reading, placed
from engine.corpus.text import slug
from engine.errors import CorpusError

if TYPE_CHECKING:
    import aiohttp


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """The entries of one answer, and sentences about those that were skipped."""

    readable: Readable
    problems: tuple[str, ...]


class AddressReader:
    """Asks all addresses at once; keeps what each gave last."""

    def __init__(self, urls: Sequence[str], settings: CorpusSettings, cache_dir: Path) -> None:
        self.urls = tuple(dict.fromkeys(urls))
        self._settings = settings
        self._copies = CopyStore(cache_dir)
        self._last: dict[str, _Content] = {}

    async def read(self) -> dict[str, Reading]:
        """What each address holds; an address that fails gives a problem, never an error."""
        if not self.urls:
            return {}
        async with open_session(self._settings.timeout_s) as session, asyncio.TaskGroup() as group:
            tasks = {url: group.create_task(self._read(session, url)) for url in self.urls}
        return {url: task.result() for url, task in tasks.items()}

    async def _read(self, session: aiohttp.ClientSession, url: str) -> Reading:
        copy = await asyncio.to_thread(self._copies.load, url)
        content = await asyncio.to_thread(self._from_copy, url, copy)
        problem = ""
        try:
            # Without a usable copy "not modified" would leave us with nothing.
            fresh = await fetch(session, url, copy if content else None, self._settings.max_bytes)
            if fresh is not None:
                content = await asyncio.to_thread(self._parsed, url, fresh)
                problem = await asyncio.to_thread(self._saved, url, fresh)
        except CorpusError as error:
            content = content or self._last.get(url)
            problem = f"{error}{_served(content)}"
        if content is None:
            return Reading(problems=(_problem(url, problem),))
        self._last[url] = content
        reasons = (problem, *content.problems) if problem else content.problems
        return Reading(
            files={Path(url): content.readable},
            problems=tuple(_problem(url, reason) for reason in reasons),
        )

    def _from_copy(self, url: str, copy: Download | None) -> _Content | None:
        try:
            return self._parsed(url, copy) if copy else None
        except CorpusError:  # written by an older version that read more; it is fetched anew
            return None

    def _parsed(self, url: str, download: Download) -> _Content:
        parser = PARSERS[suffix_of(url, download)]
        parsed = parser(download.body, self._settings.max_bytes)
        if not parsed.entries:  # an error page in JSON must not replace the good copy
            first = "".join(f" {reason}" for reason in parsed.problems[:1])
            raise CorpusError(f"The address holds no entry that can be used.{first}")
        readable = placed(
            parsed,
            Place(course=_course(url)),
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


def shown_address(url: str) -> str:
    """The address without the password that it may hold."""
    return re.sub(r"//[^/?#]*@", "//…@", url, count=1)


def _served(content: _Content | None) -> str:
    if content is None:
        return ""
    return f" It is served from the copy of {content.readable.read_at:%Y-%m-%d %H:%M} UTC."


def _course(url: str) -> str:
    parts = urlsplit(url)
    return slug(PurePosixPath(unquote(parts.path)).stem) or slug(parts.hostname or "") or "faq"


def _problem(url: str, reason: str) -> Problem:
    return Problem(source=shown_address(url), reason=reason)
