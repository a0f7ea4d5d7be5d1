"""What people see of the Telegram adapter: reactions, messages, drafts, edits."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapter import DeliveryError
from bot.messages import Action, ActionStyle, Reply, ReplyState
from tests.telegram_bench import bench
from tests.telegram_faults import BAD_GATEWAY, Fault, flood
from tests.telegram_twin import telegram_twin

WRITING = Reply(text="Yes", state=ReplyState.WRITING)


async def test_a_question_is_heard_at_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        said = await on.twin.private(on.twin.person(7), "How?")
        (message,) = await on.desk.told()

        await on.adapter.heard(message.reply_to)

        assert on.twin.reactions[7, said["message_id"]] == ["👀"]
        assert on.twin.called("sendChatAction", action="typing")


async def test_being_heard_is_never_worth_an_error(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.fail("setMessageReaction", BAD_GATEWAY)
        on.twin.fail("sendChatAction", flood(3))

        await on.adapter.heard("7//1")


async def test_an_answer_is_a_quiet_reply_with_buttons(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        said = await on.twin.private(on.twin.person(7), "How?")
        (message,) = await on.desk.told()
        votes = (Action(label="👍", value="vote:1:up"), Action(label="👎", value="vote:1:down"))

        message_id = await on.adapter.post(
            message.reply_to, Reply(text="See https://e.org", actions=votes)
        )

        (answer,) = on.twin.shown(7)
        assert message_id == f"7/{answer.id}"
        assert answer.reply_to == said["message_id"]
        assert answer.buttons == {"👍": "vote:1:up", "👎": "vote:1:down"}
        assert not answer.preview


async def test_a_list_of_choices_is_a_column_with_the_current_one_marked(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        actions = (
            Action(label="Course number one", value="course:a", current=True),
            Action(label="Course number two", value="course:b"),
            Action(label="too long", value="course:" + "x" * 60),
        )

        await on.adapter.post("7//", Reply(text="Choose", actions=actions))

        rows = on.twin.shown(7)[0].raw["reply_markup"]["inline_keyboard"]
        assert [[button["text"] for button in row] for row in rows] == [
            ["✅ Course number one"],
            ["Course number two"],
        ]


async def test_an_edit_replaces_the_message_and_repeating_it_is_fine(tmp_path: Path) -> None:
    async with bench(tmp_path, without=frozenset({"sendMessageDraft"})) as on:
        on.twin.person(7)
        posted = await on.adapter.post("7//", Reply(text="…", state=ReplyState.WAITING))

        await on.adapter.edit("7//", posted, WRITING)
        await on.adapter.edit("7//", posted, Reply(text="Yes, **you** can."))
        await on.adapter.edit("7//", posted, Reply(text="Yes, **you** can."))

        (shown,) = on.twin.shown(7)
        assert shown.text == "Yes, you can."
        assert shown.styled("bold") == ["you"]
        assert len(on.twin.versions[7, shown.id]) == 3


async def test_a_group_gets_one_message_and_one_edit(tmp_path: Path) -> None:
    async with bench(tmp_path, typing_s=3600) as on:
        group = on.twin.group()
        to = f"{group['id']}//"
        posted = await on.adapter.post(to, Reply(notice="Next.", state=ReplyState.WAITING))

        for count in range(5):
            growing = Reply(text="word " * count, state=ReplyState.WRITING)
            await on.adapter.edit(to, posted, growing)
        await on.adapter.edit(to, posted, Reply(text="Done."))

        (shown,) = on.twin.shown(group)
        assert [version.text for version in on.twin.versions[shown.chat, shown.id]] == [
            "Next.",
            "Done.",
        ]
        assert len(on.twin.called("sendChatAction")) == 1


async def test_growing_text_is_a_draft_in_a_private_chat_and_one_message_in_the_end(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))

        for text in ("Yes", "Yes, you"):
            growing = Reply(text=text, state=ReplyState.WRITING, job_id=job.id)
            await on.adapter.edit("7//", posted, growing)
        await on.adapter.edit("7//", posted, Reply(text="Yes, you can.", job_id=job.id))

        assert on.twin.drafts[7, job.id] == ["Yes", "Yes, you", "⬆️"]
        assert [shown.text for shown in on.twin.shown(7)] == ["Yes, you can."]
        assert len(on.twin.called("editMessageText")) == 1


async def test_a_server_without_drafts_is_asked_once(tmp_path: Path) -> None:
    async with bench(tmp_path, without=frozenset({"sendMessageDraft"})) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))

        for text in ("Yes", "Yes, you"):
            growing = Reply(text=text, state=ReplyState.WRITING, job_id=job.id)
            await on.adapter.edit("7//", posted, growing)

        assert len(on.twin.called("sendMessageDraft")) == 1
        assert on.twin.shown(7)[0].text == "Yes, you"


async def test_a_draft_that_fails_is_an_edit_for_that_time(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))
        on.twin.fail("sendMessageDraft", BAD_GATEWAY)

        for text in ("Yes", "Yes, you"):
            growing = Reply(text=text, state=ReplyState.WRITING, job_id=job.id)
            await on.adapter.edit("7//", posted, growing)

        assert on.twin.shown(7)[0].text == "Yes"
        assert on.twin.drafts[7, job.id] == ["Yes, you"]


async def test_a_long_answer_is_several_messages_with_the_buttons_below_the_last(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))
        code = "\n".join(f"line_{number} = {number}" for number in range(700))
        answer = Reply(
            text="Intro. " * 800 + f"\n\n```python\n{code}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
            actions=(Action(label="👍", value="vote:1:up"),),
            job_id=job.id,
        )

        await on.adapter.edit("7//", posted, answer)
        await on.adapter.edit("7//", posted, answer)

        messages = on.twin.shown(7)
        assert len(messages) >= 4
        assert [bool(message.buttons) for message in messages] == [False] * (len(messages) - 1) + [
            True
        ]
        assert all(f"line_{number} = {number}" in _together(messages) for number in range(700))


def _together(messages: list) -> str:  # type: ignore[type-arg]
    return "\n".join(message.text for message in messages)


async def test_a_long_answer_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        answer = Reply(text="word " * 2500, job_id=job.id)
        posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))
        on.twin.fail("sendMessage", BAD_GATEWAY)

        with pytest.raises(DeliveryError):
            await on.adapter.edit("7//", posted, answer)
        await on.adapter.edit("7//", posted, answer)

        assert _together(on.twin.shown(7)).split() == ["word"] * 2500


async def test_markup_that_telegram_rejects_becomes_plain_text(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        rejected = Fault(status=400, description="Bad Request: can't parse entities: x")
        on.twin.fail("sendMessage", rejected)

        await on.adapter.post("7//", Reply(text="**bold** text"))

        (shown,) = on.twin.shown(7)
        assert (shown.text, shown.entities) == ("bold text", ())


async def test_a_small_strict_server_is_enough(tmp_path: Path) -> None:
    news = {"sendMessageDraft", "setMessageReaction", "deleteWebhook", "setMyCommands"}
    async with (
        telegram_twin(without=frozenset(news), strict=True) as twin,
        bench(tmp_path, twin=twin) as on,
    ):
        await twin.private(twin.person(7), "How?")
        (message,) = await on.desk.told()
        stop = (Action(label="Stop", value="stop:1", style=ActionStyle.DANGER),)

        await on.adapter.heard(message.reply_to)
        posted = await on.adapter.post(message.reply_to, Reply(text="Next.", actions=stop))
        await on.adapter.edit(message.reply_to, posted, Reply(text="**Yes**.", actions=stop))

        (shown,) = twin.shown(7)
        assert (shown.text, shown.styled("bold"), list(shown.buttons)) == (
            "Yes.",
            ["Yes"],
            ["Stop"],
        )


async def test_a_message_that_comes_back_with_its_number_alone_was_sent(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        on.twin.minimal = True

        posted = await on.adapter.post("7//", Reply(text="Yes."))

        assert posted == f"7/{on.twin.shown(7)[0].id}"
        assert len(on.twin.called("sendMessage")) == 1


async def test_a_thread_that_is_no_topic_does_not_lose_the_answer(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        forum = on.twin.group(forum=True)

        await on.adapter.post(f"{forum['id']}/44/", Reply(text="Yes."))

        assert [shown.text for shown in on.twin.shown(forum)] == ["Yes."]
