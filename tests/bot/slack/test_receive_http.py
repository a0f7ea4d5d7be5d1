"""HTTP mode: only what Slack signed gets in, once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest

from bot.slack.receive_http import MAX_BODY, SignedRequests, SlackHttp
from config.settings import ConfigError
from tests.slack_twin import SECRET, signed
from tests.waits import within


@dataclass
class Server:
    """A running server and what got through."""

    url: str = ""
    got: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, data=body, headers=headers) as response,
        ):
            await response.read()
            return response.status


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server, stop = Server(), asyncio.Event()

    async def dispatch(body: str, headers: Mapping[str, str]) -> tuple[int, str, str]:
        server.got.append(body)
        return (server.answers.pop(0) if server.answers else 200), "", ""

    http = SlackHttp(SignedRequests(SECRET), "127.0.0.1:0")
    async with asyncio.TaskGroup() as group:
        group.create_task(http.run(dispatch, stop))
        await within(http.server.listening.wait())
        server.url = f"http://127.0.0.1:{http.server.port}/slack/events"
        yield server
        stop.set()


async def test_a_signed_request_gets_in() -> None:
    async with serving() as server:
        status = await server.post(b"{}", signed("{}"))

    assert status == 200
    assert server.got == ["{}"]


async def test_a_replay_is_acknowledged_but_not_run_again() -> None:
    headers = signed("{}")
    async with serving() as server:
        statuses = [await server.post(b"{}", headers) for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert server.got == ["{}"]


async def test_a_request_that_failed_may_come_again() -> None:
    headers = signed("{}")
    async with serving() as server:
        server.answers = [500]
        statuses = [await server.post(b"{}", headers) for _ in range(2)]

    assert statuses == [500, 200]
    assert server.got == ["{}", "{}"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed("{}", secret="another"),
        signed("{}", at=1_000_000_000),
        signed("{}") | {"X-Slack-Request-Timestamp": "soon"},
        signed("{}") | {"X-Slack-Request-Timestamp": "9" * 40},
        signed("{}") | {"X-Slack-Request-Timestamp": "١٢٣"},
        signed("{}") | {"X-Slack-Signature": "v0=é"},
        signed("{}") | {"X-Slack-Signature": ""},
        signed("{ }"),
    ],
    ids=[
        "unsigned", "other secret", "old", "no number", "huge number", "other digits",
        "no ascii", "empty", "other body",
    ],
)  # fmt: skip
async def test_what_slack_did_not_sign_is_refused_without_a_word(headers: dict[str, str]) -> None:
    async with serving() as server:
        status = await server.post(b"{}", headers)

    assert status == 401
    assert server.got == []


@pytest.mark.parametrize("body", [b"\xff\xfe", b"x" * (MAX_BODY + 1)], ids=["no utf-8", "huge"])
async def test_bodies_nobody_should_read_are_refused(body: bytes) -> None:
    async with serving() as server:
        status = await server.post(body, signed("x"))

    assert status == 401
    assert server.got == []


def test_no_mutation_of_a_signed_request_is_genuine() -> None:
    chance, requests = random.Random(4), SignedRequests(SECRET)
    body = b'{"type": "event_callback"}'
    good = signed(body.decode())

    accepted = 0
    for _ in range(10_000):
        name = chance.choice(sorted(good))
        value = list(good[name])
        value[chance.randrange(len(value))] = chr(chance.randrange(1, 0x2FF))
        headers = good | {name: "".join(value)}
        accepted += headers != good and requests.genuine(headers, body)

    assert requests.genuine(good, body)
    assert accepted == 0


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ConfigError, match="SLACK_SIGNING_SECRET"):
        SignedRequests(" ")
