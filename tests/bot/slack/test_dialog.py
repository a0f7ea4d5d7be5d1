"""People in Slack ask the whole desk: what they write and what they see."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.delivery.texts import say
from config.settings import CourseSettings
from tests.bot.slack.slack_desk import (
    LATE,
    LATE_ANSWER,
    STAFF,
    HeldGenerator,
    answered,
    says,
    settings_for,
    slack_desk,
    whispered,
)
from tests.fakes import ScriptedGenerator
from tests.slack_twin import SlackTwin
from tests.slack_workspace import pressable, shown

FOLLOW_UP = "And can I join after the course has started?"


async def test_a_mention_is_answered_in_its_thread_with_sources(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        ts = await slack.mention("C1", "U1", LATE)
        (answer,) = await answered(slack, "C1")

    assert answer["thread_ts"] == ts
    assert LATE_ANSWER in shown(answer)
    assert "*Sources*" in shown(answer)
    assert "<https://example.org/faq#join-late|Can I still join" in shown(answer)
    assert len(slack.ours("C1")) == 1, "mention and message event make one answer"


async def test_a_question_is_seen_at_once(slack: SlackTwin, tmp_path: Path) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    script.gate.clear()
    async with slack_desk(slack, tmp_path, script):
        ts = await slack.mention("C1", "U1", LATE)
        await slack.until(lambda: slack.reactions and slack.statuses)
        waiting = await says(slack, "C1", "Meanwhile, these entries")
        matches, buttons = shown(waiting), set(pressable(waiting))
        script.gate.set()
        await answered(slack, "C1")

    assert slack.reactions == [("C1", ts, "eyes")]
    assert slack.statuses[0]["thread_ts"] == ts
    assert "Can I still join after the course has started?" in matches
    assert buttons == {"stop:1"}


async def test_those_who_wait_see_their_place_and_it_is_kept_up_to_date(
    slack: SlackTwin, tmp_path: Path
) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    script.gate.clear()
    async with slack_desk(slack, tmp_path, script):
        for number in range(3):
            await slack.mention("C1", f"U{number}", LATE)
        await says(slack, "C1", "Your question is number 2 in the queue.")
        script.gate.set()
        await answered(slack, "C1", 3)

    assert len(slack.ours("C1")) == 3, "each was one message, edited"


async def test_the_answer_grows_in_a_stream_and_ends_as_one_message(
    slack: SlackTwin, tmp_path: Path
) -> None:
    text = f"{LATE_ANSWER} Register with the form at https://example.org/join for that."
    script = HeldGenerator(text)
    async with slack_desk(slack, tmp_path, script):
        await slack.mention("C1", "U1", LATE)
        await slack.until(lambda: slack.ours("C1"))
        script.begin.set()
        await slack.until(lambda: slack.called("chat.startStream"))
        growing = len(slack.ours("C1"))
        script.gate.set()
        (answer,) = await answered(slack, "C1")
        await slack.until(lambda: slack.called("chat.delete"))

    assert growing == 2, "the placeholder holds the stop button meanwhile"
    assert answer["versions"][0] == LATE_ANSWER
    assert answer["streaming"] is False
    assert "https://example.org/join" in shown(answer)
    assert slack.ours("C1") == [answer]


async def test_a_workspace_without_streams_sees_the_message_edited(
    slack: SlackTwin, tmp_path: Path
) -> None:
    slack.has_streams = False
    text = f"{LATE_ANSWER} Register with the form at https://example.org/join for that."
    script = HeldGenerator(text)
    async with slack_desk(slack, tmp_path, script):
        await slack.mention("C1", "U1", LATE)
        await slack.until(lambda: slack.ours("C1"))
        script.begin.set()
        await says(slack, "C1", LATE_ANSWER)
        script.gate.set()
        await answered(slack, "C1")
        await slack.mention("C1", "U1", "Can I join after the course has started?")
        found = await answered(slack, "C1", 2)

    assert all(LATE_ANSWER in shown(answer) for answer in found)
    assert len(slack.ours("C1")) == 2
    assert len(slack.called("chat.startStream")) == 1, "asked for once"


async def test_a_stream_that_lapsed_is_repaired_by_editing(
    slack: SlackTwin, tmp_path: Path
) -> None:
    text = f"{LATE_ANSWER} Register with the form at https://example.org/join for that. Bye."
    script = HeldGenerator(text)
    async with slack_desk(slack, tmp_path, script):
        await slack.mention("C1", "U1", LATE)
        await slack.until(lambda: slack.ours("C1"))
        script.begin.set()
        await slack.until(lambda: any(m.get("streaming") for m in slack.ours("C1")))
        for message in slack.ours("C1"):
            message["streaming"] = False
        script.gate.set()
        (answer,) = await answered(slack, "C1")

    assert "https://example.org/join" in shown(answer)


async def test_a_follow_up_in_the_thread_needs_no_mention_and_remembers(
    slack: SlackTwin, tmp_path: Path
) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    async with slack_desk(slack, tmp_path, script):
        ts = await slack.mention("C1", "U1", LATE)
        await answered(slack, "C1")
        await slack.thread_reply("C1", ts, "U1", FOLLOW_UP)
        second = (await answered(slack, "C1", 2))[1]

    assert second["thread_ts"] == ts
    assert [turn.question for turn in script.requests[1].history] == [LATE]


async def test_a_mention_in_the_middle_of_a_thread_is_answered_there(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        root = await slack.say("C1", "U1", "I wonder")
        await slack.mention("C1", "U2", LATE, thread=root)
        (answer,) = await answered(slack, "C1")

    assert answer["thread_ts"] == root


async def test_other_peoples_talk_is_left_alone(slack: SlackTwin, tmp_path: Path) -> None:
    async with slack_desk(slack, tmp_path) as desk:
        ts = await slack.mention("C1", "U1", LATE)
        await answered(slack, "C1")
        await slack.say("C1", "U2", "Can I still join after the start?")
        root = await slack.say("C1", "U2", "another thread")
        await slack.thread_reply("C1", root, "U3", "Can I still join?")
        await slack.thread_reply("C1", ts, "U2", "I had the same and it worked")
        await slack.thread_reply("C1", ts, "U1", "<@U2> can I still join, do you know?")
        await slack.thread_reply("C1", ts, "U1", "<!here> can I still join?")
        await slack.say("C1", "U2", "edited", subtype="message_changed")
        await slack.say("C1", "B1", "Can I still join?", bot_id="B1")
        jobs = await desk.store.get(2)

    assert jobs is None
    assert len(slack.ours("C1")) == 1


async def test_a_bystanders_question_in_the_thread_is_answered(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        ts = await slack.mention("C1", "U1", LATE)
        await answered(slack, "C1")
        await slack.thread_reply("C1", ts, "U2", "Can I still join, too?")
        found = await answered(slack, "C1", 2)

    assert len(found) == 2


async def test_direct_messages_are_one_conversation_until_new(
    slack: SlackTwin, tmp_path: Path
) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    async with slack_desk(slack, tmp_path, script):
        await slack.dm("U1", LATE)
        await answered(slack, "D1")
        await slack.dm("U1", FOLLOW_UP)
        await answered(slack, "D1", 2)
        await slack.dm("U1", "/new")
        await says(slack, "D1", "Done: I start afresh")
        await slack.dm("U1", LATE)
        found = await answered(slack, "D1", 3)

    assert [len(request.history) for request in script.requests] == [0, 1, 0]
    assert all("thread_ts" not in answer for answer in found)


async def test_faq_answers_in_the_channel_below_the_question(
    slack: SlackTwin, tmp_path: Path
) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    async with slack_desk(slack, tmp_path, script):
        acked = await slack.slash("/faq", LATE + " <!channel>", "C1", "U1")
        (answer,) = await answered(slack, "C1")
        await slack.thread_reply("C1", answer["ts"], "U1", FOLLOW_UP)
        second = (await answered(slack, "C1", 2))[1]

    assert acked
    assert shown(answer).startswith(f"<@U1>: {LATE} @channel")
    assert second["thread_ts"] == answer["ts"]
    assert len(script.requests[1].history) == 1, "the thread of the answer is the conversation"


async def test_faq_in_a_channel_without_the_bot_answers_in_a_direct_message(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        await slack.slash("/faq", LATE, "C9", "U1")
        (answer,) = await answered(slack, "D1")

    assert LATE_ANSWER in shown(answer)
    assert slack.ours("C9") == []


async def test_cancel_stops_it_too(slack: SlackTwin, tmp_path: Path) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    script.gate.clear()
    async with slack_desk(slack, tmp_path, script):
        await slack.mention("C1", "U1", LATE)
        await slack.until(lambda: slack.ours("C1"))
        await slack.mention("C1", "U1", "/cancel")
        await says(slack, "C1", "Stopped.")
        script.gate.set()


async def test_the_closest_entries_are_shown_with_how_they_begin_and_a_way_to_staff(
    slack: SlackTwin, tmp_path: Path
) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    async with slack_desk(slack, tmp_path, script):
        ts = await slack.mention("C1", "U1", "Can I still join without a form?")
        closest = await says(slack, "C1", "I am not sure the FAQ answers this.")
        await slack.press(closest, "staff:1", "U2")
        told = await whispered(slack, "Please ask the course staff.")

    assert closest["thread_ts"] == ts
    assert shown(closest).startswith(
        "I am not sure the FAQ answers this. These come closest:\n\n"
        "• <https://example.org/faq#join-late|Can I still join after the course has started?> "
        "(course-a, General)\n   Yes, you can join at any time."
    )
    assert "Sources" not in shown(closest)
    assert set(pressable(closest)) == {"vote:1:up", "vote:1:down", "staff:1"}
    assert pressable(closest)["staff:1"]["text"]["text"] == "Ask staff"
    assert told["user"] == "U2"
    assert len(slack.ours("C1")) == 1, "only who pressed is told"
    assert script.requests == []


async def test_what_the_faq_does_not_cover_can_be_taken_to_staff(
    slack: SlackTwin, tmp_path: Path
) -> None:
    courses = {"course-b": CourseSettings(slack_channels=("C2",), contact="<!channel> Ada")}
    settings = settings_for(slack, tmp_path).model_copy(update={"courses": courses})
    async with slack_desk(slack, tmp_path, settings=settings):
        await slack.mention("C2", "U1", "Who won the football match?")
        said = await says(slack, "C2", "The FAQ has no answer to this.")
        await slack.press(said, "staff:1", "U1", channel="C2")
        told = await whispered(slack, "I cannot pass questions on yet.")

    assert set(pressable(said)) == {"staff:1"}
    assert told["channel"] == "C2"
    assert shown(told).endswith("Please ask &lt;!channel&gt; Ada.")
    assert "<!" not in str(said) + str(told)


async def test_a_courtesy_is_returned_without_buttons(slack: SlackTwin, tmp_path: Path) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    async with slack_desk(slack, tmp_path, script) as desk:
        await slack.dm("U1", LATE)
        await answered(slack, "D1")
        await slack.dm("U1", "thanks a lot!")
        said = await says(slack, "D1", "You are welcome!")
        searched = list(desk.retriever.searched)

    assert shown(said) == "You are welcome! 🙂"
    assert pressable(said) == {}
    assert searched == [LATE]
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("text", "locale", "language"),
    [
        ("Football World Cup 1990?", "de-DE", "de"),
        ("Wer wurde 1990 Weltmeister im Fußball?", "en-US", "de"),
        ("Who won the football match?", "de-DE", "en"),
    ],
)
async def test_people_are_spoken_to_in_their_language(
    text: str,
    locale: str,
    language: str,
    slack: SlackTwin,
    tmp_path: Path,
) -> None:
    slack.locales["U1"] = locale
    async with slack_desk(slack, tmp_path):
        await slack.mention("C1", "U1", text)
        await says(slack, "C1", say("contact", language))


async def test_who_may_not_ask_is_told_so_by_a_word_only_they_see(
    slack: SlackTwin, tmp_path: Path
) -> None:
    settings = settings_for(slack, tmp_path, allowed_channels=("C2",), allowed_users=("U1",))
    async with slack_desk(slack, tmp_path, settings=settings):
        await slack.mention("C1", "U1", LATE)
        await slack.mention("C2", "U2", LATE)
        await slack.until(lambda: len(slack.ephemerals) == 2)
        await slack.mention("C2", "U1", LATE)
        await slack.mention("C1", STAFF, LATE)
        await answered(slack, "C2")
        await answered(slack, "C1")

    told = sorted((e["channel"], e["user"]) for e in slack.ephemerals)
    assert told == [("C1", "U1"), ("C2", "U2")]
    assert all("I may not answer here" in shown(e) for e in slack.ephemerals)


async def test_an_answer_is_never_unfurled_and_mentions_nobody(
    slack: SlackTwin, tmp_path: Path
) -> None:
    script = ScriptedGenerator(
        lambda _: f"{LATE_ANSWER} <!channel> <@U2> [x](https://evil.example)"
    )
    async with slack_desk(slack, tmp_path, script):
        await slack.mention("C1", "U1", f"{LATE} <!channel>")
        (answer,) = await answered(slack, "C1")

    assert LATE_ANSWER in shown(answer)
    for method in ("chat.postMessage", "chat.update", "chat.startStream", "chat.appendStream"):
        for call in slack.called(method):
            assert "<!" not in str(call)
            assert "<@" not in str(call)
            assert "evil.example|" not in str(call)
    flags = slack.called("chat.postMessage")[0]
    assert (flags["unfurl_links"], flags["unfurl_media"]) == (False, False)
    assert (flags["parse"], flags["link_names"]) == ("none", False)
