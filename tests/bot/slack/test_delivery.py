"""Slack at its worst: each question is still answered, and answered once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapter import DeliveryError, MessageGone
from bot.messages import Reply, ReplyState
from bot.slack.client import SlackClient
from bot.slack.pace import SlackPace
from bot.slack.parse import ReplyTo
from bot.slack.send import SlackSender
from tests.bot.slack.slack_desk import (
    LATE,
    LATE_ANSWER,
    HeldGenerator,
    answered,
    says,
    slack_desk,
)
from tests.fakes import ScriptedGenerator
from tests.slack_twin import BOT_TOKEN, Fault, SlackTwin
from tests.slack_workspace import pressable, shown

TO = ReplyTo(channel="C1", user="U1", team="T1", thread="1.0", message="1.0").dump()


@pytest.fixture
def sender(slack: SlackTwin) -> SlackSender:
    slack.channels["C1"].append({"ts": "1.0", "user": "U1", "text": "the question"})
    pace = SlackPace(channel_s=0.0, per_minute={}, others=100_000, clock=lambda: 0.0)
    return SlackSender(SlackClient(BOT_TOKEN, slack.base_url, pace))


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
