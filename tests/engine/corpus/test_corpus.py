"""The loader: every source at once, the last good entries, changes and addresses."""

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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings import CorpusSettings
from engine.corpus.corpus import Corpus
from engine.corpus.loader import CorpusLoader
from engine.corpus.text import clean_line, clean_text
from engine.errors import CorpusError

ENTRIES = [
    {"id": "a1", "course": "llm-zoomcamp", "section": "S", "question": "Why?", "text": "So."},
    {"course": "ml", "section": "S", "question": "When?", "text": "Now."},
]
#: A text as somebody wrote it, or none; the word keeps it from being taken for a placeholder.
WRITTEN = st.one_of(st.just(""), st.text(max_size=8).map("word {}".format))


def loader(*sources: str | Path, cache_dir: Path = Path("unused"), **titles: str) -> CorpusLoader:
    return CorpusLoader(
        CorpusSettings(
            sources=tuple(map(str, sources)), max_bytes=100_000, timeout_s=5, url_refresh_s=3600
        ),
        cache_dir=cache_dir,
        course_titles={name.replace("_", "-"): title for name, title in titles.items()},
    )


def written(path: Path, entries: object) -> Path:
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def cut_copies(folder: Path) -> None:
    for copy in folder.iterdir():
        copy.write_bytes(copy.read_bytes()[:-3])


def questions(corpus: Corpus) -> list[str]:
    return [document.question for document in corpus.documents]


async def test_documents_keep_their_ids_and_others_get_stable_ones(tmp_path: Path) -> None:
    path = written(tmp_path / "documents.json", ENTRIES)

    first = await loader(path).load()
    written(path, ENTRIES[::-1])
    second = await loader(path).load()

    assert first.documents[0].id == "a1"
    assert {document.id for document in first.documents} == {d.id for d in second.documents}
    assert first.loaded_at.tzinfo is not None


async def test_courses_are_named_by_settings_then_files_then_prettily(tmp_path: Path) -> None:
    path = written(
        tmp_path / "documents.json",
        [*ENTRIES, {"course": "Data Engineering!", "question": "Where?", "text": "Here."}],
    )

    corpus = await loader(path, llm_zoomcamp="The LLM course").load()

    assert corpus.courses == {
        "llm-zoomcamp": "The LLM course",
        "ml": "ML",
        "data-engineering": "Data Engineering!",
    }


async def test_one_id_with_different_answers_keeps_both(tmp_path: Path) -> None:
    other = {**ENTRIES[0], "text": "Because."}
    path = written(tmp_path / "documents.json", [ENTRIES[0], other, ENTRIES[0], other])

    corpus = await loader(path).load()
    again = await loader(path).load()

    assert [document.answer for document in corpus.documents] == ["So.", "Because."]
    assert corpus.documents[0].id == "a1"
    assert corpus.documents[1].id.startswith("a1-")
    assert again.documents == corpus.documents


async def test_unsafe_addresses_of_entries_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "d.json", [{**ENTRIES[0], "url": "javascript:alert(1)"}])

    assert (await loader(path).load()).documents[0].url is None


async def test_the_version_changes_with_the_documents_only(tmp_path: Path) -> None:
    path = written(tmp_path / "documents.json", ENTRIES)
    subject = loader(path)

    first = await subject.load()
    written(path, [*ENTRIES, 7])
    same = await subject.load()
    written(path, ENTRIES[:1])
    other = await subject.load()

    assert first.version == same.version
    assert same.problems != ()
    assert other.version != first.version


async def test_a_source_that_turns_bad_keeps_serving_beside_the_others(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", ENTRIES[:1])
    two = written(tmp_path / "two.json", ENTRIES[1:])
    subject = loader(one, two)
    await subject.load()
    one.write_text("[{", encoding="utf-8")
    written(two, [{"question": "New?", "text": "Yes."}])

    corpus = await subject.load()

    assert questions(corpus) == ["Why?", "New?"]
    assert [problem.source for problem in corpus.problems] == [str(one)]


async def test_no_entry_at_all_is_an_error_that_lists_the_problems(tmp_path: Path) -> None:
    bad = written(tmp_path / "bad.json", [])
    missing = tmp_path / "missing"

    with pytest.raises(CorpusError, match="No FAQ entry could be read") as error:
        await loader(bad, missing, "ftp://e.org/x.json").load()

    assert str(missing) in str(error.value)
    assert "ftp:// is not supported" in str(error.value)


async def test_the_home_of_an_unknown_user_is_a_problem_beside_the_rest(tmp_path: Path) -> None:
    path = written(tmp_path / "documents.json", ENTRIES)

    corpus = await loader("~no-such-user/faq", path).load()

    assert len(corpus.documents) == len(ENTRIES)
    (problem,) = corpus.problems
    assert "There is no such file or folder" in problem.reason


async def test_changes_are_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "one.json", ENTRIES)
    subject = loader(tmp_path)
    before = await subject.changed()

    await subject.load()
    unchanged = await subject.changed()
    written(tmp_path / "two.json", ENTRIES)
    added = await subject.changed()
    await subject.load()
    path.unlink()
    removed = await subject.changed()

    assert (before, unchanged, added, removed) == (True, False, True, True)


async def test_a_failed_load_is_not_tried_again_until_something_changes(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    subject = loader(path)
    with pytest.raises(CorpusError):
        await subject.load()

    unchanged = await subject.changed()
    written(path, ENTRIES)

    assert unchanged is False
    assert await subject.changed() is True


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(WRITTEN, WRITTEN, st.booleans()), max_size=6))
def test_exactly_the_entries_that_the_file_holds_are_served(
    tmp_path: Path, rows: list[tuple[str, str, bool]]
) -> None:
    path = tmp_path / "rows.json"
    subject = loader(path)
    always = ("Always?", "Yes.")

    def load(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        written(path, [{"question": question, "answer": answer} for question, answer in pairs])
        return [(d.question, d.answer) for d in asyncio.run(subject.load()).documents]

    def expected(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        cleaned = [(clean_line(question), clean_text(answer)) for question, answer in pairs]
        return list(dict.fromkeys(pair for pair in cleaned if all(pair)))

    everything = [always, *((question, answer) for question, answer, _ in rows)]
    kept = [always, *((question, answer) for question, answer, stays in rows if stays)]

    assert load(everything) == expected(everything)
    assert load(kept) == expected(kept)
    assert load([always]) == [always]


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


async def test_redirects_are_named_and_not_followed(tmp_path: Path, site: Site) -> None:
    site.status, site.headers = 302, {"Location": "http://169.254.169.254/secret"}

    with pytest.raises(CorpusError, match=r"redirects to http://169\.254\.169\.254/secret"):
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
            await asyncio.wait_for(gone.wait(), 10)


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
