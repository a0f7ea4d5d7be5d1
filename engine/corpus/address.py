"""Fetches the listed addresses: the fresh answer when it is good, else the last good copy."""

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
from engine.corpus.files import Place, Readable, Reading, placed
from engine.corpus.formats.parsers import PARSERS
from engine.corpus.formats.topics import without_topics
from engine.corpus.text import slug
from engine.errors import CorpusError

if TYPE_CHECKING:
    import aiohttp
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from typing import TYPE_CHECKING

from engine.corpus.text import clean_line

if TYPE_CHECKING:
    import aiohttp

_CHUNK = 1 << 16
_LONGEST_LOCATION = 500
_HEADERS = {"User-Agent": "faq-desk", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
_SUFFIXES = {
    "application/json": ".json",
    "text/csv": ".csv",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
    "text/x-yaml": ".yaml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What an address answered, with what is needed to ask whether it changed."""

    body: bytes
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    fetched_at: datetime


def open_session(timeout_s: float) -> aiohttp.ClientSession:
    """A session that takes nothing from the environment: no proxy, no .netrc, no cookies."""
    import aiohttp

    return aiohttp.ClientSession(
        headers=_HEADERS,
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def fetch(
    session: aiohttp.ClientSession, url: str, copy: Download | None, max_bytes: int
) -> Download | None:
    """Get the address; None when it has not changed since `copy`.

    Raises CorpusError when it cannot be reached, redirects, answers anything but 200, takes too
    long or sends more than `max_bytes` (after decompression).
    """
    import aiohttp

    asked = {}
    if copy is not None and copy.etag:
        asked["If-None-Match"] = copy.etag
    if copy is not None and copy.last_modified:
        asked["If-Modified-Since"] = copy.last_modified
    try:
        async with session.get(url, headers=asked, allow_redirects=False) as response:
            if response.status == 304 and asked:
                return None
            _check(response.status, response.headers)
            return Download(
                body=await _body(response, max_bytes),
                content_type=clean_line(response.headers.get("Content-Type", "")),
                etag=clean_line(response.headers.get("ETag", "")),
                last_modified=clean_line(response.headers.get("Last-Modified", "")),
                fetched_at=datetime.now(UTC),
            )
    except TimeoutError:
        raise CorpusError(
            "The address did not answer in full within corpus.timeout_s seconds."
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CorpusError(
            f"The address cannot be fetched ({type(error).__name__}); "
            "check that it opens from this machine."
        ) from error


def suffix_of(url: str, download: Download) -> str:
    """The format as a file suffix: from the path, else the content type, else the content."""
    from_path = PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()
    if from_path in {*_SUFFIXES.values(), ".yml", ".markdown"}:
        return from_path
    message = Message()
    message["Content-Type"] = download.content_type
    from_type = _SUFFIXES.get(message.get_content_type())
    return from_type or _sniffed(download.body)


class CopyStore:
    """The last good copy of each address: one file with a line of JSON and the body below it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, url: str) -> Download | None:
        """The copy of `url`; None when there is none or it is damaged."""
        try:
            head, _, body = self._path(url).read_bytes().partition(b"\n")
            noted = json.loads(head)
            if noted["url"] != url or noted["sha256"] != hashlib.sha256(body).hexdigest():
                return None
            return Download(
                body=body,
                content_type=str(noted["content_type"]),
                etag=clean_line(str(noted["etag"])),
                last_modified=clean_line(str(noted["last_modified"])),
                fetched_at=datetime.fromisoformat(noted["fetched_at"]),
            )
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def save(self, url: str, download: Download) -> None:
        """Replace the copy of `url` at once, so that a crash leaves the old or the new one.

        Raises OSError when the folder cannot be written.
        """
        noted = {
            "url": url,
            "sha256": hashlib.sha256(download.body).hexdigest(),
            "content_type": download.content_type,
            "etag": download.etag,
            "last_modified": download.last_modified,
            "fetched_at": download.fetched_at.isoformat(),
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(noted).encode() + b"\n" + download.body)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._path(url))
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _path(self, url: str) -> Path:
        name = hashlib.sha256(url.encode(errors="replace")).hexdigest()[:32]
        return self._folder / f"{name}.copy"


def _check(status: int, headers: Mapping[str, str]) -> None:
    if 300 <= status < 400 and headers.get("Location"):
        location = clean_line(headers["Location"])[:_LONGEST_LOCATION]
        raise CorpusError(
            f"The address redirects to {location}, which is not followed; list that address "
            "instead if you trust it."
        )
    if status != 200:
        raise CorpusError(f"The address answers with status {status}; check that it is public.")


async def _body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    body = bytearray()
    # Counted after decompression: aiohttp hands out small decompressed pieces.
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise CorpusError(
                f"The address sends more than {max_bytes} bytes (corpus.max_bytes); "
                "raise the limit or list smaller parts."
            )
    return bytes(body)


def _sniffed(body: bytes) -> str:
    start = body[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:4] == b"PK\x03\x04":
        return ".docx"
    if start[:1] in (b"{", b"["):
        return ".json"
    if start[:1] == b"<":
        raise CorpusError("The address answers with a web page; list the address of the file.")
    if start[:3] == b"---":
        return ".md"
    first = start.partition(b"\n")[0].lower()
    is_csv = b"question" in first and (b"answer" in first or b"text" in first)
    return ".csv" if is_csv and first.count(b":") == 0 else ".yaml"


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
        parser = PARSERS[suffix_of(url, download)]
        parsed = parser(download.body, self._settings.max_bytes)
        parsed = without_topics(parsed, PurePosixPath(unquote(urlsplit(url).path)))
        if not parsed.entries:  # an error page in JSON must not replace the good copy
            first = "".join(f" {reason}" for reason in parsed.problems[:1])
            raise CorpusError(f"The address holds no entry that can be used.{first}")
        parts = urlsplit(url)
        course = (
            slug(PurePosixPath(unquote(parts.path)).stem) or slug(parts.hostname or "") or "faq"
        )
        readable = placed(
            parsed,
            Place(course=course or "faq"),
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
