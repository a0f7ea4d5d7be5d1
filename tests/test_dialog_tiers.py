"""How sure the assistant says it is: an answer, the closest entries, a question back, no answer."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import CourseSettings, Settings
from engine.store.jobs import Vote
from engine.types import Decision, Document, Tier
from tests.dialog_cases import CLOSEST, NO_ANSWER, TRAPS, press, values
from tests.harness import FakeAdapter, ListCorpus, ask, echo, message, running_desk

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "question",
    [
        "Can I use Evidently for my capstone?",
        "Can I do the capstone with Evidently, yes or no?",
        "Does the certificate expire after some years?",
        "I forgot to submit week 1, can I still hand it in?",
        "Can I join late with a friend?",
    ],
)
async def test_a_yes_or_no_to_another_question_is_never_an_answer(
    question: str, tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = echo()
    async with running_desk(tmp_path, script, {"fake": adapter}, corpus=ListCorpus(TRAPS)) as desk:
        reply = await ask(desk, adapter, question)

    assert reply.answer is not None
    assert reply.answer.tier in (Tier.CLOSEST, Tier.NONE)
    assert reply.text in (CLOSEST, NO_ANSWER)
    assert script.requests == []


async def test_a_yes_or_no_to_this_very_question_is_an_answer(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, echo(), {"fake": adapter}, corpus=ListCorpus(TRAPS)) as desk:
        reply = await ask(desk, adapter, "is it a group project")

    assert reply.answer is not None
    assert reply.answer.tier is Tier.ANSWER
    assert reply.answer.text == "No, the capstone is a solo project."
    assert [source.id for source in reply.sources] == ["group-project"]


async def test_an_entry_about_another_system_comes_close_and_is_no_answer(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = echo()
    async with running_desk(tmp_path, script, {"fake": adapter}, corpus=ListCorpus(TRAPS)) as desk:
        reply = await ask(desk, adapter, "how to install kubectl on mac")

    assert reply.text == CLOSEST
    assert reply.notice == ""
    assert reply.sources[0].id == "kubectl-windows"
    assert reply.sources[0].excerpt == "Download kubectl.exe and put its folder on the PATH."
    assert 1 < len(reply.sources) <= 3
    assert reply.related == ()
    assert values(reply) == ["vote:1:up", "vote:1:down", "staff:1"]
    assert reply.answer is not None
    assert reply.answer.sources == ()
    assert "macOS" in reply.answer.reason
    assert script.requests == []


async def test_two_questions_of_one_message_are_answered_each_under_its_own_words(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, echo(), {"fake": adapter}, corpus=ListCorpus(TRAPS)) as desk:
        reply = await ask(
            desk,
            adapter,
            "How do I install kubectl on Windows, and how many points does a project need?",
        )

    first, second = (
        reply.text.index("**How do I install"),
        reply.text.index("**how many points"),
    )
    assert first < reply.text.index("kubectl.exe") < second < reply.text.rindex("points")
    assert {source.id for source in reply.sources} == {"kubectl-windows", "points"}
    assert values(reply) == ["vote:1:up", "vote:1:down"]


async def test_a_second_entry_that_is_nearly_as_close_is_named_under_the_answer(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, echo(), {"fake": adapter}, corpus=ListCorpus(TRAPS)) as desk:
        both = await ask(
            desk,
            adapter,
            "Install kubectl on Windows: the points a project needs.",
        )
        one = await ask(desk, adapter, "How many points does a project need?", number=2)

    assert both.related_title == "Also close"
    assert {source.id for source in (*both.sources, *both.related)} == {"kubectl-windows", "points"}
    assert len(both.sources) == len(both.related) == 1
    assert both.related[0].excerpt == "", "the title and the link are enough"
    assert values(both) == ["vote:1:up", "vote:1:down"]
    assert (one.related, one.related_title) == ((), "")


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("thanks", None, "You are welcome! 🙂"),
        ("thank you so much, that helped!", "en", "You are welcome! 🙂"),
        ("Danke, das hat geholfen!", "de", "Gern geschehen! 🙂"),
        ("спасибо большое", "ru", "Пожалуйста! 🙂"),
        ("¡Muchas gracias!", "es", "¡De nada! 🙂"),
        ("👍", None, "You are welcome! 🙂"),
        ("hello", None, "Hello! Ask me anything about the course."),
        ("Guten Morgen", "de", "Hallo! Frag mich alles, was du zum Kurs wissen willst."),
    ],
)
async def test_a_courtesy_is_returned_without_a_search_or_the_model(
    text: str, language: str | None, said: str, tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = echo()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await desk.desk.receive(message(text, language=language))
        (reply,) = await adapter.wait_for_finals(1)

        assert desk.retriever.searched == []

    assert reply.text == said
    assert reply.sources == reply.related == reply.actions == ()
    assert script.requests == []


async def test_a_courtesy_is_no_question_that_the_faq_lacks(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, echo(), {"fake": adapter}) as desk:
        await ask(desk, adapter, "hello", number=1)
        await ask(desk, adapter, "Who won the football match yesterday?", number=2)
        await ask(desk, adapter, "thanks!", number=3)
        gaps = await desk.store.unanswered(LONG_AGO, 10)

    assert [job.question.text for job in gaps] == ["Who won the football match yesterday?"]


@pytest.mark.parametrize("text", ["it does not work", "help!", "not working", "ticket??"])
async def test_who_says_only_that_something_is_wrong_is_asked_back(
    text: str, tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = echo()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, text)

    assert reply.text == (
        "Which error, tool or step do you mean? Please write it in a few more words."
    )
    assert reply.sources == reply.related == reply.actions == ()
    assert script.requests == []


async def test_who_names_only_the_tool_is_asked_back_with_the_closest_titles(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    corpus = ListCorpus(
        (
            *TRAPS,
            Document(
                id="docker-start",
                course="ml",
                section="Docker",
                question="Docker does not start on Windows",
                answer="Restart the Docker Desktop service.",
            ),
            Document(
                id="docker-mount",
                course="ml",
                section="Docker",
                question="Docker cannot mount a folder",
                answer="Write the path of the folder with slashes.",
            ),
        )
    )
    async with running_desk(tmp_path, echo(), {"fake": adapter}, corpus=corpus) as desk:
        reply = await ask(desk, adapter, "not working docker")

    assert reply.text == (
        "Which error, tool or step do you mean? Please write it in a few more words. "
        "Perhaps it is one of these:"
    )
    assert {source.id for source in reply.sources} >= {"docker-start", "docker-mount"}
    assert [source.excerpt for source in reply.sources] == [""] * len(reply.sources)
    assert reply.actions == ()


async def test_a_course_answers_from_the_courses_that_it_includes(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    courses = {"llm": CourseSettings(includes=("organisation",))}
    settings = Settings(data_dir=tmp_path, courses=courses)
    corpus = ListCorpus(TRAPS)
    async with running_desk(
        tmp_path, echo(), {"fake": adapter}, settings=settings, corpus=corpus
    ) as desk:
        await ask(desk, adapter, "/course llm", number=1)
        included = await ask(desk, adapter, "How many points does a project need?", number=2)
        await ask(desk, adapter, "/course ml", number=3)
        foreign = await ask(desk, adapter, "How many points does a project need?", number=4)

    assert included.text.startswith("A project needs 14 of 28 points.")
    assert [(source.id, source.course) for source in included.sources] == [
        ("points", "organisation")
    ]
    assert foreign.text.startswith("The FAQ of this course does not cover this.")
    assert foreign.sources[0].id == "points"
    assert foreign.answer is not None
    assert foreign.answer.decision is Decision.OTHER_COURSES


async def test_a_question_in_another_language_is_told_in_which_language_the_faq_is(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, echo(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "Wie bekomme ich ein Zertifikat?")

    assert "Die FAQ sind auf Englisch: Frag noch einmal auf Englisch" in reply.text
    assert "keine Antwort" not in reply.text, "words alone cannot know that"
    assert "frag das Kursteam" in reply.text
    assert [action.label for action in reply.actions] == ["Team fragen"]


async def test_the_closest_entries_are_introduced_in_the_language_of_the_asker(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, echo(), {"fake": adapter}, corpus=ListCorpus(TRAPS)) as desk:
        await desk.desk.receive(message("installing kubectl on mac", language="fr"))
        (reply,) = await adapter.wait_for_finals(1)

    assert reply.text == (
        "Je ne suis pas sûr que la FAQ réponde à cela. Voici ce qui s'en approche le plus :"
    )
    assert reply.actions[-1].label == "Demander à l'équipe"


async def test_the_closest_entries_are_voted_on_like_an_answer(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, echo(), {"fake": adapter}, corpus=ListCorpus(TRAPS)) as desk:
        await ask(desk, adapter, "how to install kubectl on mac")
        thanks = await desk.desk.press(press("vote:1:up"))
        votes = await desk.store.votes(1)

    assert thanks is not None
    assert thanks.text == "Thank you!"
    assert votes == {Vote.UP: 1, Vote.DOWN: 0}


async def test_a_courtesy_between_two_questions_is_not_what_a_follow_up_leans_on(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, echo(), {"fake": adapter}, corpus=ListCorpus(TRAPS)) as desk:
        await ask(desk, adapter, "How do I install kubectl on Windows?", number=1)
        await ask(desk, adapter, "danke schön", number=2)
        reply = await ask(desk, adapter, "and then?", number=3)

    assert reply.sources[0].id == "kubectl-windows"
