"""Messages as people write them: several questions, follow-ups, long pastes, questions of when."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.delivery.texts import say
from bot.messages import Press
from config.settings import AdminsSettings, AnswerSettings, CourseSettings, Settings
from engine.types import Decision, Document, Tier
from tests.harness import FakeAdapter, ListCorpus, ask, echo, message, running_desk

PLATFORM_URL = "https://courses.example.org/llm/2026"
ENTRIES = tuple(
    Document(id=id, course="llm", section="General", question=question, answer=answer)
    for id, question, answer in (
        ("join", "Can I still join after the course has started?", "Yes, you can join late."),
        (
            "certificate",
            "How do I get the certificate?",
            "Pass the project and review the projects of three peers.",
        ),
        (
            "homework",
            "Do I need the homework for the certificate?",
            "The homework is voluntary: the certificate needs the project alone.",
        ),
        (
            "start",
            "When does the course start?",
            "The next cohort starts on January 13th, 2025.",
        ),
        (
            "space",
            "OSError: [Errno 28] No space left on device",
            "The disk is full. Delete models that you no longer use with `hf cache delete`.",
        ),
    )
)


def settings_in(folder: Path, **changes: object) -> Settings:
    courses = {"llm": CourseSettings(platform_url=PLATFORM_URL)}
    return Settings(data_dir=folder, courses=courses, **changes)  # type: ignore[arg-type]


async def test_what_one_part_leaves_open_is_said_below_its_own_words(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(
        tmp_path, echo(), {"fake": adapter}, corpus=ListCorpus(ENTRIES)
    ) as desk:
        reply = await ask(
            desk,
            adapter,
            "how do I get the certificate? also which restaurants near the opera have oysters",
        )

    answered, left_open = reply.text.split("**which restaurants")
    assert "three peers" in answered
    assert "The FAQ has no answer to this." in left_open
    assert [source.id for source in reply.sources] == ["certificate"]
    assert reply.answer is not None
    assert [part.answer.tier for part in reply.answer.parts] == [Tier.ANSWER, Tier.NONE]


async def test_a_follow_up_gets_what_it_asks_and_not_the_entry_just_shown(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(
        tmp_path, echo(), {"fake": adapter}, corpus=ListCorpus(ENTRIES)
    ) as desk:
        first = await ask(desk, adapter, "Can I still join after the course has started?")
        second = await ask(
            desk, adapter, "and do I need the homework for the certificate then?", number=2
        )

    assert [source.id for source in first.sources] == ["join"]
    assert second.sources[0].id == "homework"


@pytest.mark.parametrize(
    ("language", "asks"),
    [
        ("en", "what does this error mean??"),
        ("de", "Was bedeutet dieser Fehler, wie behebe ich ihn?"),
    ],
)
async def test_of_a_long_paste_the_telling_lines_are_read_and_that_is_said(
    tmp_path: Path, adapter: FakeAdapter, language: str, asks: str
) -> None:
    log = [
        f"2026-11-29 10:{n % 60:02}:00,000 INFO fetching part {n} of the model" for n in range(200)
    ]
    log.insert(90, "OSError: [Errno 28] No space left on device")
    async with running_desk(
        tmp_path, echo(), {"fake": adapter}, corpus=ListCorpus(ENTRIES)
    ) as desk:
        reply = await ask(desk, adapter, "\n".join([*log, asks]), language=language)

    assert "space" in {source.id for source in reply.sources}
    assert say("long", language, n=2) in reply.notice


async def test_when_without_a_current_date_points_to_the_platform_and_tells_the_age(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(
        tmp_path,
        echo(),
        {"fake": adapter},
        corpus=ListCorpus(ENTRIES),
        settings=settings_in(tmp_path),
    ) as desk:
        reply = await ask(desk, adapter, "When does the course start?")

    assert reply.answer is not None
    assert reply.answer.tier is Tier.CLOSEST
    assert PLATFORM_URL in reply.text
    assert "no current date" in reply.text
    assert "2025" in reply.sources[0].title


async def test_a_short_entry_is_quoted_without_asking_the_model(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = echo()
    settings = settings_in(tmp_path, answer=AnswerSettings(short_entry=300))
    async with running_desk(
        tmp_path, script, {"fake": adapter}, corpus=ListCorpus(ENTRIES), settings=settings
    ) as desk:
        reply = await ask(desk, adapter, "How do I get the certificate?")

    assert reply.answer is not None
    assert reply.answer.decision is Decision.QUOTED_WHOLE
    assert reply.notice == "Quoted from the FAQ:"
    assert script.requests == []


async def test_staff_are_told_why_and_others_are_not(tmp_path: Path) -> None:
    adapter = FakeAdapter(platform="slack")
    settings = settings_in(tmp_path, admins=AdminsSettings(slack=("staff",)))
    async with running_desk(
        tmp_path,
        echo(),
        {"slack": adapter},
        corpus=ListCorpus(ENTRIES),
        settings=settings,
    ) as desk:
        plain = await ask(desk, adapter, "How do I get the certificate?", platform="slack")
        own = await ask(
            desk, adapter, "How do I get the certificate?", 2, user="staff", platform="slack"
        )
        given = {"platform": "slack", "reply_to": "x", "message_id": "m1", "value": "explain:1"}
        told = await desk.desk.press(Press(user_id="staff", **given))
        refused = await desk.desk.press(Press(user_id="student", **given))

    assert not [action for action in plain.actions if action.value.startswith("explain")]
    assert [action.label for action in own.actions][-1] == "Why?"
    assert told is not None
    assert "Candidates, best first" in told.text
    assert told.ephemeral
    assert refused is not None
    assert refused.text == "Only the course staff can do that."


async def test_the_last_answer_of_a_conversation_is_explained_to_staff(tmp_path: Path) -> None:
    adapter = FakeAdapter()
    settings = settings_in(tmp_path)
    async with running_desk(
        tmp_path, echo(), {"console": adapter}, corpus=ListCorpus(ENTRIES), settings=settings
    ) as desk:
        await ask(desk, adapter, "How do I get the certificate?", platform="console")
        await desk.desk.receive(message("/explain", number=2, platform="console"))
        async with adapter.changed:
            await adapter.changed.wait_for(lambda: len(adapter.messages) == 2)

    assert "Judged by" in adapter.messages["m2"][-1].text
