"""Fetches a listed address within limits, and keeps the last good copy on disk."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from engine.corpus.text import clean_line
from engine.errors import CorpusError

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
        return (
            self._folder / f"{hashlib.sha256(url.encode(errors='replace')).hexdigest()[:32]}.copy"
        )


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
