"""Socket Mode against the twin: acknowledgements, reconnects, and never being silently deaf."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.slack.client import SlackClient
from bot.slack.pace import SlackPace
from bot.slack.receive_socket import SlackSocket, SocketDead
from bot.slack.times import Times
from tests.bot.slack.slack_desk import QUICK
from tests.slack_twin import APP_TOKEN, BOT_TOKEN, Fault, SlackTwin
from tests.waits import within


@dataclass
class Listening:
    """A socket and what it was told."""

    socket: SlackSocket
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    handled: list[Mapping[str, Any]] = field(default_factory=list)
    caught_up: int = 0
    #: What to do with a delivery; None is no acknowledgement.
    answers: list[dict[str, Any] | None] = field(default_factory=list)


def make(slack: SlackTwin, times: Times = QUICK) -> Listening:
    client = SlackClient(BOT_TOKEN, slack.base_url, SlackPace())

    async def ticket() -> str:
        answer = await client.call("apps.connections.open", app_token=APP_TOKEN)
        return str(answer["url"])

    async def handle(kind: str, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        listening.handled.append(payload)
        answer = listening.answers.pop(0) if listening.answers else {}
        if answer is None:
            slack.lapse()
        return answer

    async def caught_up() -> None:
        listening.caught_up += 1

    socket = SlackSocket(ticket, handle, caught_up=caught_up, times=times)
    listening = Listening(socket)
    return listening


@asynccontextmanager
async def listening_to(slack: SlackTwin, times: Times = QUICK) -> AsyncIterator[Listening]:
    listening = make(slack, times)
    async with asyncio.TaskGroup() as group:
        group.create_task(listening.socket.run(listening.stop))
        await slack.until(lambda: slack.sockets)
        yield listening
        listening.stop.set()


async def test_what_was_handled_is_acknowledged(slack: SlackTwin) -> None:
    async with listening_to(slack) as listening:
        acked = await slack.deliver("events_api", {"n": 1})

    assert acked
    assert listening.handled == [{"n": 1}]


async def test_what_could_not_be_stored_is_delivered_again(slack: SlackTwin) -> None:
    async with listening_to(slack) as listening:
        listening.answers = [None, None]
        acked = await slack.deliver("events_api", {"n": 1})

    assert acked
    assert len(listening.handled) == 3
    assert [attempt for _, attempt in slack.delivered] == [0, 1, 2]


async def test_a_refresh_opens_the_new_connection_before_the_old_one_closes(
    slack: SlackTwin,
) -> None:
    # Long enough for a slow machine to look at both connections.
    async with listening_to(slack, replace(QUICK, overlap_s=1.0)) as listening:
        (old,) = slack.sockets
        await slack.disconnect("refresh_requested")
        await slack.until(lambda: len(slack.sockets) == 2)
        still_open = not old.closed
        await slack.until(lambda: len(slack.sockets) == 1)
        acked = await slack.deliver("events_api", {"n": 2})

    assert still_open
    assert acked
    assert slack.opened == 2
    assert listening.caught_up == 1, "there was no gap to catch up with"


async def test_a_cut_connection_is_replaced_and_what_was_missed_is_caught_up(
    slack: SlackTwin,
) -> None:
    async with listening_to(slack) as listening:
        await slack.cut()
        await slack.until(lambda: slack.sockets)
        acked = await slack.deliver("events_api", {"n": 3})

    assert acked
    assert listening.caught_up == 2


async def test_every_connection_uses_a_ticket_of_its_own(slack: SlackTwin) -> None:
    async with listening_to(slack):
        for _ in range(3):
            await slack.cut()
            await slack.until(lambda: slack.sockets)

    assert slack.opened == 4
    assert slack.tickets == set()


async def test_too_many_websockets_do_not_make_a_storm_of_tickets(slack: SlackTwin) -> None:
    slack.too_many = True
    listening = make(slack)
    running = asyncio.ensure_future(listening.socket.run(listening.stop))

    await slack.until(lambda: slack.opened == SlackSocket.MAX_OPENS)
    for _ in range(20):
        await slack.pause()
    listening.stop.set()
    running.cancel()
    await within(asyncio.wait({running}))

    assert slack.opened == SlackSocket.MAX_OPENS


async def test_a_half_open_connection_is_noticed_and_replaced(slack: SlackTwin) -> None:
    async with listening_to(slack, replace(QUICK, stale_s=0.1)) as listening:
        slack.half_open = True
        await slack.until(lambda: slack.opened >= 2)  # on a slow machine it is silent again
        slack.half_open = False
        listening.socket.times = QUICK  # what follows may take its time
        acked = await slack.deliver("events_api", {"n": 4})

    assert acked


async def test_a_slack_that_stays_away_ends_the_process(slack: SlackTwin) -> None:
    listening = make(slack, replace(QUICK, silence_s=0.3))
    running = asyncio.ensure_future(listening.socket.run(listening.stop))
    await slack.until(lambda: slack.sockets)
    slack.fail("apps.connections.open", *[Fault(status=503, body="down")] * 500)
    await slack.cut()

    await within(asyncio.wait({running}))

    with pytest.raises(SocketDead, match="Slack was not heard for"):
        running.result()


async def test_socket_mode_switched_off_ends_the_process(slack: SlackTwin) -> None:
    listening = make(slack)
    running = asyncio.ensure_future(listening.socket.run(listening.stop))
    await slack.until(lambda: slack.sockets)
    await slack.disconnect("link_disabled")

    await within(asyncio.wait({running}))

    with pytest.raises(SocketDead, match="switched off"):
        running.result()


async def test_junk_on_the_socket_is_ignored(slack: SlackTwin) -> None:
    async with listening_to(slack) as listening:
        for junk in ("", "no json", "[]", "null", '{"type": "what"}', '{"envelope_id": "e"}'):
            await slack.sockets[0].send_str(junk)
        acked = await slack.deliver("events_api", {"n": 5})

    assert acked
    assert listening.handled == [{"n": 5}]


async def test_a_connection_that_does_not_say_hello_is_listened_to(slack: SlackTwin) -> None:
    slack.says_hello = False
    async with listening_to(slack, replace(QUICK, hello_s=0.3)) as listening:
        acked = await slack.deliver("events_api", {"n": 6})

    assert acked
    assert listening.handled == [{"n": 6}]
