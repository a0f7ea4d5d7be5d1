"""Buttons, menus, votes, the Home tab, shortcuts and reactions in Slack, with the whole desk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from config.settings import CourseSettings
from engine.store.jobs import Vote
from tests.bot.slack.slack_desk import (
    LATE,
    LATE_ANSWER,
    STAFF,
    answered,
    answers,
    says,
    settings_for,
    slack_desk,
    whispered,
)
from tests.fakes import ScriptedGenerator
from tests.slack_twin import SlackTwin
from tests.slack_workspace import pressable, shown

ELSEWHERE = "The FAQ of this course does not cover this. In other courses, these come close:"
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_a_vote_is_kept_can_be_changed_and_takes_a_reason(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path) as desk:
        await slack.mention("C1", "U1", LATE)
        (answer,) = await answered(slack, "C1")
        await slack.press(answer, "vote:1:up", "U1")
        await whispered(slack, "Thank you!")
        first = await desk.store.votes(1)
        await slack.press(answer, "vote:1:down", "U1")
        await slack.until(lambda: slack.views)
        await slack.submit(
            slack.views[0],
            "U1",
            {
                "kind": {"selected_option": {"value": "outdated"}},
                "words": {"value": "It is <!channel> old"},
            },
        )
        await slack.until(lambda: len(slack.ephemerals) == 2)
        second = await desk.store.votes(1)
        (gap,) = await desk.store.unanswered(_LONG_AGO, 10)

    assert first[Vote.UP] == 1
    assert second == {Vote.UP: 0, Vote.DOWN: 1}
    assert gap.id == 1
    assert answer["blocks"][-1]["type"] == "context_actions"


async def test_the_reason_of_a_vote_is_asked_for_in_the_language_of_the_answer(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        await slack.mention("C1", "U1", "Kann ich später mitmachen? Can I still join?")
        (answer,) = await answered(slack, "C1")
        await slack.press(answer, "vote:1:down", "U1")
        await slack.until(lambda: slack.views)

    (asked, _) = slack.views[0]["blocks"]
    assert asked["label"]["text"] == "Danke. Was hat nicht gestimmt?"
    assert asked["element"]["options"][0]["text"]["text"] == "falsch"


async def test_votes_work_after_a_restart(slack: SlackTwin, tmp_path: Path) -> None:
    async with slack_desk(slack, tmp_path):
        await slack.mention("C1", "U1", LATE)
        (answer,) = await answered(slack, "C1")
    async with slack_desk(slack, tmp_path) as desk:
        await slack.press(answer, "vote:1:up", "U2")
        await whispered(slack, "Thank you!")
        votes = await desk.store.votes(1)

    assert votes[Vote.UP] == 1


async def test_a_workspace_without_feedback_buttons_gets_plain_ones(
    slack: SlackTwin, tmp_path: Path
) -> None:
    slack.has_feedback = False
    async with slack_desk(slack, tmp_path):
        for number in range(4):
            await slack.mention("C1", f"U{number}", LATE)
            await answered(slack, "C1", number + 1)

    kinds = [answer["blocks"][-1]["type"] for answer in answers(slack, "C1")]
    assert kinds == ["actions"] * 4


async def test_the_asker_stops_the_answer_with_the_button(slack: SlackTwin, tmp_path: Path) -> None:
    script = ScriptedGenerator(lambda _: LATE_ANSWER)
    script.gate.clear()
    async with slack_desk(slack, tmp_path, script):
        await slack.mention("C1", "U1", LATE)
        await slack.until(lambda: slack.ours("C1"))
        message = slack.ours("C1")[0]
        await slack.press(message, "stop:1", "U2")
        await whispered(slack, "There is nothing to stop.")
        await slack.press(message, "stop:1", "U1")
        stopped = await says(slack, "C1", "Stopped.")
        script.gate.set()

    assert pressable(stopped) == {}


async def test_the_course_follows_from_the_channel_or_the_menu(
    slack: SlackTwin, tmp_path: Path
) -> None:
    settings = settings_for(slack, tmp_path)
    mapped = {"course-b": CourseSettings(slack_channels=("C2",))}
    settings = settings.model_copy(update={"courses": mapped})
    async with slack_desk(slack, tmp_path, settings=settings):
        await slack.mention("C2", "U1", "How do I get a certificate?")
        foreign = await says(slack, "C2", ELSEWHERE)
        await slack.slash("/course", "", "C1", "U1")
        menu = await whispered(slack, "Your questions are about all courses.")
        await slack.press(menu, "course:course-b", "U1")
        await slack.until(lambda: "Your questions are about: Course B." in shown(menu))
        await slack.mention("C1", "U1", "How do I get a certificate?")
        await says(slack, "C1", ELSEWHERE)

    assert "• How do I get a certificate? (course-a, Certificates)" in shown(foreign)


async def test_staff_switch_the_model_in_a_menu_only_they_see(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path) as desk:
        await slack.slash("/model", "", "C1", STAFF)
        menu = await whispered(slack, "Models:")
        current = pressable(menu)["model:smollm2-135m"]["initial_option"]["value"]
        await slack.press(menu, "model:phi-3-mini", STAFF)
        await says(slack, "C1", "phi-3-mini answers now.")
        await slack.slash("/model", "", "C1", "U1")
        await slack.until(lambda: len(slack.ephemerals) == 2)
        await slack.slash("/model", "broken", "C1", "U1")
        await whispered(slack, "Only the course staff can do that.")

    assert menu["user"] == STAFF
    assert current == "model:smollm2-135m"
    assert desk.models.model == "phi-3-mini"
    assert "✅ `phi-3-mini`" in shown(slack.ephemerals[1])
    assert pressable(slack.ephemerals[1]) == {}


async def test_a_channel_is_not_told_what_a_failure_says_of_the_server(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        await slack.slash("/model", "", "C1", STAFF)
        menu = await whispered(slack, "Models:")
        await slack.press(menu, "model:broken", STAFF)
        await says(slack, "C1", "ask me for /gpu in private to read why.")

    assert not any("damaged" in shown(each) for each in slack.ours("C1"))


async def test_staff_watch_the_gpu_in_a_message_that_refreshes(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path) as desk:
        await slack.slash("/gpu", "", "C1", STAFF)
        gpu = await whispered(slack, "Model: smollm2-135m")
        desk.models.model = "phi-3-mini"
        await slack.press(gpu, "gpu:refresh", STAFF)
        await slack.until(lambda: "Model: phi-3-mini" in shown(gpu))
        await slack.slash("/gpu", "", "C1", "U1")
        await whispered(slack, "Only the course staff can do that.")

    assert len(slack.ephemerals) == 2
    assert slack.ours("C1") == []


async def test_the_home_tab_shows_the_state_and_questions_to_begin_with(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        await slack.open_home("U1")
        await slack.until(lambda: "U1" in slack.homes)
        home = slack.homes["U1"]
        await slack.press(home, f"ask:{LATE}", "U1", channel="")
        (answer,) = await answered(slack, "D1")

    assert "Model: fake (ready)" in shown(home)
    assert f"ask:{LATE}" in pressable(home)
    assert LATE_ANSWER in shown(answer)


async def test_the_shortcut_answers_somebody_elses_message_in_its_thread(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        ts = await slack.say("C1", "U1", LATE)
        await slack.shortcut("C1", ts, "U2")
        (answer,) = await answered(slack, "C1")

    assert answer["thread_ts"] == ts


async def test_the_reaction_of_staff_answers_a_message_once(
    slack: SlackTwin, tmp_path: Path
) -> None:
    async with slack_desk(slack, tmp_path):
        ts = await slack.say("C1", "U1", LATE)
        await slack.reaction("C1", ts, "U2", "faq")
        await slack.reaction("C1", ts, STAFF, "thumbsup")
        nothing = slack.ours("C1")
        await slack.reaction("C1", ts, STAFF, "faq")
        await slack.reaction("C1", ts, STAFF, "faq")
        await answered(slack, "C1")
        other = await slack.say("C1", "U1", "Can I still join in the middle?")
        await slack.reaction("C1", other, STAFF, "faq")
        found = await answered(slack, "C1", 2)

    assert nothing == []
    assert [answer["thread_ts"] for answer in found] == [ts, other]


async def test_help_names_the_commands_that_slack_has(slack: SlackTwin, tmp_path: Path) -> None:
    async with slack_desk(slack, tmp_path):
        await slack.slash("/faq", "help", "C1", "U1")
        told = shown(await whispered(slack, "/course"))

    assert "/faq new" in told
    assert "• /new" not in told
