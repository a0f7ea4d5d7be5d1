"""The kind of a download is told by its name, else its type, else its content."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.corpus.web.content import suffix_of
from engine.corpus.web.download import Download
from engine.errors import CorpusError

KNOWN = (".json", ".jsonl", ".csv", ".tsv", ".yaml", ".md", ".html", ".pdf", ".docx", ".zip")
PAGE = b"\xef\xbb\xbf\n<!-- x --><!doctype HTML><html></html>"


def kind(
    url: str, body: bytes, content_type: str = "", name: str = "", known: list[str] = KNOWN
) -> str:
    download = Download(
        body=body, content_type=content_type, name=name, fetched_at=datetime.now(UTC)
    )
    return suffix_of(url, download, known)


@pytest.mark.parametrize(
    ("url", "content_type", "name", "body", "suffix"),
    [
        ("https://e.org/faq.csv?x=1", "text/html", "", b"q,a", ".csv"),
        ("https://e.org/export?format=docx", "", "Course FAQ.docx", b"PK\x03\x04", ".docx"),
        ("https://e.org/faq", "text/tab-separated-values; charset=utf-8", "", b"q\ta", ".tsv"),
        ("https://e.org/faq", "application/pdf", "", b"%PDF-1.7", ".pdf"),
        ("https://e.org/faq", "application/octet-stream", "", b"%PDF-1.7", ".pdf"),
        ("https://e.org/faq", "application/x-ndjson", "", b"{}", ".jsonl"),
        ("https://e.org/faq", "text/html", "", PAGE, ".html"),
        ("https://e.org/faq.php", "text/plain", "", PAGE, ".html"),
        ("https://e.org/faq.html", "", "", b"<p>So.</p>", ".html"),
        ("https://e.org/", "application/zip", "", b"PK\x03\x04..word/document.xml", ".docx"),
        ("https://e.org/", "application/zip", "", b"PK\x03\x04..a/b.md", ".zip"),
        ("https://e.org/", "application/zip", "", b"PK\x03\x04..password/b.md", ".zip"),
        ("https://e.org/", "text/plain", "", b'{"q": 1}\n{"q": 2}\n', ".jsonl"),
        ("https://e.org/", "text/plain", "", b'{"q":\n{"a": 2}}\n', ".json"),
        ("https://e.org/", "text/plain", "", b"# FAQ\n\n## Why?\n\nSo: it is.\n", ".md"),
        ("https://e.org/", "text/plain", "", b"# a comment\nWhy not?: So.\n", ".yaml"),
    ],
)
def test_the_kind_of_a_download(
    url: str, content_type: str, name: str, body: bytes, suffix: str
) -> None:
    assert kind(url, body, content_type, name) == suffix


@pytest.mark.parametrize("url", ["https://e.org/faq.md", "https://e.org/faq.json"])
def test_a_page_in_place_of_a_file_is_refused(url: str) -> None:
    with pytest.raises(CorpusError, match="web page in place of the file"):
        kind(url, PAGE)


def test_a_page_where_none_can_be_read_is_refused() -> None:
    with pytest.raises(CorpusError, match="web page"):
        kind("https://e.org/faq", PAGE, "text/html", known=(".json",))


def test_a_kind_that_is_not_read_is_named() -> None:
    with pytest.raises(CorpusError, match=r"a \.pptx file, which cannot be read; supported are"):
        kind("https://e.org/x", b"PK\x03\x04..ppt/presentation.xml")
