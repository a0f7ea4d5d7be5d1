"""What it feels like to give commands, to vote and to ask the staff."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.messages import Press
from config.settings import AdminsSettings, CourseSettings, Settings
from engine.store.jobs import Vote
from tests.dialog_cases import LATE, NO_ANSWER, generator, press, values
from tests.harness import FakeAdapter, ask, echo, message, running_desk


async def test_new_starts_afresh(tmp_path: Path, adapter: FakeAdapter) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await ask(desk, adapter, LATE, number=1)
        await ask(desk, adapter, "/new", number=2)
        await ask(desk, adapter, LATE, number=3)

    assert script.requests[1].history == ()


async def test_commands_explain_themselves(tmp_path: Path, adapter: FakeAdapter) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        overview = await ask(desk, adapter, "/help", number=1)
        status = await ask(desk, adapter, "/status", number=2)
        unknown = await ask(desk, adapter, "/dance", number=3)

    assert "/course" in overview.text
    assert "/gpu" not in overview.text, "staff only"
    assert "3 entries" in status.text
    assert "judged" not in status.text, "staff only"
    assert unknown.text.startswith("I do not know the command /dance.")


async def test_only_staff_switch_the_model_and_see_the_gpu(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        models = await ask(desk, adapter, "/model", number=1)
        refused = await ask(desk, adapter, "/model phi-3-mini", number=2)
        gpu = await ask(desk, adapter, "/gpu", number=3)

    assert "✅ `smollm2-135m`" in models.text
    assert models.actions == ()
    assert refused.text == gpu.text == "Only the course staff can do that."
    assert desk.models.model == "smollm2-135m"


async def test_staff_switch_the_model_and_a_failed_switch_keeps_the_old_one(
    tmp_path: Path,
) -> None:
    adapter = FakeAdapter(platform="slack")
    settings = Settings(data_dir=tmp_path, admins=AdminsSettings(slack=("U1",)))
    async with running_desk(tmp_path, generator(), {"slack": adapter}, settings=settings) as desk:
        for number, text in enumerate(("/model phi-3-mini", "/model broken", "/model nope")):
            await desk.desk.receive(message(text, number=number, user="U1", platform="slack"))
            async with adapter.changed:
                await adapter.changed.wait_for(
                    lambda count=number + 1: (
                        len(adapter.messages) == count
                        and "Changing to" not in adapter.messages[f"m{count}"][-1].text
                    )
                )

    texts = [versions[-1].text for versions in adapter.messages.values()]
    assert texts[0] == "phi-3-mini answers now."
    assert texts[1] == (
        "Nothing has changed; phi-3-mini keeps answering. "
        "broken could not be loaded: its files are damaged."
    )
    assert texts[2].startswith("There is no model `nope`.")


async def test_a_vote_is_kept_and_can_be_changed(tmp_path: Path, adapter: FakeAdapter) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        await ask(desk, adapter, LATE)
        up = Press(
            platform="fake", user_id="student", value="vote:1:up", reply_to="x", message_id="m1"
        )
        down = Press(
            platform="fake",
            user_id="student",
            value="vote:1:down",
            reply_to="x",
            message_id="m1",
            text="wrong",
        )
        await desk.desk.press(up)
        thanks = await desk.desk.press(down)
        votes = await desk.store.votes(1)

    assert thanks is not None
    assert thanks.text == "Thank you!"
    assert votes == {Vote.UP: 0, Vote.DOWN: 1}


async def test_ask_staff_names_the_contact_of_the_course(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    courses = {"course-b": CourseSettings(contact="Ada in #course-b")}
    settings = Settings(data_dir=tmp_path, courses=courses)
    async with running_desk(tmp_path, echo(), {"fake": adapter}, settings=settings) as desk:
        everywhere = await ask(desk, adapter, "who won the world cup", number=1)
        await ask(desk, adapter, "/course course-b", number=2)
        in_course = await ask(desk, adapter, "who won the world cup", number=3)
        first = await desk.desk.press(press(*values(everywhere)))
        second = await desk.desk.press(press(*values(in_course), user_id="somebody else"))
        german = await desk.desk.press(press("staff:999", language="de"))

    assert everywhere.text == NO_ANSWER
    assert in_course.text == "The FAQ has no answer to this. Please ask Ada in #course-b."
    assert first is not None
    assert first.text == "I cannot pass questions on yet. Please ask the course staff."
    assert first.ephemeral
    assert second is not None
    assert second.text == "I cannot pass questions on yet. Please ask Ada in #course-b."
    assert german is not None
    assert german.text == "Diese Antwort habe ich nicht mehr."


@pytest.mark.parametrize(
    ("value", "platform"),
    [
        ("staff:1", "elsewhere"),
        ("staff:2", "fake"),
        ("staff:", "fake"),
        ("staff:x", "fake"),
        ("staff:-1", "fake"),
        ("staff:99999999999999999999", "fake"),
    ],
)
async def test_ask_staff_about_a_question_we_do_not_have_is_told_so(
    value: str, platform: str, tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, echo(), {"fake": adapter}) as desk:
        await ask(desk, adapter, "who won the world cup")
        reply = await desk.desk.press(press(value, platform=platform))

    assert reply is not None
    assert reply.text == "I no longer have that answer."


async def test_staff_are_told_who_judges_entries_and_checks_statements(tmp_path: Path) -> None:
    adapter = FakeAdapter(platform="slack")
    settings = Settings(data_dir=tmp_path, admins=AdminsSettings(slack=("U1",)))
    async with running_desk(tmp_path, echo(), {"slack": adapter}, settings=settings) as desk:
        await desk.desk.receive(message("/status", user="U1", platform="slack"))
        await desk.desk.receive(message("/status", user="U2", platform="slack", number=2))
        staff, student = await adapter.wait_for_finals(2)

    assert "Entries are judged by: embedded" in staff.text
    assert "Statements are checked by: lexical" in staff.text
    assert "judged" not in student.text
    assert "checked" not in student.text
