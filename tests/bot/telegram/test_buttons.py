"""What is pressed, chosen and typed ahead on Telegram: buttons, menus, inline search."""

from __future__ import annotations

from pathlib import Path

from bot.messages import Action, Reply
from tests.telegram_bench import ADMIN, bench
from tests.telegram_server import BOT
from tests.telegram_twin import telegram_twin


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
