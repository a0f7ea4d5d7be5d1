"""Slack's limits, and what it asks to wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapter import DeliveryError
from bot.messages import Reply
from bot.slack.client import SlackClient
from bot.slack.errors import retry_after
from bot.slack.pace import SlackPace
from bot.slack.parse import ReplyTo
from bot.slack.send import SlackSender
from tests.bot.slack.slack_desk import says, slack_desk
from tests.slack_twin import BOT_TOKEN, Fault, SlackTwin

LIMITED = Fault(status=429, error="ratelimited", headers={"Retry-After": "3"})
TO = ReplyTo(channel="C1", user="U1", team="T1", thread="1.0", message="1.0").dump()


async def test_retry_after_is_passed_up_and_holds_that_channel_alone(slack: SlackTwin) -> None:
    now = [100.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = SlackPace(clock=lambda: now[0], sleep=sleep)
    sender = SlackSender(SlackClient(BOT_TOKEN, slack.base_url, pace))
    slack.fail("chat.postMessage", LIMITED)
    with pytest.raises(DeliveryError) as limited:
        await sender.post(TO, Reply(text="one"))

    elsewhere = ReplyTo(channel="C2", user="U1").dump()
    await sender.post(elsewhere, Reply(text="two"))
    at_once = now[0]
    await sender.post(TO, Reply(text="three"))

    assert limited.value.retry_after_s == 3.0
    assert at_once == 100.0
    assert now[0] == 103.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("1.5", 1.5),
        ("soon", 1.0),
        ("", 1.0),
        ("nan", 1.0),
        ("1e9", 3600.0),
        ("-5", 0.1),
    ],
)
def test_any_retry_after_is_understood(value: str, seconds: float) -> None:
    assert retry_after({"retry-after": value}) == seconds


async def test_a_channel_gets_a_message_a_second_after_a_short_burst() -> None:
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = SlackPace(clock=lambda: now[0], sleep=sleep)
    times = []
    for _ in range(6):
        await pace.turn("chat.postMessage", "C1", patient=True)
        times.append(now[0])

    assert times == [0, 0, 0, 3, 3, 3]
    with pytest.raises(DeliveryError) as busy:
        await pace.turn("chat.postMessage", "C1", patient=False)
    assert busy.value.retry_after_s == 3


async def test_interim_edits_leave_room_for_what_matters() -> None:
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = SlackPace(clock=lambda: now[0], sleep=sleep)
    for number in range(32):
        await pace.turn("chat.update", f"C{number}", patient=False)

    with pytest.raises(DeliveryError):
        await pace.turn("chat.update", "C99", patient=False)
    for number in range(15):
        await pace.turn("chat.update", f"D{number}", patient=True)

    assert now[0] == 0.0


async def test_a_command_waits_out_a_short_429_and_is_answered(
    slack: SlackTwin, tmp_path: Path
) -> None:
    limited = Fault(status=429, error="ratelimited", headers={"Retry-After": "0.1"})
    async with slack_desk(slack, tmp_path):
        slack.fail("chat.postMessage", limited)
        await slack.dm("U1", "/status")

        await says(slack, "D1", "Waiting questions: 0")
