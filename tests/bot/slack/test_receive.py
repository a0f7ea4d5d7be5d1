"""What Slack delivers is taken in once, and never acknowledged before it is stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.adapter import DeliveryError
from bot.messages import Message, Press, Reply
from bot.slack.adapter import SlackAdapter
from bot.slack.client import SlackClient
from bot.slack.pace import SlackPace
from bot.slack.parse import ReplyTo
from config.settings import ConfigError, SlackSettings
from engine.errors import StoreError
from engine.store.jobs import JobStore
from tests.bot.slack.slack_desk import (
    LATE,
    LATE_ANSWER,
    adapter_for,
    answered,
    settings_for,
    slack_desk,
)
from tests.fakes import ScriptedGenerator
from tests.slack_twin import APP_TOKEN, BOT_TOKEN, SECRET, Fault, SlackTwin
from tests.waits import within

LIMITED = Fault(status=429, error="ratelimited", headers={"Retry-After": "3"})
TO = ReplyTo(channel="C1", user="U1", team="T1", thread="1.0", message="1.0").dump()


@dataclass
class FullDisk:
    """A desk whose disk refuses a few times."""

    refusals: int
    took: int = 0
    #: Called with each refusal.
    refused: Callable[[], None] = lambda: None

    async def receive(self, message: Message) -> None:
        if self.refusals:
            self.refusals -= 1
            self.refused()
            raise StoreError("The disk is full.")
        self.took += 1

    async def press(self, press: Press) -> Reply | None:
        return None


async def test_what_cannot_be_stored_is_not_acknowledged_and_comes_again(
    slack: SlackTwin, tmp_path: Path
) -> None:
    desk, stop = FullDisk(refusals=2, refused=slack.lapse), asyncio.Event()
    async with JobStore(tmp_path / "q.sqlite3") as store, asyncio.TaskGroup() as group:
        adapter = adapter_for(slack, store, settings_for(slack, tmp_path))
        group.create_task(adapter.run(desk, stop))
        await slack.until(lambda: slack.sockets)
        await slack.dm("U1", LATE)
        stop.set()

    assert desk.took == 1
    assert [attempt for _, attempt in slack.delivered] == [0, 1, 2]
    assert len(slack.acked) == 1


async def test_duplicates_in_any_order_are_answered_once(slack: SlackTwin, tmp_path: Path) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    async with slack_desk(slack, tmp_path, script):
        ts = await slack.mention("C1", "U1", LATE)
        await answered(slack, "C1")
        event = {**slack.message("C1", ts), "channel": "C1"}
        again = [{**event, "type": kind} for kind in ("app_mention", "message") * 5]
        acked = [await slack.event(each) for each in again]
    async with slack_desk(slack, tmp_path, script):
        acked += [await slack.event(each) for each in again]

    assert all(acked)
    assert len(slack.ours("C1")) == 1
    assert len(script.requests) == 1


async def test_a_command_in_a_mention_is_answered_once(slack: SlackTwin, tmp_path: Path) -> None:
    async with slack_desk(slack, tmp_path):
        await slack.mention("C1", "U1", "/status")
        await slack.until(lambda: slack.ephemerals)

    assert len(slack.ephemerals) == 1


async def test_what_was_written_while_the_bot_was_away_is_answered(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        root = await slack.mention("C1", "U1", LATE)
        await slack.dm("U2", LATE)
        await answered(slack, "C1")
        await answered(slack, "D2")
    recent = slack.now()
    for channel, text, thread in (
        ("C1", "<@UBOT> Can I still join tomorrow?", None),
        ("C1", "And can I still join without the form?", root),
        ("C1", "Can I still join? I ask nobody", None),
        ("D2", "Can I still join next week?", None),
    ):
        slack.add(channel, ts=recent(), user="U1", text=text, thread_ts=thread)
    async with slack_desk(slack, tmp_path):
        await answered(slack, "C1", 3)
        await answered(slack, "D2", 2)

    assert len(slack.ours("C1")) == 3
    assert len(slack.ours("D2")) == 2


async def test_a_refused_token_ends_the_program_with_a_sentence(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        settings = settings_for(slack, tmp_path)
        adapter = adapter_for(slack, store, settings, bot_token="xoxb-wrong-token")

        with pytest.raises(ConfigError, match="Slack refuses SLACK_BOT_TOKEN"):
            await adapter.run(FullDisk(0), asyncio.Event())


async def test_a_token_revoked_later_ends_the_program(slack: SlackTwin, tmp_path: Path) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        adapter = adapter_for(slack, store, settings_for(slack, tmp_path))
        running = asyncio.ensure_future(adapter.run(FullDisk(0), asyncio.Event()))
        await slack.until(lambda: slack.sockets)
        slack.fail("chat.postMessage", Fault(error="token_revoked"))
        with pytest.raises(DeliveryError):
            await adapter.post(TO, Reply(text="x"))

        with pytest.raises(ConfigError, match="no longer accepts"):
            await within(running)


async def test_slack_may_be_away_when_the_program_starts(slack: SlackTwin, tmp_path: Path) -> None:
    slack.fail("auth.test", Fault(status=429, error="ratelimited", headers={"Retry-After": "0"}))
    async with slack_desk(slack, tmp_path):
        await slack.dm("U1", LATE)
        await answered(slack, "D1")


async def test_http_mode_serves_events_commands_and_presses(
    slack: SlackTwin, tmp_path: Path
) -> None:
    settings = settings_for(slack, tmp_path, mode="http", listen="127.0.0.1:0")
    async with slack_desk(slack, tmp_path, settings=settings) as desk:
        await slack.mention("C1", "U1", LATE)
        (answer,) = await answered(slack, "C1")
        acked = [
            await slack.press(answer, "vote:1:up", "U2"),
            await slack.slash("/faq", LATE, "C2", "U1"),
        ]
        await answered(slack, "C2")
        await slack.until(lambda: slack.ephemerals)
        votes = await desk.store.votes(1)

    assert acked == [True, True]
    assert sum(votes.values()) == 1
    assert slack.opened == 0


async def test_no_token_appears_in_logs_or_errors(
    slack: SlackTwin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    async with slack_desk(slack, tmp_path):
        slack.fail("chat.postMessage", Fault(status=500, body="x"), LIMITED)
        slack.fail("apps.connections.open", Fault(cut=True))
        await slack.mention("C1", "U1", "/model")
        await slack.cut()
        await slack.until(lambda: slack.sockets)
        client = SlackClient(BOT_TOKEN, slack.base_url, SlackPace())

    spoken = caplog.text + repr(client)
    assert all(secret not in spoken for secret in (BOT_TOKEN, APP_TOKEN, SECRET, "ticket="))


async def test_commands_without_a_trigger_are_told_apart(slack: SlackTwin, tmp_path: Path) -> None:
    async with slack_desk(slack, tmp_path):
        for text in (LATE, "How do I get a certificate?"):
            bare = {"command": "/faq", "text": text, "channel_id": "C1", "user_id": "U1"}
            await slack.deliver("slash_commands", bare, tries=1)

            await answered(slack, "C1", 1)
        await slack.until(lambda: len(slack.ours("C1")) == 2)


@pytest.mark.parametrize(
    ("mode", "app_token", "secret", "problem"),
    [
        ("auto", None, None, "SLACK_APP_TOKEN .Socket Mode. or SLACK_SIGNING_SECRET"),
        ("socket", None, SECRET, "Socket Mode needs SLACK_APP_TOKEN"),
        ("http", APP_TOKEN, None, "HTTP mode needs SLACK_SIGNING_SECRET"),
        ("http", APP_TOKEN, " ", "SLACK_SIGNING_SECRET"),
    ],
)
def test_a_missing_secret_is_named_at_once(
    mode: str, app_token: str | None, secret: str | None, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=problem):
        SlackAdapter(
            SlackSettings.model_validate({"mode": mode}),
            SecretStr(BOT_TOKEN),
            SecretStr(app_token) if app_token else None,
            SecretStr(secret) if secret else None,
            JobStore(tmp_path / "q.sqlite3"),
            is_staff=lambda _: False,
            status=nothing,
            starters=tuple,
        )


async def nothing() -> str:
    return ""
