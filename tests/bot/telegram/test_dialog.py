"""Dialogs on Telegram with the whole desk: real store, retrieval and delivery, a scripted model."""

from __future__ import annotations

import asyncio
from pathlib import Path

from config.settings import CourseSettings, LimitsSettings
from engine.protocol import GenerationRequest
from engine.store.jobs import JobStatus, Vote
from tests.bot.telegram.telegram_desk import CERTIFICATE, LATE, ME, answered, scene
from tests.telegram_faults import CUT_AFTER, flood
from tests.telegram_twin import telegram_twin
from tests.waits import within


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
        await within(on.generator.waiting.wait())

        await twin.private(twin.person(8, "Bob"), CERTIFICATE)
        await twin.wait_shown(8, "• How do I get a certificate?")  # chats are read side by side
        await twin.private(twin.person(9, "Eve"), CERTIFICATE)

        waiting = await twin.wait_shown(9, "• How do I get a certificate?")
        assert "number 2 in the queue" in waiting.text
        assert "Stop" in waiting.buttons
        on.generator.gate.set()
        await answered(twin, 9)


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
        await within(on.generator.waiting.wait())
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
        await within(on.generator.waiting.wait())
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
