"""Slack at its worst: each question is still answered, and answered once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.adapter import DeliveryError, MessageGone
from bot.messages import Message, Press, Reply, ReplyState
from bot.slack.adapter import SlackAdapter
from bot.slack.client import SlackClient, retry_after
from bot.slack.pace import SlackPace
from bot.slack.parse import ReplyTo
from bot.slack.send import SlackSender
from config.settings import ConfigError, SlackSettings
from engine.errors import StoreError
from engine.store.jobs import JobStore
from tests.bot.slack.slack_desk import (
    LATE,
    LATE_ANSWER,
    HeldGenerator,
    adapter_for,
    answered,
    says,
    settings_for,
    slack_desk,
)
from tests.fakes import ScriptedGenerator
from tests.slack_twin import APP_TOKEN, BOT_TOKEN, SECRET, Fault, SlackTwin
from tests.slack_workspace import pressable, shown
from tests.waits import within

LIMITED = Fault(status=429, error="ratelimited", headers={"Retry-After": "3"})
TO = ReplyTo(channel="C1", user="U1", team="T1", thread="1.0", message="1.0").dump()


@pytest.fixture
async def slack() -> AsyncIterator[SlackTwin]:
    async with SlackTwin() as twin:
        yield twin


@pytest.fixture
def sender(slack: SlackTwin) -> SlackSender:
    slack.channels["C1"].append({"ts": "1.0", "user": "U1", "text": "the question"})
    pace = SlackPace(channel_s=0.0, per_minute={}, others=100_000, clock=lambda: 0.0)
    return SlackSender(SlackClient(BOT_TOKEN, slack.base_url, pace))


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


# Taking in


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


# Getting out


async def test_twenty_waiting_questions_survive_a_restart(slack: SlackTwin, tmp_path: Path) -> None:
    held = HeldGenerator(LATE_ANSWER)
    async with slack_desk(slack, tmp_path, held):
        for number in range(20):
            await slack.mention("C1", f"U{number}", LATE)
        await slack.until(lambda: len(slack.ours("C1")) == 20)
    before = {message["ts"] for message in slack.ours("C1")}
    async with slack_desk(slack, tmp_path):
        found = await answered(slack, "C1", 20)

    assert {message["ts"] for message in slack.ours("C1")} == before, "the old ones were edited"
    assert all(LATE_ANSWER in shown(message) for message in found)


async def test_a_placeholder_whose_id_was_never_stored_is_found_again(
    slack: SlackTwin, tmp_path: Path, sender: SlackSender
) -> None:
    waiting = Reply(state=ReplyState.WAITING, notice="Your question is next.", job_id=7)
    first = await sender.post(TO, waiting)
    after_restart = SlackSender(SlackClient(BOT_TOKEN, slack.base_url, SlackPace()))

    second = await after_restart.post(TO, Reply(text="Yes.", job_id=7))

    assert second == first
    assert [shown(message) for message in slack.ours("C1")] == ["Yes."]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut=True, after=True),
        Fault(status=502, body="<html>bad gateway</html>", after=True),
        Fault(status=200, body="<html>hello</html>", after=True),
        Fault(error="internal_error", after=True),
        Fault(cut=True),
        Fault(status=503, body=""),
        Fault(error="service_unavailable"),
    ],
    ids=["cut after", "502 after", "HTML after", "error after", "cut", "503", "unavailable"],
)
async def test_a_post_of_unknown_outcome_is_never_made_twice(
    fault: Fault, slack: SlackTwin, tmp_path: Path, sender: SlackSender
) -> None:
    sender.asked_now(TO)
    slack.fail("chat.postMessage", fault)
    with pytest.raises(DeliveryError):
        await sender.post(TO, Reply(state=ReplyState.WAITING, notice="Next.", job_id=7))

    await sender.post(TO, Reply(text="Yes.", job_id=7))

    assert [shown(message) for message in slack.ours("C1")] == ["Yes."]


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_a_question_survives_whatever_goes_wrong_on_the_way(
    method: str, slack: SlackTwin, tmp_path: Path
) -> None:
    slack.has_streams = False
    slack.fail(
        method,
        Fault(status=429, error="ratelimited", headers={"Retry-After": "0.01"}),
        Fault(status=500, body="oops"),
        Fault(cut=True),
        Fault(status=200, body="<html></html>"),
        Fault(error="fatal_error"),
        Fault(cut=True, after=True),
    )
    async with slack_desk(slack, tmp_path, retry_s=(0.01, 0.02)):
        await slack.mention("C1", "U1", LATE)
        await answered(slack, "C1")

    assert len(slack.ours("C1")) == 1
    assert slack.posted == 1


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


async def test_a_deleted_placeholder_does_not_lose_the_answer(
    slack: SlackTwin, tmp_path: Path
) -> None:
    held = HeldGenerator(LATE_ANSWER)
    async with slack_desk(slack, tmp_path, held):
        await slack.mention("C1", "U1", LATE)
        await slack.until(lambda: slack.ours("C1"))
        slack.ours("C1")[0]["deleted"] = True
        held.begin.set()
        held.gate.set()
        (answer,) = await answered(slack, "C1")

    assert LATE_ANSWER in shown(answer)


async def test_a_gone_message_is_told_as_such(sender: SlackSender) -> None:
    with pytest.raises(MessageGone):
        await sender.edit(TO, "C1/1.5", Reply(text="x"))


async def test_a_long_answer_arrives_whole_and_once(
    slack: SlackTwin, tmp_path: Path, sender: SlackSender
) -> None:
    reply = Reply(text=long_text(), job_id=3)
    first = await sender.post(TO, Reply(state=ReplyState.WAITING, notice="Next.", job_id=3))
    slack.fail("chat.postMessage", Fault(cut=True, after=True))
    with pytest.raises(DeliveryError):
        await sender.edit(TO, first, reply)

    await sender.edit(TO, first, reply)
    await sender.edit(TO, first, reply)

    parts = slack.ours("C1")
    assert len(parts) == 2
    whole = "\n".join(shown(part) for part in parts)
    assert all(f"Paragraph {n}:" in whole for n in range(70))
    assert whole.count("39 | 1521") == 1
    assert all(part["thread_ts"] == "1.0" for part in parts)


async def test_a_long_entry_is_quoted_whole_enough_through_the_desk(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path, ScriptedGenerator(lambda _: "")):
        await slack.mention("C1", "U1", "CUDA out of memory when loading the model")
        (answer,) = await answered(slack, "C1")

    assert "_bash_\n\n```\nnvidia-smi\npip install bitsandbytes\n```" in shown(answer)


async def test_blocks_that_are_refused_become_plain_text_and_nothing_is_lost(
    slack: SlackTwin, sender: SlackSender
) -> None:
    slack.fail("chat.postMessage", Fault(error="invalid_blocks"), Fault(error="invalid_blocks"))

    await sender.post(TO, Reply(text="Do `this` & *that*.", notice="Quoted:"))

    (message,) = slack.ours("C1")
    assert message.get("blocks") is None
    assert message["text"] == "Quoted:\n\nDo `this` &amp; _that_."


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


def long_text() -> str:
    """20,000 characters with code and a table."""
    prose = "\n\n".join(f"Paragraph {n}: " + "words and more words " * 10 for n in range(70))
    code = "\n".join(f"pip install package-{n}" for n in range(120))
    rows = "\n".join(f"| {n} | {n * n} |" for n in range(40))
    return f"{prose}\n\n```bash\n{code}\n```\n\n| n | square |\n|---|---|\n{rows}"


async def test_a_watched_display_makes_its_five_updates_last_a_minute(slack: SlackTwin) -> None:
    now = [0.0]
    sender = SlackSender(SlackClient(BOT_TOKEN, slack.base_url, SlackPace(clock=lambda: now[0])))
    to = ReplyTo(channel="C9", user="U1", response_url=slack.response_url("C9", "U1")).dump()
    posted = await sender.post(to, Reply(text="at 0 s", ephemeral=True))

    for _ in range(12):
        now[0] += 5
        await sender.edit(to, posted, Reply(text=f"at {now[0]:.0f} s", ephemeral=True))

    (display,) = slack.ephemerals
    assert shown(display) == "at 60 s"


async def test_progress_leaves_the_few_updates_of_an_address_to_the_outcome(
    slack: SlackTwin,
) -> None:
    sender = SlackSender(SlackClient(BOT_TOKEN, slack.base_url, SlackPace()))
    to = ReplyTo(channel="C9", user="U1", response_url=slack.response_url("C9", "U1")).dump()
    posted = await sender.whisper(ReplyTo.load(to), Reply(text="Loading"))

    for percent in range(10):
        progress = Reply(text=f"{percent} %", state=ReplyState.WAITING)
        await sender.edit(to, posted, progress)
    await sender.edit(to, posted, Reply(text="It answers now."))

    (display,) = slack.ephemerals
    assert shown(display) == "It answers now."


async def test_without_ephemeral_messages_a_command_is_answered_in_the_thread(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        slack.fail("chat.postEphemeral", Fault(error="unknown_method"))
        ts = await slack.mention("C1", "U1", "/model")

        answer = await says(slack, "C1", "Models:")

    assert answer["thread_ts"] == ts


async def test_commands_without_a_trigger_are_told_apart(slack: SlackTwin, tmp_path: Path) -> None:
    async with slack_desk(slack, tmp_path):
        for text in (LATE, "How do I get a certificate?"):
            bare = {"command": "/faq", "text": text, "channel_id": "C1", "user_id": "U1"}
            await slack.deliver("slash_commands", bare, tries=1)

            await answered(slack, "C1", 1)
        await slack.until(lambda: len(slack.ours("C1")) == 2)


async def test_a_command_waits_out_a_short_429_and_is_answered(
    slack: SlackTwin, tmp_path: Path
) -> None:
    limited = Fault(status=429, error="ratelimited", headers={"Retry-After": "0.1"})
    async with slack_desk(slack, tmp_path):
        slack.fail("chat.postMessage", limited)
        await slack.dm("U1", "/status")

        await says(slack, "D1", "Waiting questions: 0")


async def test_a_placeholder_that_cannot_be_deleted_does_not_go_on_saying_it_writes(
    slack: SlackTwin, tmp_path: Path
) -> None:
    script = HeldGenerator(
        f"{LATE_ANSWER} Register with the form at https://example.org/join for that."
    )
    async with slack_desk(slack, tmp_path, script):
        slack.fail("chat.delete", Fault(error="unknown_method"))
        await slack.mention("C1", "U1", LATE)
        await slack.until(lambda: slack.ours("C1"))
        script.begin.set()
        await slack.until(lambda: slack.called("chat.startStream"))
        script.gate.set()
        await answered(slack, "C1")
        placeholder, _ = slack.ours("C1")
        await slack.until(lambda: "Writing" not in shown(placeholder))

    assert not pressable(placeholder)


async def test_a_display_that_began_with_a_mention_goes_on_in_a_direct_message(
    slack: SlackTwin,
) -> None:
    sender = SlackSender(SlackClient(BOT_TOKEN, slack.base_url, SlackPace()))
    to = ReplyTo(channel="C1", user="U1", thread="1.0", message="1.0").dump()
    posted = await sender.post(to, Reply(text="at 0 s", ephemeral=True))

    posted = await sender.edit(to, posted, Reply(text="at 5 s", ephemeral=True)) or posted
    posted = await sender.edit(to, posted, Reply(text="at 10 s", ephemeral=True)) or posted

    (display,) = slack.ours("D1")
    assert shown(display) == "at 10 s"
    assert not slack.ours("C1")


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
