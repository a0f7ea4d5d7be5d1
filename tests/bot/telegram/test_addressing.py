"""Whose messages the Telegram adapter takes, and as what."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.messages import Reply
from tests.telegram_bench import ADMIN, bench
from tests.telegram_server import BOT

ME = f"@{BOT['username']}"


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


# Access


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
