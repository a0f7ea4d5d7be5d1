"""Keeps the last good answer of each address, for when it is down."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from datetime import datetime
from pathlib import Path

from engine.corpus.text import clean_line
from engine.corpus.web.download import Download


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
                # Copies of an older version know neither.
                name=str(noted.get("name", "")),
                answered_by=str(noted.get("answered_by", url)),
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
            "name": download.name,
            "answered_by": download.answered_by,
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
