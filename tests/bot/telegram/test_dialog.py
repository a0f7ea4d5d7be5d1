"""Dialogs on Telegram with the whole desk: real store, retrieval and delivery, a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import AdminsSettings, CourseSettings, LimitsSettings, Settings
from engine.generation import GenerationRequest
from engine.store.jobs import JobStatus, JobStore, Vote
from tests.fakes import ScriptedGenerator
from tests.harness import RunningDesk, desk_on
from tests.telegram_bench import ADMIN, adapter_on
from tests.telegram_twin import BOT, CUT_AFTER, Shown, TelegramTwin, flood, telegram_twin

ME = f"@{BOT['username']}"
LATE = "Can I still join after the course has started?"
CERTIFICATE = "How do I get a certificate?"


def write(request: GenerationRequest) -> str:
    """Sentences that stand in the FAQ."""
    if "certificate" in request.question:
        return "Finish the project and review 3 projects of your peers."
    return "Yes, you can join at any time. Register with the form at https://example.org/join."


@dataclass
class Scene:
    """A desk that is up, with the twin it serves."""

    twin: TelegramTwin
    store: JobStore
    desk: RunningDesk
    generator: ScriptedGenerator


@asynccontextmanager
async def scene(
    folder: Path,
    twin: TelegramTwin,
    *,
    answers: Callable[[GenerationRequest], str] = write,
    **settings: object,
) -> AsyncIterator[Scene]:
    """The program with one platform."""
    chosen = Settings(data_dir=folder, admins=AdminsSettings(telegram=(ADMIN,)), **settings)  # type: ignore[arg-type]
    generator = ScriptedGenerator(answers)
    async with JobStore(folder / "questions.sqlite3") as store:
        adapter = adapter_on(twin, store)
        try:
            async with desk_on(
                store, folder, generator, {"telegram": adapter}, settings=chosen
            ) as desk:
                yield Scene(twin=twin, store=store, desk=desk, generator=generator)
        finally:
            await adapter.close()


async def answered(twin: TelegramTwin, chat: int, count: int = 1) -> list[Shown]:
    """The messages with votes, once there are `count` of them."""

    def voted() -> list[Shown]:
        return [shown for shown in twin.shown(chat) if "👍" in shown.buttons]

    await twin.wait(lambda: len(voted()) >= count)
    return voted()


async def test_a_question_in_private_is_answered_with_its_source(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin):
        said = await twin.private(twin.person(7), LATE)

        (answer,) = await answered(twin, 7)

        assert answer.text.startswith("Yes, you can join at any time.")
        assert "Sources\n• Can I still join" in answer.text
        assert answer.links == ["https://example.org/faq#join-late"]
        assert answer.reply_to == said["message_id"]
        assert twin.reactions[7, said["message_id"]] == ["👀"]
        assert len(twin.shown(7)) == 1


async def test_a_question_in_a_group_is_one_message_and_one_edit(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin):
        group = twin.group()

        await twin.say(group, twin.person(7), f"{ME} {LATE}")

        (answer,) = await answered(twin, group["id"])
        assert len(twin.versions[answer.chat, answer.id]) == 2
        assert len(twin.called("sendMessage")) == 1


async def test_a_follow_up_in_the_reply_chain_knows_what_was_said(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        ada, group = twin.person(7), twin.group()
        await twin.say(group, ada, f"/ask {LATE}")
        (first,) = await answered(twin, group["id"])

        await twin.say(group, ada, "and how do I get the certificate?", reply_to=first)
        second = (await answered(twin, group["id"], 2))[1]
        await twin.say(group, ada, "how many projects of my peers do I review?", reply_to=second)
        await answered(twin, group["id"], 3)
        await twin.say(group, ada, f"{ME} {CERTIFICATE}")
        await answered(twin, group["id"], 4)

        asked = [[turn.question for turn in request.history] for request in on.generator.requests]
        assert asked == [[], [LATE], [LATE, "and how do I get the certificate?"], []]


async def test_new_starts_afresh_in_private(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        ada = twin.person(7)
        await twin.private(ada, LATE)
        await answered(twin, 7)

        await twin.private(ada, "/new")
        await twin.wait_shown(7, "afresh")
        await twin.private(ada, CERTIFICATE)
        await answered(twin, 7, 2)

        assert on.generator.requests[-1].history == ()


async def test_who_waits_sees_the_place_and_the_best_entries(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        on.generator.gate.clear()
        await twin.private(twin.person(7), LATE)
        await on.generator.waiting.wait()

        await twin.private(twin.person(8, "Bob"), CERTIFICATE)
        await twin.wait_shown(8, "• How do I get a certificate?")  # chats are read side by side
        await twin.private(twin.person(9, "Eve"), CERTIFICATE)

        waiting = await twin.wait_shown(9, "• How do I get a certificate?")
        assert "number 2 in the queue" in waiting.text
        assert "Stop" in waiting.buttons
        on.generator.gate.set()
        await answered(twin, 9)


async def test_the_stop_button_ends_a_question(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        on.generator.gate.clear()
        ada, eve = twin.person(7), twin.person(8, "Eve")
        await twin.private(ada, LATE)
        await on.generator.waiting.wait()
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
        await on.generator.waiting.wait()

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
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        on.desk.desk._watch_s = (0.02, 0.1)
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


async def test_what_the_faq_does_not_cover_is_said_with_the_contact(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin):
        await twin.private(twin.person(7), "Who won the world cup in 1990?")

        said = await twin.wait_shown(7, "no answer to this")
        assert "the course staff" in said.text
        assert said.buttons == {"Ask staff": "staff:1"}


async def test_the_closest_entries_are_shown_with_how_they_begin_and_a_way_to_staff(
    tmp_path: Path,
) -> None:
    courses = {"course-a": CourseSettings(contact="@ada", telegram_chats=("-100500",))}
    async with telegram_twin() as twin, scene(tmp_path, twin, courses=courses) as on:
        ada, group = twin.person(7), twin.group(-100500)
        await twin.say(group, ada, f"{ME} Can I still join without a form?")
        closest = await twin.wait_shown(group["id"], "These come closest")

        query = await twin.press(twin.person(8, "Bob"), closest, "Ask staff")
        await twin.wait(lambda: query in twin.toasts)

        assert closest.text.startswith(
            "I am not sure the FAQ answers this. These come closest:\n\n"
            "• Can I still join after the course has started? (General)\n"
            "Yes, you can join at any time."
        )
        assert closest.links == ["https://example.org/faq#join-late"]
        assert "Yes, you can join at any time." in [s.strip() for s in closest.styled("italic")]
        assert list(closest.buttons.items()) == [
            ("👍", "vote:1:up"),
            ("👎", "vote:1:down"),
            ("Ask staff", "staff:1"),
        ]
        assert twin.toasts[query] == "I cannot pass questions on yet. Please ask @ada."
        assert on.generator.requests == []
        assert len(twin.shown(group)) == 1


async def test_the_way_to_staff_stays_after_a_vote(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        ada = twin.person(7, language="pt")
        await twin.private(ada, "Can I still join without a form?")
        (closest,) = await answered(twin, 7)

        await twin.press(ada, closest, "👎")
        await twin.wait(lambda: len(twin.shown(7)[0].buttons) == 7)
        await twin.press_data(ada, twin.shown(7)[0], "why:1:wrong")
        await twin.wait(lambda: len(twin.shown(7)[0].buttons) == 3)
        query = await twin.press_data(ada, twin.shown(7)[0], "staff:1")
        await twin.wait(lambda: query in twin.toasts)

        assert twin.shown(7)[0].buttons == closest.buttons
        assert "staff:1" in closest.buttons.values()
        assert "the course staff" in twin.toasts[query]
        assert await on.store.votes(1) == {Vote.UP: 0, Vote.DOWN: 1}


async def test_a_courtesy_is_returned_without_buttons(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        ada = twin.person(7, language="de")
        await twin.private(ada, LATE)
        await answered(twin, 7)

        await twin.private(ada, "Danke dir!")
        said = await twin.wait_shown(7, "Gern geschehen!")

        assert said.text == "Gern geschehen! 🙂"
        assert said.buttons == {}
        assert on.desk.retriever.searched == [LATE]
        assert len(on.generator.requests) == 1


async def test_who_writes_in_another_language_than_their_client_is_answered_in_it(
    tmp_path: Path,
) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        ada = twin.person(7, language="en")
        await twin.private(ada, "Kann ich still join nach dem Start without a form?")
        closest = await twin.wait_shown(7, "Ich bin nicht sicher")

        down = await twin.press(ada, closest, "👎")
        await twin.wait(lambda: len(twin.shown(7)[0].buttons) == 7)
        staff = await twin.press_data(ada, twin.shown(7)[0], "staff:1")
        await twin.wait(lambda: staff in twin.toasts)

        assert list(closest.buttons) == ["👍", "👎", "Team fragen"]
        assert {"falsch", "veraltet", "unvollständig"} < set(twin.shown(7)[0].buttons)
        assert twin.toasts[down] == "Danke. Was hat nicht gestimmt?"
        assert twin.toasts[staff].endswith("Bitte frag das Kursteam.")
        assert on.generator.requests == []


async def test_too_many_questions_are_refused_at_once(tmp_path: Path) -> None:
    limits = LimitsSettings(max_waiting_per_user=2)
    async with telegram_twin() as twin, scene(tmp_path, twin, limits=limits) as on:
        on.generator.gate.clear()
        ada = twin.person(7)
        for number in range(4):
            await twin.private(ada, f"{LATE} {number}")

        await twin.wait_shown(7, "2 questions waiting")
        on.generator.gate.set()
        await answered(twin, 7, 2)


async def test_a_question_delivered_twice_is_answered_once(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        ada = twin.person(7)
        await twin.private(ada, LATE)
        update = twin.pending[0]
        await answered(twin, 7)

        await twin.again(update | {"update_id": update["update_id"] + 50})
        await twin.private(ada, "/status")
        await twin.wait_shown(7, "Waiting questions")

        assert len(on.generator.requests) == 1
        assert len(await answered(twin, 7)) == 1


async def test_twenty_waiting_questions_survive_a_restart(tmp_path: Path) -> None:
    async with telegram_twin() as twin:
        people = [twin.person(100 + number, f"P{number}") for number in range(20)]
        async with scene(tmp_path, twin) as on:
            on.generator.gate.clear()
            for person in people:
                await twin.private(person, LATE)
            await twin.wait(lambda: len(twin.shown()) == 20)

        before = {(shown.chat, shown.id) for shown in twin.shown()}
        async with scene(tmp_path, twin):
            for person in people:
                await answered(twin, person["id"])

        assert {(shown.chat, shown.id) for shown in twin.shown()} == before
        assert len(twin.called("sendMessage")) == 20


async def test_a_flood_limit_delays_the_answer_of_that_chat_alone(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        on.generator.gate.clear()
        await twin.private(twin.person(7), LATE)
        await on.generator.waiting.wait()
        await twin.wait(lambda: twin.shown(7))
        twin.fail("editMessageText", flood(0.1))

        on.generator.gate.set()
        await twin.private(twin.person(8, "Bob"), CERTIFICATE)

        await answered(twin, 8)
        await answered(twin, 7)
        assert len(twin.shown(7)) == 1


async def test_an_answer_whose_confirmation_is_lost_is_not_sent_again(tmp_path: Path) -> None:
    async with telegram_twin() as twin, scene(tmp_path, twin) as on:
        on.generator.gate.clear()
        await twin.private(twin.person(7), LATE)
        await on.generator.waiting.wait()
        await twin.wait(lambda: twin.shown(7))
        twin.fail("editMessageText", CUT_AFTER, times=2)

        on.generator.gate.set()
        await answered(twin, 7)

        async with asyncio.timeout(120):
            while (await on.store.get(1)).status is not JobStatus.DELIVERED:  # type: ignore[union-attr]
                await twin.wait(lambda: True)
        assert len(twin.shown(7)) == 1


async def test_the_model_cannot_mention_anybody_or_disguise_a_link(tmp_path: Path) -> None:
    def attack(request: GenerationRequest) -> str:
        return "Yes, you can join at any time, @everybody. [Register](https://evil.example/x)."

    async with telegram_twin() as twin, scene(tmp_path, twin, answers=attack):
        await twin.private(twin.person(7), LATE)

        (answer,) = await answered(twin, 7)
        assert "Yes, you can join at any time" in answer.text
        assert "evil.example" not in " ".join(answer.links)
