"""The Telegram adapter on its twin: who is answered, what is shown, what goes wrong."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from bot.adapter import DeliveryError, DeliveryRefused, MessageGone
from bot.messages import Action, ActionStyle, Reply, ReplyState
from bot.telegram.errors import TelegramLost, TokenRejected
from bot.telegram.listen import Times
from bot.telegram.pace import Pace
from config.settings import ConfigError
from engine.store.jobs import JobStore
from tests.telegram_bench import ADMIN, QUICK, NotingDesk, adapter_on, bench
from tests.telegram_twin import (
    BAD_GATEWAY,
    BOT,
    CONFLICT,
    CUT_AFTER,
    CUT_BEFORE,
    HANG_AFTER,
    HTML_200,
    TOKEN,
    UNAUTHORIZED,
    Fault,
    flood,
    telegram_twin,
)

ME = f"@{BOT['username']}"
WRITING = Reply(text="Yes", state=ReplyState.WRITING)


# Addressing


async def test_everything_in_a_private_chat_is_for_us(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7, language="de")

        said = await on.twin.private(ada, "How do I join?")

        (message,) = await on.desk.told()
        assert message.text == "How do I join?"
        assert message.conversation == "7"
        assert message.message_id == str(said["message_id"])
        assert message.user_id == "7"
        assert message.language == "de"
        assert message.private


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        (f"{ME} how do I join?", "how do I join?"),
        (f"Hello {ME.upper()}, how do I join?", "Hello , how do I join?"),
        (f"😀 {ME} how?", "😀  how?"),
        ("/ask how do I join?", "/ask how do I join?"),
        (f"/ask{ME} how?", "/ask how?"),
        (f"/model{ME}", "/model"),
        (f"{ME} /model phi-3-mini", "/model phi-3-mini"),
        (f"/nonsense{ME} x", "/nonsense x"),
    ],
)
async def test_a_group_is_answered_when_it_turns_to_us(
    tmp_path: Path, text: str, heard: str
) -> None:
    async with bench(tmp_path) as on:
        ada, group = on.twin.person(7), on.twin.group()

        said = await on.twin.say(group, ada, text)

        (message,) = await on.desk.told()
        assert message.text == heard
        assert message.conversation == f"{group['id']}:{said['message_id']}"
        assert message.channel == str(group["id"])
        assert not message.private


@pytest.mark.parametrize(
    "text",
    [
        "How do I join?",
        "@somebody do you know?",
        f"{ME}2 how?",
        "/help",
        "/ask@another_bot how?",
        "/model@another_bot",
    ],
)
async def test_other_peoples_talk_is_left_alone(tmp_path: Path, text: str) -> None:
    async with bench(tmp_path) as on:
        ada, group = on.twin.person(7), on.twin.group()

        await on.twin.say(group, ada, text)
        await on.twin.say(group, ada, "/ask for us")

        assert [message.text for message in await on.desk.told()] == ["/ask for us"]


async def test_a_mention_by_name_is_heard(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        entity = {"type": "text_mention", "offset": 0, "length": 3, "user": BOT}

        await on.twin.say(on.twin.group(), on.twin.person(7), "FAQ how?", entities=[entity])

        assert (await on.desk.told())[0].text == "how?"


async def test_a_reply_to_us_goes_on_with_the_conversation(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada, bob, group = on.twin.person(7), on.twin.person(8, "Bob"), on.twin.group()
        job = await on.ask(chat=group["id"], message=5)
        await on.adapter.post(job.reply_to, Reply(text="Yes.", job_id=job.id))
        answer = on.twin.shown(group)[0]

        await on.twin.say(group, bob, "@ada look", reply_to=answer)
        await on.twin.say(group, ada, "and on Windows?", reply_to=answer)

        (message,) = await on.desk.told()
        assert message.text == "and on Windows?"
        assert message.conversation == job.conversation


async def test_a_reply_to_the_second_half_of_an_answer_goes_on_too(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada, group = on.twin.person(7), on.twin.group()
        job = await on.ask(chat=group["id"])
        await on.adapter.post(job.reply_to, Reply(text="word " * 1500, job_id=job.id))
        second = on.twin.shown(group)[1]

        await on.twin.say(group, ada, "why?", reply_to=second)

        assert (await on.desk.told())[0].conversation == job.conversation


async def test_a_mention_in_reply_to_a_question_asks_that_question(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada, bob, group = on.twin.person(7), on.twin.person(8, "Bob"), on.twin.group()
        question = await on.twin.say(group, ada, "How do I join?")

        await on.twin.say(group, bob, ME, reply_to=question)

        (message,) = await on.desk.told()
        assert (message.text, message.user_id) == ("How do I join?", "8")


async def test_a_topic_is_a_channel_of_its_own_and_is_answered_there(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada, forum = on.twin.person(7), on.twin.group(-100600, forum=True)

        await on.twin.say(forum, ada, f"{ME} how?", topic=33)
        (message,) = await on.desk.told()
        await on.adapter.post(message.reply_to, Reply(text="So."))

        assert message.channel == "-100600/33"
        assert on.twin.shown(forum)[0].topic == 33


async def test_a_topic_that_is_not_marked_as_one_is_answered_there(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada, forum = on.twin.person(7), on.twin.group(forum=True)

        await on.twin.say(forum, ada, f"{ME} how?", topic=33, is_topic_message=False)

        (message,) = await on.desk.told()
        assert message.channel == f"{forum['id']}/33"


async def test_a_thread_that_is_no_topic_does_not_lose_the_answer(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        forum = on.twin.group(forum=True)

        await on.adapter.post(f"{forum['id']}/44/", Reply(text="Yes."))

        assert [shown.text for shown in on.twin.shown(forum)] == ["Yes."]


async def test_whoever_writes_as_a_group_is_nobody_in_particular(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        group = on.twin.group()
        anonymous = {"id": ADMIN, "is_bot": True, "first_name": "Group"}

        await on.twin.say(group, anonymous, f"/gpu{ME}", sender_chat=group)

        assert (await on.desk.told())[0].user_id == f"chat:{group['id']}"


async def test_a_forwarded_command_is_only_text(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        origin = {"type": "hidden_user", "date": 1, "sender_user_name": "x"}

        await on.twin.private(on.twin.person(ADMIN), "/model phi", forward_origin=origin)

        assert (await on.desk.told())[0].text == "model phi"


async def test_bots_and_our_own_inline_results_are_not_heard(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada, group = on.twin.person(7), on.twin.group()

        await on.twin.say(group, {"id": 5, "is_bot": True, "first_name": "B"}, f"{ME} hi")
        await on.twin.say(group, ada, f"{ME} shared", via_bot=BOT)
        await on.twin.say(group, ada, "/ask real")

        assert [message.text for message in await on.desk.told()] == ["/ask real"]


async def test_a_caption_is_a_question_and_a_picture_alone_is_not(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]

        await on.twin.private(ada, "", photo=photo)
        await on.twin.private(ada, "", photo=photo, caption="What is this error?")

        (message,) = await on.desk.told()
        assert message.text == "What is this error?"
        await on.twin.wait_shown(7, "text only")


async def test_an_edited_question_is_heard_and_an_edited_command_is_not(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada, group = on.twin.person(7), on.twin.group()
        said = await on.twin.say(group, ada, "How do I join?")
        command = await on.twin.say(group, ada, "x")

        await on.twin.edit_said(command, f"/new{ME}")
        await on.twin.edit_said(said, f"{ME} How do I join?")

        assert [message.text for message in await on.desk.told()] == ["How do I join?"]


# Access


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        (f"{ME} how do I join?", "how do I join?"),
        (f"😀 {ME} how?", "😀  how?"),
        ("/ask how do I join?", "/ask how do I join?"),
        (f"/model{ME} phi-3-mini", "/model phi-3-mini"),
    ],
)
async def test_a_message_without_its_optional_fields_is_understood(
    tmp_path: Path, text: str, heard: str
) -> None:
    async with bench(tmp_path) as on:
        bare = {"message_id": 5, "chat": {"id": -5}, "from": {"id": 7}, "text": text}

        await on.twin.push({"message": bare})

        (message,) = await on.desk.told()
        assert message.text == heard
        assert message.conversation == "-5:5"
        assert not message.private


async def test_a_reply_that_shows_only_the_number_of_our_message_goes_on(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        group = on.twin.group()
        job = await on.ask(chat=group["id"])
        posted = await on.adapter.post(f"{group['id']}//", Reply(text="Yes.", job_id=job.id))
        number = int(posted.rpartition("/")[2])
        bare = {"chat": {"id": group["id"]}, "from": {"id": 7}}

        await on.twin.push(
            {
                "message": {
                    **bare,
                    "message_id": 90,
                    "text": "No",
                    "reply_to_message": {"message_id": 89},
                }
            }
        )
        await on.twin.push(
            {
                "message": {
                    **bare,
                    "message_id": 91,
                    "text": "Why?",
                    "reply_to_message": {"message_id": number},
                }
            }
        )

        (message,) = await on.desk.told()
        assert message.text == "Why?"
        assert message.conversation == job.conversation


async def test_a_message_that_comes_back_with_its_number_alone_was_sent(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        on.twin.minimal = True

        posted = await on.adapter.post("7//", Reply(text="Yes."))

        assert posted == f"7/{on.twin.shown(7)[0].id}"
        assert len(on.twin.called("sendMessage")) == 1


async def test_strangers_are_refused_once_and_politely(tmp_path: Path) -> None:
    async with bench(tmp_path, allowed_users=(7,), allowed_chats=(-1,)) as on:
        ada, eve, boss = on.twin.person(7), on.twin.person(8, "Eve"), on.twin.person(ADMIN)
        group = on.twin.group()

        await on.twin.private(eve, "let me in")
        await on.twin.private(eve, "please")
        await on.twin.say(group, ada, f"{ME} here?")
        await on.twin.private(ada, "may I?")
        await on.twin.private(boss, "me too")

        assert {message.text for message in await on.desk.told(2)} == {"may I?", "me too"}
        await on.twin.wait_shown(8, "may not answer here")
        await on.twin.wait_shown(group, "may not answer here")
        assert len(on.twin.shown(8)) == 1


async def test_every_stranger_in_a_group_is_told_once(tmp_path: Path) -> None:
    async with bench(tmp_path, allowed_users=(7,)) as on:
        group = on.twin.group()

        for number in (8, 9, 9):
            await on.twin.say(group, on.twin.person(number), f"{ME} may I?")
        await on.twin.say(group, on.twin.person(7), f"{ME} and I?")

        await on.desk.told()
        await on.twin.wait(lambda: len(on.twin.shown(group)) == 2)


async def test_ids_for_the_settings_are_told_to_anybody(tmp_path: Path) -> None:
    async with bench(tmp_path, allowed_users=(8,)) as on:
        forum = on.twin.group(-100600, forum=True)

        await on.twin.say(forum, on.twin.person(7), f"/id{ME}", topic=33)

        told = await on.twin.wait_shown(forum, "You: 7")
        assert told.text == "You: 7\nHere: -100600/33"


# Delivered once


async def test_an_update_is_confirmed_only_after_it_is_stored(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        on.desk.refusals = 3

        await on.twin.private(ada, "first")
        await on.twin.private(ada, "second")

        assert [message.text for message in await on.desk.told(2)] == ["first", "second"]
        await on.twin.wait(lambda: on.twin.pending == [])


async def test_what_was_not_handled_is_handled_after_a_restart(tmp_path: Path) -> None:
    async with telegram_twin() as twin:
        ada = twin.person(7)
        async with bench(tmp_path, twin=twin) as on:
            on.desk.refusals = 10_000
            for number in range(20):
                await twin.private(ada, f"question {number}")
            await twin.wait(lambda: twin.pending == [])

        async with bench(tmp_path, twin=twin) as on:
            messages = await on.desk.told(20)

    assert [message.text for message in messages] == [f"question {n}" for n in range(20)]


async def test_a_second_delivery_is_the_same_message(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        await on.twin.private(ada, "once")
        update = on.twin.pending[0]
        await on.desk.told()

        await on.twin.again(update)
        await on.twin.private(ada, "end")

        messages = await on.desk.told(2)
        assert len({(m.conversation, m.message_id) for m in messages if m.text == "once"}) == 1


async def test_a_malformed_update_or_a_bug_stops_nobody(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)

        await on.twin.push({"message": {"text": "no chat"}})
        await on.twin.push({"something_new": {"x": 1}})
        await on.twin.push({"callback_query": 5})
        await on.twin.private(ada, "burst")
        await on.twin.private(ada, "next")

        assert [message.text for message in await on.desk.told()] == ["next"]
        async with asyncio.timeout(5):
            while await on.store.inbox.open("telegram"):
                await on.twin.wait(lambda: True)


async def test_one_persons_trouble_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with bench(tmp_path, allowed_users=(8,)) as on:
        eve, bob = on.twin.person(7, "Eve"), on.twin.person(8, "Bob")
        on.twin.fail("sendMessage", HANG_AFTER)

        await on.twin.private(eve, "refused, which hangs")
        await on.twin.private(bob, "hello")

        assert (await on.desk.told())[0].text == "hello"


@pytest.mark.parametrize(
    "fault",
    [BAD_GATEWAY, CUT_BEFORE, CUT_AFTER, HTML_200, CONFLICT, flood(0.05), flood(0.0),
     Fault(status=429, parameters={"retry_after": "junk"}), Fault(status=200, body="{}"),
     Fault(status=200, body='{"ok":true,"result":{}}'), Fault(status=200, body='{"ok":tr')],
    ids=["502", "cut", "cut late", "html", "409", "429", "429 zero", "429 junk", "no result",
         "no list", "half"],
)  # fmt: skip
async def test_a_failing_poll_is_repeated(tmp_path: Path, fault: Fault) -> None:
    async with telegram_twin() as twin:
        twin.fail("getUpdates", fault, times=3)
        async with bench(tmp_path, twin=twin) as on:
            await twin.private(twin.person(7), "still there?")

            assert (await on.desk.told())[0].text == "still there?"


async def run_out(tmp_path: Path, twin: object, **changes: object) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        adapter = adapter_on(twin, store, **changes)  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(10):
                await adapter.run(NotingDesk(), asyncio.Event())
        finally:
            await adapter.close()


@pytest.mark.parametrize("fault", [BAD_GATEWAY, Fault(hang=True)], ids=["down", "hung"])
async def test_a_deaf_bot_ends(tmp_path: Path, fault: Fault) -> None:
    times = Times(poll_s=1, silence_s=0.1, retry_s=(0.01, 0.05), call_s=5.0)
    async with telegram_twin() as twin:
        twin.fail("getUpdates", fault, times=1000)

        with pytest.raises(TelegramLost, match="not been heard"):
            await run_out(tmp_path, twin, times=times)


async def test_a_bot_that_never_reaches_telegram_ends(tmp_path: Path) -> None:
    times = Times(poll_s=1, silence_s=0.1, retry_s=(0.01, 0.05), call_s=5.0)
    async with telegram_twin() as twin:
        twin.fail("getMe", BAD_GATEWAY, times=1000)

        with pytest.raises(TelegramLost):
            await run_out(tmp_path, twin, times=times)


async def test_a_wrong_token_ends_the_bot_and_is_not_told(tmp_path: Path) -> None:
    wrong = "1234567:" + "w" * 35
    async with telegram_twin() as twin:
        with pytest.raises(TokenRejected) as raised:
            await run_out(tmp_path, twin, token=wrong)

    assert wrong not in repr(raised.value) + str(raised.value.__cause__)
    assert "TELEGRAM_BOT_TOKEN" in str(raised.value)


async def test_a_token_that_is_revoked_ends_the_bot(tmp_path: Path) -> None:
    async with telegram_twin() as twin:
        twin.fail("getUpdates", UNAUTHORIZED)

        with pytest.raises(TokenRejected):
            await run_out(tmp_path, twin)


# Showing


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
    async with bench(tmp_path) as on:
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


# What goes wrong with messages


async def test_an_unknown_outcome_is_an_error_and_the_repetition_an_edit(tmp_path: Path) -> None:
    async with bench(tmp_path, times=Times(poll_s=1, call_s=0.15)) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))
        on.twin.fail("editMessageText", HANG_AFTER)

        with pytest.raises(DeliveryError, match="unknown"):
            await on.adapter.edit("7//", posted, Reply(text="Yes.", job_id=job.id))
        await on.adapter.edit("7//", posted, Reply(text="Yes.", job_id=job.id))

        assert [shown.text for shown in on.twin.shown(7)] == ["Yes."]


async def test_a_question_that_has_a_message_never_gets_a_second(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        first = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))

        second = await on.adapter.post("7//", Reply(text="Yes.", job_id=job.id))

        assert first == second
        assert [shown.text for shown in on.twin.shown(7)] == ["Yes."]


async def test_a_deleted_message_is_gone_and_may_be_posted_anew(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))
        on.twin.deleted.add((7, int(posted.partition("/")[2])))

        with pytest.raises(MessageGone):
            await on.adapter.edit("7//", posted, Reply(text="Yes.", job_id=job.id))
        again = await on.adapter.post("7//", Reply(text="Yes.", job_id=job.id))

        assert again != posted
        assert [shown.text for shown in on.twin.shown(7)] == ["Yes."]


@pytest.mark.parametrize("chat", [7, 12345], ids=["blocked", "unknown"])
async def test_who_blocked_us_is_never_tried_again(tmp_path: Path, chat: int) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        on.twin.blocked.add(7)

        with pytest.raises(DeliveryRefused):
            await on.adapter.post(f"{chat}//", Reply(text="Hello?"))


async def test_a_group_that_moved_is_answered_where_it_is_now(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        old, new = on.twin.group(-5), on.twin.group(-100777)
        moved = Fault(status=400, parameters={"migrate_to_chat_id": new["id"]})
        on.twin.fail("sendMessage", moved)

        await on.adapter.post(f"{old['id']}//3", Reply(text="Here."))
        await on.adapter.post(f"{old['id']}//3", Reply(text="And here."))

        assert [shown.text for shown in on.twin.shown(new)] == ["Here.", "And here."]


@pytest.mark.parametrize(
    "fault",
    [BAD_GATEWAY, CUT_BEFORE, CUT_AFTER, HTML_200, flood(3), Fault(status=200, body="[]")],
    ids=["502", "cut", "cut late", "html", "429", "list"],
)
@pytest.mark.parametrize("method", ["sendMessage", "editMessageText"])
async def test_whatever_fails_is_a_delivery_error(
    tmp_path: Path, method: str, fault: Fault
) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        job = await on.ask()
        posted = "7/2"
        if method == "editMessageText":
            posted = await on.adapter.post("7//", Reply(notice="Next.", job_id=job.id))
        on.twin.fail(method, fault)

        answer = Reply(text="Yes.", job_id=job.id)
        put = partial(on.adapter.post, "7//", answer)
        if method == "editMessageText":
            put = partial(on.adapter.edit, "7//", posted, answer)
        with pytest.raises(DeliveryError) as raised:
            await put()

        assert TOKEN not in str(raised.value)
        assert raised.value.retry_after_s == (3.0 if fault.status == 429 else None)


async def test_after_a_429_that_chat_alone_is_left_alone(tmp_path: Path) -> None:
    now, naps = [100.0], []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        now[0] += seconds

    pace = Pace(per_second=10_000, per_chat_s=0.0, clock=lambda: now[0], sleep=sleep)
    async with bench(tmp_path, pace=pace) as on:
        on.twin.person(7)
        on.twin.person(8, "Bob")
        job = await on.ask()
        on.twin.fail("sendMessage", flood(3))

        with pytest.raises(DeliveryError) as raised:
            await on.adapter.post("7//", Reply(text="Yes.", job_id=job.id))
        await on.adapter.post("8//", Reply(text="Meanwhile."))
        undisturbed = list(naps)
        await on.adapter.post("7//", Reply(text="Yes.", job_id=job.id))

        assert raised.value.retry_after_s == 3
        assert undisturbed == []
        assert naps == [3.0]


async def test_the_answer_to_a_command_is_tried_again_after_a_short_429(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        on.twin.person(7)
        on.twin.fail("sendMessage", flood(0.05))

        await on.adapter.post("7//", Reply(text="Models:"))

        assert [shown.text for shown in on.twin.shown(7)] == ["Models:"]


# Buttons


async def test_a_vote_is_thanked_and_a_down_vote_asks_why(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        votes = (Action(label="👍", value="vote:1:up"), Action(label="👎", value="vote:1:down"))
        await on.adapter.post("7//", Reply(text="Yes.", actions=votes))
        on.desk.replies = [Reply(text="What was wrong?", job_id=1), Reply(text="Thanks", job_id=1)]

        query = await on.twin.press(ada, on.twin.shown(7)[0], "👎")
        await on.twin.wait(lambda: len(on.twin.shown(7)[0].buttons) == 6)
        asked = on.twin.toasts[query]
        query = await on.twin.press(ada, on.twin.shown(7)[0], "out of date")
        await on.twin.wait(lambda: len(on.twin.shown(7)[0].buttons) == 2)

        assert asked == "What was wrong?"
        assert on.twin.toasts[query] == "Thanks"
        assert [(press.value, press.text) for press in on.desk.presses] == [
            ("vote:1:down", ""),
            ("vote:1:down", "out of date"),
        ]


async def test_the_votes_stay_when_the_press_does_not_show_them(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        votes = (Action(label="👍", value="vote:1:up"), Action(label="👎", value="vote:1:down"))
        await on.adapter.post("7//", Reply(text="Yes.", actions=votes))
        (shown,) = on.twin.shown(7)
        on.desk.replies = [Reply(text="What was wrong?", job_id=1)]
        bare = {"message_id": shown.id, "chat": {"id": 7}}
        query = {"id": "q", "from": {"id": ada["id"]}, "data": "vote:1:down", "message": bare}

        await on.twin.push({"callback_query": query})

        await on.twin.wait(lambda: "wrong" in on.twin.shown(7)[0].buttons)
        assert {"👍", "👎"} < set(on.twin.shown(7)[0].buttons)


async def test_a_press_is_answered_by_a_short_line(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        await on.adapter.post("7//", Reply(text="x", actions=(Action(label="Go", value="stop:4"),)))
        on.desk.replies = [Reply(text="There is **nothing** to stop.", ephemeral=True)]

        query = await on.twin.press(ada, on.twin.shown(7)[0], "Go")

        await on.twin.wait(lambda: query in on.twin.toasts)
        assert on.twin.toasts[query] == "There is nothing to stop."
        (press,) = on.desk.presses
        assert (press.value, press.user_id, press.reply_to) == ("stop:4", "7", "7//")


async def test_a_reply_with_buttons_replaces_the_message(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        refresh = (Action(label="↻", value="gpu:refresh"),)
        await on.adapter.post("7//", Reply(text="10 %", actions=refresh))
        on.desk.replies = [Reply(text="20 %", actions=refresh)]

        await on.twin.press(ada, on.twin.shown(7)[0], "↻")

        await on.twin.wait_shown(7, "20 %")
        assert len(on.twin.shown(7)) == 1


async def test_a_button_of_a_message_too_old_to_be_shown_still_works(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        old = {"chat": on.twin.chats[7], "message_id": 3, "date": 0}
        query = {"id": "q", "from": ada, "chat_instance": "1", "message": old, "data": "stop:4"}

        await on.twin.push({"callback_query": query})

        assert (await on.desk.pressed())[0].value == "stop:4"


async def test_the_stop_button_of_a_draft_stops_the_question(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        stopped = {"chat": on.twin.chats[7], "from": ada, "draft_id": 12}

        await on.twin.push({"stopped_message_generation": stopped})

        (press,) = await on.desk.pressed()
        assert (press.value, press.user_id) == ("stop:12", "7")


# Start, menus, inline


async def test_start_welcomes_with_questions_to_begin_with(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)

        await on.twin.private(ada, "/start")
        welcome = await on.twin.wait_shown(7, "Ask me anything")
        await on.twin.press(ada, welcome, "How do I get a certificate?")

        (message,) = await on.desk.told()
        assert message.text == "How do I get a certificate?"
        assert message.conversation == "7"


async def test_a_deep_link_chooses_the_course(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada = on.twin.person(7)
        await on.twin.private(ada, "/start course-b")
        welcome = await on.twin.wait_shown(7, "Ask me anything")
        await on.twin.press(ada, welcome, "CUDA out of memory when loading the model")

        messages = await on.desk.told(2)
        assert messages[0].text == "/course course-b"
        assert messages[1].text == "CUDA out of memory when loading the model"


async def test_only_admins_see_the_commands_of_admins(tmp_path: Path) -> None:
    async with telegram_twin() as twin:
        twin.person(ADMIN)
        async with bench(tmp_path, twin=twin) as on:
            await twin.wait(lambda: len(twin.commands) == 12)
            published = len(twin.called("setMyCommands"))
            assert "gpu" not in twin.commands["default", ""]
            assert "gpu" in twin.commands[f"chat:{ADMIN}", "de"]
            assert on.adapter.platform == "telegram"
        async with bench(tmp_path, twin=twin) as on:
            await twin.private(twin.person(7), "x")
            await on.desk.told()
            assert len(twin.called("setMyCommands")) == published


async def test_an_admin_who_was_not_there_gets_the_menu_when_they_start(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        await on.twin.wait(lambda: len(on.twin.commands) == 6)

        await on.twin.private(on.twin.person(ADMIN), "/start")

        await on.twin.wait(lambda: len(on.twin.commands) == 12)


async def test_inline_mode_finds_entries_without_the_desk(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        query = await on.twin.inline(on.twin.person(7), "certificate")

        await on.twin.wait(lambda: query in on.twin.inline_answers)
        (result,) = on.twin.inline_answers[query]
        assert result["title"] == "How do I get a certificate?"
        assert "review 3 projects" in result["input_message_content"]["message_text"]
        assert on.desk.messages == []


async def test_inline_mode_keeps_to_the_course_that_was_chosen(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        await on.store.set_value("course:telegram:7", "course-b")

        query = await on.twin.inline(on.twin.person(7), "I")
        elsewhere = await on.twin.inline(on.twin.person(7), "certificate")

        await on.twin.wait(lambda: elsewhere in on.twin.inline_answers)
        titles = [result["title"] for result in on.twin.inline_answers[query]]
        assert titles == ["CUDA out of memory when loading the model"]
        assert len(on.twin.inline_answers[elsewhere]) == 1, "other courses are better than nothing"


async def test_inline_mode_is_empty_for_strangers(tmp_path: Path) -> None:
    async with bench(tmp_path, allowed_users=(8,)) as on:
        query = await on.twin.inline(on.twin.person(7), "certificate")

        await on.twin.wait(lambda: query in on.twin.inline_answers)
        assert on.twin.inline_answers[query] == []


async def test_a_new_group_is_told_how_to_ask(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        ada, group = on.twin.person(7), on.twin.group()
        member = {"user": BOT}

        await on.twin.push(
            {
                "my_chat_member": {
                    "chat": group,
                    "from": ada,
                    "date": 1,
                    "old_chat_member": member | {"status": "left"},
                    "new_chat_member": member | {"status": "member"},
                }
            }
        )

        await on.twin.wait_shown(group, "/ask")


# Webhook

SECRET = "a-secret-of-24-characters"


async def test_a_webhook_without_a_secret_is_refused(tmp_path: Path) -> None:
    async with telegram_twin() as twin, JobStore(tmp_path / "q.sqlite3") as store:
        for secret in ("", "short", "with spaces in it, and long"):
            with pytest.raises(ConfigError, match="TELEGRAM_WEBHOOK_SECRET"):
                adapter_on(twin, store, webhook_url="https://e.org/hook", secret=secret)


async def test_a_webhook_takes_updates_with_the_secret_only(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    local = f"127.0.0.1:{unused_tcp_port}"
    async with bench(
        tmp_path, webhook_url=f"http://{local}/hook", webhook_listen=local, secret=SECRET
    ) as on:
        twin = on.twin
        await twin.wait(lambda: twin.webhook.get("url"))
        await _listening(unused_tcp_port)

        statuses = [
            await twin.call_webhook({"update_id": 1, "message": {}}, secret=secret)
            for secret in ("", "wrong", SECRET + "x")
        ]
        statuses.append(await twin.call_webhook({"no": "update"}))
        await twin.private(twin.person(7), "by webhook")

        assert (await on.desk.told())[0].text == "by webhook"
        assert statuses == [401, 401, 401, 400]
        assert twin.called("getUpdates") == []


async def test_a_webhook_says_503_while_the_disk_refuses(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    local = f"127.0.0.1:{unused_tcp_port}"
    async with bench(
        tmp_path, webhook_url=f"http://{local}/hook", webhook_listen=local, secret=SECRET
    ) as on:
        await on.twin.wait(lambda: on.twin.webhook.get("url"))
        await _listening(unused_tcp_port)
        await on.store.close()

        status = await on.twin.call_webhook({"update_id": 1, "message": {}})

        await on.store.open()
        assert status == 503


async def _listening(port: int) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            await writer.wait_closed()
            return


async def test_nothing_is_logged_that_holds_the_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="bot")
    async with bench(tmp_path) as on:
        on.twin.person(7)
        for fault in (BAD_GATEWAY, CUT_BEFORE, HTML_200):
            on.twin.fail("getUpdates", fault)
        await on.twin.private(on.twin.person(7), "x")
        await on.desk.told()

    assert TOKEN not in caplog.text
    assert repr(on.adapter).find(TOKEN) == -1
    assert QUICK.poll_s == 1
