"""Addresses are read, kept as copies, and never trusted."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from config.settings import CorpusSettings
from engine.corpus.loader import CorpusLoader
from engine.errors import CorpusError
from tests.engine.corpus.corpus_cases import ENTRIES, loader, questions, written
from tests.waits import within


def cut_copies(folder: Path) -> None:
    for copy in folder.iterdir():
        copy.write_bytes(copy.read_bytes()[:-3])


def make_older(folder: Path) -> None:
    """Make the copy one that was kept before redirects were followed."""
    (copy,) = folder.iterdir()
    head, _, body = copy.read_bytes().partition(b"\n")
    noted = json.loads(head)
    del noted["name"], noted["answered_by"]
    copy.write_bytes(json.dumps(noted).encode() + b"\n" + body)


@dataclass
class Site:
    """A web site whose answer a test sets."""

    url: str = ""
    body: bytes = json.dumps(ENTRIES).encode()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        status = self.status
        if request.headers.get("If-None-Match", "-") == self.headers.get("ETag"):
            status = 304
        return web.Response(
            body=self.body if status != 304 else None, status=status, headers=self.headers
        )


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    served = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", served.answer)
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


async def test_an_address_is_read_and_its_copy_serves_when_it_is_down(
    tmp_path: Path, site: Site
) -> None:
    address = f"{site.url}/documents.json"
    fresh = await loader(address, cache_dir=tmp_path).load()
    site.status = 503

    corpus = await loader(address, cache_dir=tmp_path).load()

    assert fresh.problems == ()
    assert corpus.documents == fresh.documents
    assert corpus.problems[0].source == address
    assert "status 503" in corpus.problems[0].reason
    assert "served from the copy of 20" in corpus.problems[0].reason


@pytest.mark.parametrize(
    "body", [b"<html>Sorry</html>", b"[{", b'{"detail": "Too many requests"}', b"[]", b"\xff"]
)
async def test_an_unusable_answer_never_replaces_the_copy(
    tmp_path: Path, site: Site, body: bytes
) -> None:
    address = f"{site.url}/faq"
    await loader(address, cache_dir=tmp_path).load()
    good, site.body = site.body, body

    corpus = await loader(address, cache_dir=tmp_path).load()
    site.status, site.body = 500, good

    assert questions(corpus) == ["Why?", "When?"]
    assert questions(await loader(address, cache_dir=tmp_path).load()) == ["Why?", "When?"]


async def test_an_unchanged_address_is_not_sent_again(tmp_path: Path, site: Site) -> None:
    site.headers = {"ETag": '"v1"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    subject = loader(f"{site.url}/d.json", cache_dir=tmp_path)
    await subject.load()

    corpus = await subject.load()

    assert questions(corpus) == ["Why?", "When?"]
    assert corpus.problems == ()
    assert site.requests[1].headers["If-None-Match"] == '"v1"'
    assert site.requests[1].headers["If-Modified-Since"].startswith("Mon, 01")


async def test_a_damaged_copy_is_fetched_anew(tmp_path: Path, site: Site) -> None:
    site.headers = {"ETag": '"v1"'}
    await loader(f"{site.url}/d.json", cache_dir=tmp_path).load()
    cut_copies(tmp_path)

    corpus = await loader(f"{site.url}/d.json", cache_dir=tmp_path).load()

    assert len(corpus.documents) == 2
    assert "If-None-Match" not in site.requests[1].headers


async def test_a_redirect_to_a_private_host_is_named_and_not_followed(
    tmp_path: Path, site: Site
) -> None:
    site.status, site.headers = 302, {"Location": "http://169.254.169.254/secret"}

    with pytest.raises(CorpusError, match=r"redirects to 169\.254\.169\.254, which is not"):
        await loader(f"{site.url}/d.json", cache_dir=tmp_path).load()

    assert len(site.requests) == 1


async def test_a_download_is_counted_after_decompression(tmp_path: Path, site: Site) -> None:
    site.body = gzip.compress(b" " * 10_000_000)
    site.headers = {"Content-Encoding": "gzip"}

    with pytest.raises(CorpusError, match="sends more than 100000 bytes"):
        await loader(f"{site.url}/d.json", cache_dir=tmp_path).load()


async def test_a_compressed_answer_is_read(tmp_path: Path, site: Site) -> None:
    site.body = gzip.compress(site.body)
    site.headers = {"Content-Encoding": "gzip"}

    corpus = await loader(f"{site.url}/d.json", cache_dir=tmp_path).load()

    assert len(corpus.documents) == 2


async def test_a_broken_answer_is_a_problem(tmp_path: Path, site: Site) -> None:
    site.headers = {"Content-Encoding": "gzip"}

    with pytest.raises(CorpusError, match="cannot be fetched"):
        await loader(f"{site.url}/d.json", cache_dir=tmp_path).load()


@pytest.mark.parametrize(
    ("path", "content_type", "body", "course"),
    [
        ("/My%20Faq.csv", "text/html", b"question,answer\nWhy?,So.\n", "my-faq"),
        ("/export?format=x", "text/csv; charset=utf-8", b"question;answer\nWhy?;So.", "export"),
        ("/faq", "application/octet-stream", b'[{"question":"Why?","answer":"So."}]', "faq"),
        ("/faq", "text/plain", b"question,answer\nWhy?,So.\n", "faq"),
        ("/faq", "text/plain", b"Why not?: So.\n", "faq"),
        ("/faq", "text/plain", b"---\nquestion: Why?\n---\nSo.\n", "faq"),
        ("/", "application/json", b'[{"question":"Why?","answer":"So."}]', "127-0-0-1"),
    ],
)
async def test_the_format_is_told_by_path_type_or_content(
    tmp_path: Path, site: Site, path: str, content_type: str, body: bytes, course: str
) -> None:
    site.body, site.headers = body, {"Content-Type": content_type}

    corpus = await loader(site.url + path, cache_dir=tmp_path).load()

    assert [document.course for document in corpus.documents] == [course]


async def test_a_silent_address_is_given_up_after_the_timeout(tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side hangs up
        writer.close()
        gone.set()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    options = CorpusSettings(sources=(f"http://127.0.0.1:{port}/d.json",), timeout_s=0.3)
    subject = CorpusLoader(options, cache_dir=tmp_path, course_titles={})

    async with server:
        with pytest.raises(CorpusError, match="did not answer in full"):
            await subject.load()
        with suppress(TimeoutError):  # the time may have been over before it was asked
            await within(gone.wait())


@pytest.mark.parametrize("address", ["http://", "http://[", "http://127.0.0.1:1/x", "http://a:b:c"])
async def test_an_address_that_cannot_be_reached_is_a_problem(tmp_path: Path, address: str) -> None:
    path = written(tmp_path / "one.json", ENTRIES)

    corpus = await loader(path, address, cache_dir=tmp_path / "cache").load()

    assert len(corpus.documents) == 2
    assert [problem.source for problem in corpus.problems] == [address]


async def test_a_password_in_an_address_is_not_shown(tmp_path: Path, site: Site) -> None:
    site.status = 404
    address = site.url.replace("http://", "http://user:secret@") + "/d.json"

    with pytest.raises(CorpusError) as error:
        await loader(address, cache_dir=tmp_path).load()

    assert "secret" not in str(error.value)


async def test_a_copy_that_cannot_be_kept_is_a_problem(tmp_path: Path, site: Site) -> None:
    blocked = written(tmp_path / "file", [])
    subject = loader(f"{site.url}/d.json", cache_dir=blocked / "cache")

    corpus = await subject.load()
    site.status = 500
    later = await subject.load()

    assert "No copy could be kept" in corpus.problems[0].reason
    assert later.documents == corpus.documents


async def test_an_address_is_asked_again_when_due(tmp_path: Path, site: Site) -> None:
    options = CorpusSettings(sources=(f"{site.url}/d.json",), url_refresh_s=1e-9)
    due = CorpusLoader(options, cache_dir=tmp_path, course_titles={})
    later = loader(f"{site.url}/d.json", cache_dir=tmp_path)
    await due.load()
    await later.load()

    assert await due.changed() is True
    assert await later.changed() is False


@pytest.mark.parametrize(
    ("path", "headers", "course"),
    [
        ("/export", {"Content-Disposition": 'attachment; filename="My FAQ.json"'}, "my-faq"),
        ("/uc", {"Content-Disposition": "attachment; filename*=UTF-8''%C3%9Cbung.json"}, "übung"),
        ("/raw", {}, "raw"),
        ("/named.json", {"Content-Disposition": 'attachment; filename="other.json"'}, "named"),
    ],
)
async def test_a_course_is_named_by_the_file_where_the_address_says_nothing(
    tmp_path: Path, site: Site, path: str, headers: dict[str, str], course: str
) -> None:
    site.body, site.headers = b'[{"question":"Why?","answer":"So."}]', headers

    corpus = await loader(site.url + path, cache_dir=tmp_path).load()

    assert [document.course for document in corpus.documents] == [course]


async def test_a_web_page_in_place_of_a_file_is_refused(tmp_path: Path, site: Site) -> None:
    site.body = b"<!-- x -->\n<!DOCTYPE html><html><p>Sign in</p></html>"

    with pytest.raises(CorpusError, match="web page in place of the file"):
        await loader(f"{site.url}/faq.csv", cache_dir=tmp_path).load()


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        ("application/vnd.ms-excel", b"\xd0\xcf\x11\xe0", "cannot be|not UTF-8"),
        ("application/octet-stream", b"PK\x03\x04xl/workbook.xml", r"\.xlsx file.*cannot be read"),
    ],
)
async def test_a_file_of_another_kind_is_named(
    tmp_path: Path, site: Site, content_type: str, body: bytes, said: str
) -> None:
    site.body, site.headers = body, {"Content-Type": content_type}

    with pytest.raises(CorpusError, match=said):
        await loader(f"{site.url}/faq", cache_dir=tmp_path).load()


async def test_entries_are_opened_at_the_address_and_its_links_lead_somewhere(
    tmp_path: Path, site: Site
) -> None:
    site.body = b"---\nquestion: Why?\n---\nSee [this](../b/c.md#d) and [that](#x)."

    corpus = await loader(f"{site.url}/faq/a/one.md", cache_dir=tmp_path).load()

    (document,) = corpus.documents
    assert document.url == f"{site.url}/faq/a/one.md"
    assert document.answer == (
        f"See [this]({site.url}/faq/b/c.md#d) and [that]({site.url}/faq/a/one.md#x)."
    )


async def test_a_token_in_an_address_is_neither_shown_nor_given_to_readers(
    tmp_path: Path, site: Site
) -> None:
    corpus = await loader(f"{site.url}/faq.json?token=secret", cache_dir=tmp_path).load()

    assert [document.url for document in corpus.documents] == [None, None]
    assert "secret" not in str(corpus)


async def test_a_copy_of_an_older_version_still_serves(tmp_path: Path, site: Site) -> None:
    address = f"{site.url}/d.json"
    await loader(address, cache_dir=tmp_path).load()
    make_older(tmp_path)
    site.status = 500

    assert questions(await loader(address, cache_dir=tmp_path).load()) == ["Why?", "When?"]


async def test_a_repository_or_folder_that_is_listed_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="clone it and list the folder"):
        await loader("https://github.com/o/r/tree/main/faq", cache_dir=tmp_path).load()
