"""Redirects are followed to public https hosts alone; failures say what to do."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from config.settings import CorpusSettings
from engine.corpus.web.download import Download, fetch
from engine.errors import CorpusError
from tests.engine.corpus.web.twin import ENTRIES, PRIVATE, Answer, Twin, certificate

LISTED = "https://docs.example/faq.json"
SETTINGS = CorpusSettings(timeout_s=5, max_bytes=100_000)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(
        tmp_path_factory.mktemp("tls"), "docs.example", "files.example", "intern.example"
    )


@pytest.fixture
async def twin(pair: tuple[Path, Path]) -> AsyncIterator[Twin]:
    served = Twin()
    runner = web.ServerRunner(web.Server(served.answer))
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pair)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    served.ports = {80: runner.addresses[0][1], 443: runner.addresses[1][1]}
    served.trusted = ssl.create_default_context(cafile=str(pair[0]))
    yield served
    await runner.cleanup()


async def got(twin: Twin, url: str = LISTED, copy: Download | None = None) -> Download | None:
    return await fetch(url, copy, SETTINGS, twin.network)


async def refused(twin: Twin, url: str = LISTED) -> str:
    with pytest.raises(CorpusError) as caught:
        await got(twin, url)
    return str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_a_public_host_is_followed(twin: Twin, status: int) -> None:
    twin.redirect("docs.example/faq.json", "https://files.example/x?sig=1#part", status)
    twin.answers["files.example/x?sig=1"] = Answer(headers={"Set-Cookie": "a=b"})

    download = await got(twin)

    assert download is not None
    assert download.body == ENTRIES


async def test_a_relative_redirect_stays_on_the_host_with_its_password(twin: Twin) -> None:
    twin.redirect("docs.example/faq.json", "../b/")
    twin.answers["docs.example/b/"] = Answer()

    await got(twin, LISTED.replace("//", "//me:pw@"))

    assert twin.requests[1].headers["Authorization"].startswith("Basic")


async def test_another_host_gets_neither_password_nor_cookie_nor_validators(twin: Twin) -> None:
    twin.answers["docs.example/faq.json"] = Answer(
        302, b"", {"Location": "https://files.example/x", "Set-Cookie": "a=b; Domain=example"}
    )
    twin.answers["files.example/x"] = Answer()
    copy = await got(twin)
    assert copy is not None
    of_the_first = Download(body=b"", etag='"1"', answered_by=LISTED, fetched_at=copy.fetched_at)

    await got(twin, LISTED.replace("//", "//me:pw@"), of_the_first)

    headers = twin.requests[-1].headers
    assert {"Authorization", "Cookie", "If-None-Match"}.isdisjoint(headers)


async def test_what_answered_behind_a_redirect_is_not_sent_again(twin: Twin) -> None:
    twin.redirect("docs.example/faq.json", "https://files.example/x")
    twin.answers["files.example/x"] = Answer(headers={"ETag": '"v1"'})
    copy = await got(twin)

    assert await got(twin, copy=copy) is None
    assert "If-None-Match" not in twin.requests[2].headers


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://files.example/x", "without encryption"),
        ("http://docs.example/faq.json", "without encryption"),
        ("https://intern.example/x", "not on the public internet"),
        ("https://10.0.0.1/x", "not on the public internet"),
        ("https://169.254.169.254/latest/meta-data", "not on the public internet"),
        ("https://[::1]/x", "not on the public internet"),
        ("https://[::ffff:10.0.0.1]/x", "not on the public internet"),
        ("https://2130706434/x", "not on the public internet"),
        ("https://127.2/x", "not on the public internet"),
        ("https://localhost/x", "not on the public internet"),
        ("https://files.example:8443/x", "port 8443"),
        ("https://docs.example:8443/x", "port 8443"),
        ("https://me:secret@files.example/x", "name or password"),
        ("file:///etc/passwd", "no web address"),
        ("ftp://files.example/x", "no web address"),
        ("https://[", "cannot be fetched"),
        ("https://accounts.google.com/ServiceLogin?continue=x", "sign-in"),
        ("/users/sign_in", "sign-in"),
    ],
)
async def test_a_redirect_elsewhere_is_refused(twin: Twin, target: str, said: str) -> None:
    twin.names["intern.example"] = PRIVATE
    twin.redirect("docs.example/faq.json", target)
    for host in ("files.example", "intern.example"):
        twin.answers[f"{host}/x"] = Answer()

    sentence = await refused(twin)

    assert len(twin.requests) == 1
    assert re.search(said, sentence)
    assert "secret" not in sentence


async def test_each_hop_is_checked_anew_and_their_number_is_bounded(twin: Twin) -> None:
    twin.names["intern.example"] = PRIVATE
    twin.redirect("docs.example/faq.json", "https://files.example/a")
    twin.redirect("files.example/a", "https://intern.example/x")
    twin.redirect("docs.example/loop", "/loop")

    assert "not on the public internet" in await refused(twin)
    assert "more than 5 times" in await refused(twin, "https://docs.example/loop")
    assert len(twin.requests) == 2 + 6


async def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked(
    twin: Twin,
) -> None:
    asked: list[str] = []

    class _Turning(type(twin.network.resolver())):  # type: ignore[misc]
        async def resolve(self, host: str, port: int = 0, family: object = None) -> object:
            asked.append(host)
            if asked.count(host) > 1:
                twin.names[host] = PRIVATE
            return await super().resolve(host, port)

    network = twin.network
    turning = type(network)(
        resolver=lambda: _Turning(twin), is_public=network.is_public, tls=network.tls
    )
    twin.redirect("docs.example/faq.json", "https://files.example/a")
    twin.answers["files.example/a"] = Answer()

    download = await fetch(LISTED, None, SETTINGS, turning)

    assert download is not None
    assert asked == ["docs.example", "files.example"]


async def test_a_private_host_that_is_listed_may_redirect_within_itself(twin: Twin) -> None:
    twin.names = {"intern.example": PRIVATE, "docs.example": "127.0.0.1"}
    twin.is_public = lambda _: False
    twin.redirect("docs.example/faq.json", "https://docs.example/b")
    twin.redirect("docs.example/b", "https://intern.example/c")

    assert "intern.example, which is not on the public internet" in await refused(
        twin, "http://docs.example/faq.json"
    )
    assert [str(request.rel_url) for request in twin.requests] == ["/faq.json", "/b"]


async def test_http_is_followed_on_the_listed_host_alone(twin: Twin) -> None:
    twin.redirect("docs.example/faq.json", "http://docs.example/b")
    twin.answers["docs.example/b"] = Answer()

    assert await got(twin, "http://docs.example/faq.json") is not None


@pytest.mark.parametrize(
    ("status", "host", "said"),
    [
        (401, "docs.example", "list its path"),
        (403, "docs.example", "make it public"),
        (404, "docs.example", "nothing there"),
        (410, "docs.example", "nothing there"),
        (418, "docs.example", "opens in a browser"),
        (429, "docs.example", r"for 60 s.*url_refresh_s"),
        (503, "docs.example", "server fails"),
        (304, "docs.example", "status 304"),
    ],
)
async def test_a_refusal_says_what_to_do(twin: Twin, status: int, host: str, said: str) -> None:
    twin.answers[f"{host}/faq.json"] = Answer(status, b"", {"Retry-After": "60"})

    sentence = await refused(twin)

    assert f"status {status}" in sentence
    assert re.search(said, sentence)


async def test_all_hops_share_the_time(twin: Twin, pair: tuple[Path, Path]) -> None:
    over = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(stall, "127.0.0.1", 0)
    twin.ports[8080] = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(CorpusError, match="did not answer in full"):
            await fetch(
                "http://docs.example:8080/faq.json",
                None,
                CorpusSettings(timeout_s=0.2),
                twin.network,
            )
        over.set()


async def test_an_unknown_name_and_a_closed_port_are_told_apart(twin: Twin) -> None:
    assert "name of the host is not known" in await refused(twin, "https://a.nowhere/x")
    assert "cannot be fetched" in await refused(twin, "http://docs.example:1/x")


async def test_a_name_is_resolved_by_the_proxy_where_there_is_one(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin.answers["docs.nowhere/faq.json"] = Answer()
    twin.names["proxy.example"] = "127.0.0.1"
    twin.is_public = lambda _: False
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@proxy.example")

    download = await got(twin, "http://docs.nowhere/faq.json")

    assert download is not None
    assert "Proxy-Authorization" in twin.requests[0].headers


async def test_a_proxy_changes_no_rule_about_redirects(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "proxy.example")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    twin.redirect("docs.example/faq.json", "https://192.168.0.1/x")

    assert "not on the public internet" in await refused(twin, "http://docs.example/faq.json")


async def test_no_proxy_is_asked_for_a_host_that_needs_none(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "other.example,docs.example")
    twin.answers["docs.example/faq.json"] = Answer()

    assert await got(twin) is not None


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://me:secret@127.0.0.1:1", "proxy.*cannot be reached.*NO_PROXY"),
        ("http://me:secret@a.nowhere:3128", "proxy|name of the proxy"),
        ("socks5://me:secret@127.0.0.1:1", "no http proxy"),
        ("http://me:secret@files.example", "proxy.*status 404"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, proxy: str, said: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    sentence = await refused(twin)

    assert re.search(said, sentence)
    assert "secret" not in sentence
