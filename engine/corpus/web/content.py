"""Tells which kind of file an address answered with."""

from __future__ import annotations

import re
from collections.abc import Collection
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from engine.corpus.web.download import Download
from engine.errors import CorpusError

_SUFFIXES = {
    "application/json": ".json",
    "application/ld+json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/x-ipynb+json": ".ipynb",
    "application/pdf": ".pdf",
    "application/xhtml+xml": ".html",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/tab-separated-values": ".tsv",
    "text/x-markdown": ".md",
    "text/x-rst": ".rst",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
    "text/x-yaml": ".yaml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
_PAGE = re.compile(rb"(?is)(?:\s|<!--.{0,2000}?-->|<\?xml[^>]{0,200}>)*<(?:!doctype\s+html|html)\b")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HEADING = re.compile(rb"(?m)^#{2,6}[ \t]+\S")
_LOOKED_AT = 20_000


def suffix_of(url: str, download: Download, known: Collection[str]) -> str:
    """The format as one of the `known` suffixes: by name, else by type, else by content.

    Raises CorpusError when it is a web page in place of the file, or of another kind.
    """
    by_name = [_suffix(unquote(urlsplit(url).path)), _suffix(download.name)]
    suffix = next((each for each in by_name if each in known), "")
    if _PAGE.match(download.body[:_LOOKED_AT].removeprefix(_BYTE_ORDER_MARK)):
        if (suffix and suffix not in (".html", ".htm")) or ".html" not in known:
            raise CorpusError(
                "The address answers with a web page in place of the file; list the address that "
                "downloads it."
            )
        return ".html"
    message = Message()
    message["Content-Type"] = download.content_type
    suffix = suffix or _SUFFIXES.get(message.get_content_type()) or _sniffed(download.body)
    if suffix == ".jsonl" and suffix not in known:
        suffix = ".json"
    if suffix not in known:
        raise CorpusError(
            f"The address answers with a {suffix} file, which cannot be read; supported are "
            f"{', '.join(known)}."
        )
    return suffix


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _sniffed(body: bytes) -> str:
    start = body[:_LOOKED_AT].removeprefix(_BYTE_ORDER_MARK).lstrip()
    if start[:4] == b"PK\x03\x04":
        # Servers call these a zip as well, and a folder in one may be called password/.
        office = (
            (b"word/document", ".docx"),
            (b"xl/workbook", ".xlsx"),
            (b"ppt/presentation", ".pptx"),
        )
        return next((suffix for part, suffix in office if part in body), ".zip")
    if start[:5] == b"%PDF-":
        return ".pdf"
    if start[:1] in (b"{", b"["):
        lines = start.splitlines()[:2]
        return ".jsonl" if len(lines) > 1 and all(_is_object(line) for line in lines) else ".json"
    if start[:1] == b"<":
        return ".html"
    if start[:3] == b"---" or _HEADING.search(start):
        return ".md"
    first = start.partition(b"\n")[0].lower()
    is_table = b"question" in first and (b"answer" in first or b"text" in first)
    if is_table and first.count(b":") == 0:
        return ".csv"
    return ".yaml"


def _is_object(line: bytes) -> bool:
    return line[:1] == b"{" and line.rstrip()[-1:] == b"}"
