"""The offline Slack behaves as the real one is known to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.slack.receive_http import SignedRequests
from tests.slack_twin import APP_TOKEN, BOT, BOT_TOKEN, SECRET, Fault, SlackTwin, signed
from tests.slack_workspace import Json

AUTHORIZED = {"Authorization": f"Bearer {BOT_TOKEN}"}


@pytest.fixture
async def slack() -> AsyncIterator[SlackTwin]:
    async with SlackTwin() as twin:
        yield twin


async def call(slack: SlackTwin, method: str, token: str = BOT_TOKEN, **values: object) -> Json:
    headers = {"Authorization": f"Bearer {token}"}
    async with slack.session.post(slack.base_url + method, json=values, headers=headers) as got:
        return dict(await got.json())


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_only_its_own_tokens_are_good(slack: SlackTwin) -> None:
    good = await call(slack, "auth.test")
    wrong = await call(slack, "auth.test", token="xoxb-other")
    swapped = await call(slack, "apps.connections.open")

    assert (good["user_id"], wrong["error"], swapped["error"]) == (
        BOT,
        "invalid_auth",
        "invalid_auth",
    )


async def test_messages_are_posted_changed_read_and_deleted(slack: SlackTwin) -> None:
    trace = {"event_type": "x", "event_payload": {"job_id": 1}}
    posted = await call(slack, "chat.postMessage", channel="C1", text="a", metadata=trace)
    await call(slack, "chat.update", channel="C1", ts=posted["ts"], text="b")
    bare = await call(slack, "conversations.history", channel="C1")
    full = await call(slack, "conversations.history", channel="C1", include_all_metadata=True)
    await call(slack, "chat.delete", channel="C1", ts=posted["ts"])
    gone = await call(slack, "chat.update", channel="C1", ts=posted["ts"], text="c")

    assert [m["text"] for m in bare["messages"]] == ["b"]
    assert "metadata" not in bare["messages"][0]
    assert full["messages"][0]["metadata"] == trace
    assert gone["error"] == "message_not_found"


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "blocks": [section("y" * 3001)]}, "invalid_blocks"),
        ({"text": "x", "blocks": [section("y")] * 51}, "invalid_blocks"),
        ({"text": "x", "blocks": [section("y" * 2900)] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "blocks": [{"type": "wheel"}]}, "invalid_blocks"),
        ({"text": ""}, "no_text"),
    ],
    ids=["text", "section", "many blocks", "all blocks", "unknown block", "empty"],
)
async def test_what_slack_refuses_is_refused(slack: SlackTwin, values: Json, error: str) -> None:
    answer = await call(slack, "chat.postMessage", channel="C1", **values)

    assert answer["error"] == error
    assert slack.ours("C1") == []


async def test_channels_without_the_bot_are_closed_to_it(slack: SlackTwin) -> None:
    answer = await call(slack, "chat.postMessage", channel="C9", text="x")

    assert answer["error"] == "not_in_channel"


async def test_a_stream_grows_and_can_be_edited_when_it_has_ended(slack: SlackTwin) -> None:
    root = slack.add("C1", user="U1", text="?")["ts"]
    to = {"recipient_user_id": "U1", "recipient_team_id": "T1"}
    nobody = await call(slack, "chat.startStream", channel="C1", thread_ts=root)
    started = await call(
        slack, "chat.startStream", channel="C1", thread_ts=root, markdown_text="a", **to
    )
    place = {"channel": "C1", "ts": started["ts"]}
    await call(slack, "chat.appendStream", markdown_text="b", **place)
    early = await call(slack, "chat.update", text="c", **place)
    await call(slack, "chat.stopStream", **place)
    late = await call(slack, "chat.appendStream", markdown_text="d", **place)
    edited = await call(slack, "chat.update", text="e", **place)

    assert nobody["error"] == "missing_recipient_user_id"
    assert early["ok"] is False
    assert late["error"] == "message_not_in_streaming_state"
    assert edited["ok"] is True


async def test_replies_are_those_of_the_thread(slack: SlackTwin) -> None:
    root = slack.add("C1", user="U1", text="root")["ts"]
    reply = slack.add("C1", user="U2", text="reply", thread_ts=root)["ts"]
    slack.add("C1", user="U2", text="elsewhere")

    thread = await call(slack, "conversations.replies", channel="C1", ts=root)
    alone = await call(slack, "conversations.replies", channel="C1", ts=reply)
    history = await call(slack, "conversations.history", channel="C1")

    assert [m["text"] for m in thread["messages"]] == ["root", "reply"]
    assert [m["text"] for m in alone["messages"]] == ["reply"]
    assert [m["text"] for m in history["messages"]] == ["elsewhere", "root"]


async def test_faults_happen_before_or_after_the_deed(slack: SlackTwin) -> None:
    slack.fail(
        "chat.postMessage",
        Fault(status=429, error="ratelimited", headers={"Retry-After": "3"}),
        Fault(cut=True, after=True),
    )
    url = slack.base_url + "chat.postMessage"
    body = {"channel": "C1", "text": "x"}
    async with slack.session.post(url, json=body, headers=AUTHORIZED) as limited:
        after = limited.headers["Retry-After"]
    posted_before = len(slack.ours("C1"))
    with pytest.raises(aiohttp.ClientError):
        await slack.session.post(url, json=body, headers=AUTHORIZED)

    assert (after, posted_before, len(slack.ours("C1"))) == ("3", 0, 1)


async def test_a_ticket_is_good_once_and_envelopes_come_until_they_are_acknowledged(
    slack: SlackTwin,
) -> None:
    url = (await call(slack, "apps.connections.open", token=APP_TOKEN))["url"]
    slack.ack_s = 0.02
    async with slack.session.ws_connect(url) as ws:
        hello = await ws.receive_json()
        unheard = await slack.event({"type": "message"})
        for _ in range(4):
            last = await ws.receive_json()
        await ws.send_str(json.dumps({"envelope_id": last["envelope_id"]}))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await slack.session.ws_connect(url)

    assert hello["type"] == "hello"
    assert unheard is False
    assert last["retry_attempt"] == 3
    assert [attempt for _, attempt in slack.delivered] == [0, 1, 2, 3]


async def test_an_address_for_one_persons_eyes_takes_five_messages(slack: SlackTwin) -> None:
    url = slack.response_url("C1", "U1")
    statuses = []
    for _ in range(6):
        async with slack.session.post(url, json={"text": "x"}) as response:
            statuses.append(response.status)

    assert statuses == [200] * 5 + [404]


def test_requests_are_signed_as_slack_signs_them() -> None:
    # The example of Slack's own documentation.
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
        "G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
        "collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F39770"
        "0885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10"
        "d2c447fce8b6703c"
    )

    headers = signed(body, secret="8f742231b10e8888abcd99yyyzzz85a5", at=1531420618)

    assert headers["X-Slack-Signature"] == (
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    )
    requests = SignedRequests("8f742231b10e8888abcd99yyyzzz85a5", clock=lambda: 1531420618)
    assert requests.genuine(headers, body.encode())
    assert not SignedRequests(SECRET, clock=lambda: 1531420618).genuine(headers, body.encode())
