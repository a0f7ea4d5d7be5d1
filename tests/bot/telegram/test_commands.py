"""Commands, buttons and votes on Telegram, with the whole desk."""

from __future__ import annotations

from pathlib import Path

from config.settings import CourseSettings
from engine.store.jobs import Vote
from tests.bot.telegram.telegram_desk import LATE, ME, answered, scene
from tests.telegram_bench import ADMIN
from tests.telegram_twin import telegram_twin
from tests.waits import within


async def test_the_stop_button_ends_a_question(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        on.generator.gate.clear()
        ada, eve = twin.person(7), twin.person(8, "Eve")
        await twin.private(ada, LATE)
        await within(on.generator.waiting.wait())
        await twin.wait(lambda: twin.shown(7))

        query = await twin.press(eve, twin.shown(7)[0], "Stop")
        await twin.wait(lambda: query in twin.toasts)
        await twin.press(ada, twin.shown(7)[0], "Stop")

        await twin.wait_shown(7, "Stopped.")
        assert twin.toasts[query] == "There is nothing to stop."
        on.generator.gate.set()


async def test_cancel_ends_a_question(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        on.generator.gate.clear()
        ada = twin.person(7)
        await twin.private(ada, LATE)
        await within(on.generator.waiting.wait())

        await twin.private(ada, "/cancel")

        await twin.wait_shown(7, "Stopped.")
        on.generator.gate.set()


async def test_a_vote_counts_once_and_may_be_changed_after_a_restart(tmp_path: Path) -> None:
    async with telegram_twin() as twin:
        ada, bob, group = twin.person(7), twin.person(8, "Bob"), twin.group()
        async with scene(tmp_path, twin):
            await twin.say(group, ada, f"/ask {LATE}")
            (answer,) = await answered(twin, group["id"])
            for person in (ada, ada, bob):
                query = await twin.press(person, answer, "👍")
                await twin.wait(lambda query=query: query in twin.toasts)

        async with scene(tmp_path, twin) as on:
            await twin.press(bob, twin.shown(group)[0], "👎")
            await twin.wait(lambda: "incomplete" in twin.shown(group)[0].buttons)
            query = await twin.press(bob, twin.shown(group)[0], "incomplete")
            await twin.wait(lambda: query in twin.toasts)

            assert await on.store.votes(1) == {Vote.UP: 1, Vote.DOWN: 1}
            assert twin.toasts[query] == "Thank you!"


async def test_a_course_is_chosen_by_button_and_asked_about(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        ada = twin.person(7)
        await twin.private(ada, "/course")
        choice = await twin.wait_shown(7, "all courses")

        await twin.press(ada, choice, "Course B")
        await twin.wait_shown(7, "about: Course B")
        await twin.private(ada, "CUDA out of memory")
        await twin.wait(lambda: len(on.generator.requests) == 1)

        assert {document.course for document in on.generator.requests[0].documents} == {"course-b"}


async def test_a_topic_or_its_group_is_mapped_to_a_course(tmp_path: Path) -> None:
    courses = {
        "course-a": CourseSettings(telegram_chats=("-100600",)),
        "course-b": CourseSettings(telegram_chats=("-100600/33",)),
    }
    async with telegram_twin() as twin, scene(tmp_path, twin, courses=courses) as on:
        ada, forum = twin.person(7), twin.group(-100600, forum=True)

        await twin.say(forum, ada, f"{ME} CUDA out of memory", topic=33)
        await twin.wait(lambda: len(on.generator.requests) == 1)
        await twin.say(forum, ada, f"{ME} {LATE}", topic=44)
        await twin.wait(lambda: len(on.generator.requests) == 2)

        courses_asked = [
            {document.course for document in request.documents} for request in on.generator.requests
        ]
        assert courses_asked == [{"course-b"}, {"course-a"}]


async def test_admins_switch_the_model_and_others_see_it(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        ada, boss = twin.person(7), twin.person(ADMIN, "Boss")
        await twin.private(ada, "/model")
        seen = await twin.wait_shown(7, "Models")
        await twin.private(boss, "/model")
        offered = await twin.wait_shown(ADMIN, "Models")

        forged = await twin.press_data(ada, seen, "model:phi-3-mini")
        await twin.wait(lambda: forged in twin.toasts)
        before = on.desk.models.model
        await twin.press(boss, offered, "phi-3-mini")
        await twin.wait_shown(ADMIN, "phi-3-mini answers now.")

        assert seen.buttons == {}
        assert "✅ smollm2-135m: 135M" in seen.text
        assert twin.toasts[forged] == "Only the course staff can do that."
        assert (before, on.desk.models.model) == ("smollm2-135m", "phi-3-mini")


async def test_a_model_that_does_not_load_is_told(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin):
        await twin.private(twin.person(ADMIN, "Boss"), "/model broken")

        told = await twin.wait_shown(ADMIN, "could not be loaded")
        assert "smollm2-135m keeps answering" in told.text


async def test_a_group_is_not_told_what_a_failure_says_of_the_server(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        boss, group = twin.person(ADMIN, "Boss"), twin.group()
        await twin.say(group, boss, f"{ME} /model")
        offered = await twin.wait_shown(group["id"], "Models")
        on.desk.models.last_error = "/srv/models/broken is damaged."

        await twin.press(boss, offered, "broken")
        told = await twin.wait_shown(group["id"], "could not be loaded")
        await twin.say(group, boss, f"{ME} /gpu")
        gpu = await twin.wait_shown(group["id"], "smollm2-135m in float32")
        await twin.private(boss, "/gpu")
        whole = await twin.wait_shown(ADMIN, "smollm2-135m in float32")

        assert told.text.endswith("ask me for /gpu in private to read why.")
        assert "damaged" not in told.text + gpu.text
        assert "Last error: /srv/models/broken is damaged." in whole.text


async def test_staff_sees_the_gpu_refreshes_it_and_watches_it(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin, watch_s=(0.02, 0.1)) as on:
        boss = twin.person(ADMIN, "Boss")
        await twin.private(twin.person(7), "/gpu")
        await twin.wait_shown(7, "Only the course staff")

        await twin.private(boss, "/gpu")
        gpu = await twin.wait_shown(ADMIN, "smollm2-135m in float32")
        on.desk.models.model = "phi-3-mini"
        await twin.press(boss, gpu, "↻")
        await twin.wait_shown(ADMIN, "phi-3-mini in float32")
        await twin.private(boss, "/gpu watch")
        await twin.wait(lambda: len(twin.shown(ADMIN)) == 2)
        on.desk.models.model = "watched"

        await twin.wait_shown(ADMIN, "watched in float32")
        assert len(twin.shown(ADMIN)) == 2


async def test_help_lists_what_a_person_may_do_in_their_language(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin):
        await twin.private(twin.person(7, language="de"), "/help")
        await twin.private(twin.person(ADMIN, "Boss", language="ru"), "/help")

        german = await twin.wait_shown(7, "/course")
        russian = await twin.wait_shown(ADMIN, "/course")
        assert "wählen, um welchen Kurs es geht" in german.text
        assert "/gpu" not in german.text
        assert "/gpu: видеокарта" in russian.text
