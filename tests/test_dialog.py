"""What it feels like to use: people write, the assistant answers. Read this first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.messages import Press, Reply, ReplyState
from config.settings import AdminsSettings, CourseSettings, LimitsSettings, Settings
from engine.store.jobs import JobStatus, Vote
from engine.types import Decision, Document, Tier
from tests.fakes import ScriptedGenerator
from tests.harness import (
    FAQ,
    FakeAdapter,
    ListCorpus,
    ask,
    echo,
    message,
    running_desk,
)

LATE = "Can I still join after the start?"
LATE_ANSWER = "You can join at any time."
CLOSEST = "I am not sure the FAQ answers this. These come closest:"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NO_ANSWER = "The FAQ has no answer to this. Please ask the course staff."

#: Entries that answer something else than what people ask next to them.
TRAPS = tuple(
    Document(id=id, course=course, section=section, question=question, answer=answer)
    for id, course, section, question, answer in (
        (
            "group-project",
            "llm",
            "Capstone",
            "Is it a group project?",
            "No, the capstone is a solo project.",
        ),
        (
            "evidently",
            "llm",
            "Monitoring",
            "How do I install Evidently?",
            "Run `pip install evidently` in the environment of module 5.",
        ),
        (
            "late-certificate",
            "llm",
            "Certificates",
            "Can I still get a certificate when I join late?",
            "No, you can only get a certificate if you finish the capstone with the live cohort.",
        ),
        (
            "kubectl-windows",
            "ml",
            "Kubernetes",
            "How do I install kubectl on Windows?",
            "Download kubectl.exe and put its folder on the PATH. Then run `kubectl version`.",
        ),
        (
            "kind",
            "ml",
            "Kubernetes",
            "What is kind?",
            "It runs a Kubernetes cluster in containers on your own computer.",
        ),
        (
            "points",
            "organisation",
            "Projects",
            "How many points does a project need?",
            "A project needs 14 of 28 points. Reviews of peers count for 4 of them.",
        ),
    )
)


def generator() -> ScriptedGenerator:
    """Writes a good answer, an invention or a refusal, by what the question holds."""

    def write(request: object) -> str:
        question = request.question  # type: ignore[attr-defined]
        if "certificate" in question:
            return (
                "Finish the project and review 3 projects of your peers. "
                "It costs 20 euros, see https://evil.example/pay."
            )
        if "CUDA" in question:
            return "Buy a GPU with 80 GB from https://evil.example."
        if "friend" in question:
            return "NO_ANSWER"
        return LATE_ANSWER

    return ScriptedGenerator(write)


async def offered(adapter: FakeAdapter, message_id: str) -> Reply:
    """The first version of the message that offers entries to who waits."""

    def found() -> Reply | None:
        versions = adapter.messages.get(message_id, ())
        return next((version for version in versions if version.matches), None)

    async with asyncio.timeout(120), adapter.changed:
        await adapter.changed.wait_for(found)
    reply = found()
    assert reply is not None
    return reply


def values(reply: Reply) -> list[str]:
    """What its buttons say when they are pressed."""
    return [action.value for action in reply.actions]


def press(value: str, **changes: str) -> Press:
    given = {"platform": "fake", "user_id": "student", "reply_to": "x", "message_id": "m1"}
    return Press(value=value, **(given | changes))  # type: ignore[arg-type]


@pytest.fixture
def adapter() -> FakeAdapter:
    return FakeAdapter()


async def test_a_question_is_answered_with_its_source(tmp_path: Path, adapter: FakeAdapter) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, LATE)

    assert reply.text == LATE_ANSWER
    assert [source.id for source in reply.sources] == ["join-late"]
    assert reply.sources[0].url == "https://example.org/faq#join-late"
    assert [action.value for action in reply.actions] == ["vote:1:up", "vote:1:down"]


async def test_the_matching_entries_are_shown_while_the_asker_waits(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    slow = generator()
    slow.gate.clear()
    async with running_desk(tmp_path, slow, {"fake": adapter}) as desk:
        await desk.desk.receive(message(LATE))
        waiting = await offered(adapter, "m1")
        slow.gate.set()
        await adapter.wait_for_finals(1)

    assert waiting.state is not ReplyState.FINAL
    assert waiting.matches[0].document.id == "join-late"
    assert waiting.sources_title == "Meanwhile, these entries of the FAQ match best:"
    assert len(adapter.messages) == 1, "one message, edited"


async def test_an_invented_sentence_is_dropped(tmp_path: Path, adapter: FakeAdapter) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "How do I get a certificate?")

    assert "review 3 projects" in reply.text
    assert "euros" not in reply.text
    assert "evil.example" not in reply.text


async def test_an_answer_that_is_all_invention_becomes_a_quotation(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "CUDA out of memory when loading the model")

    assert reply.notice == "Quoted from the FAQ:"
    assert reply.text.startswith("**CUDA out of memory when loading the model**\n\nLoad the model")
    assert "```bash\nnvidia-smi" in reply.text
    assert [source.id for source in reply.sources] == ["cuda-memory"]


async def test_what_the_faq_does_not_cover_is_said_so_without_the_model(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "Who won the football match yesterday?")

    assert reply.text == "The FAQ has no answer to this. Please ask the course staff."
    assert values(reply) == ["staff:1"]
    assert reply.sources == reply.related == ()
    assert script.requests == []


async def test_when_the_model_finds_no_answer_the_nearest_entries_are_offered(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "Can a friend still join after the course has started?")

    assert len(script.requests) == 1
    assert reply.text == CLOSEST
    assert reply.sources_title == ""
    assert reply.sources[0].id == "join-late"
    assert reply.sources[0].excerpt == "Yes, you can join at any time."
    assert values(reply) == ["vote:1:up", "vote:1:down", "staff:1"]


@pytest.mark.parametrize("text", ["?!", "🤷", "   ", "…"])
async def test_nothing_to_search_for_is_said_kindly(
    text: str, tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, text)

    assert reply.text == "I found no question in that. Write one in a few words."


async def test_the_same_message_delivered_three_times_is_answered_once(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        for _ in range(3):
            await desk.desk.receive(message(LATE, number=7))
        await adapter.wait_for_finals(1)
        await ask(desk, adapter, "How do I get a certificate?", number=8)

    assert len(adapter.messages) == 2
    assert len(script.requests) == 2


async def test_a_follow_up_brings_the_earlier_turn_along(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await ask(desk, adapter, LATE, number=1)
        await ask(desk, adapter, "And can I join after the course has started?", number=2)

    assert [turn.question for turn in script.requests[1].history] == [LATE]
    assert script.requests[1].history[0].answer == LATE_ANSWER


async def test_new_starts_afresh(tmp_path: Path, adapter: FakeAdapter) -> None:
    script = generator()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await ask(desk, adapter, LATE, number=1)
        await ask(desk, adapter, "/new", number=2)
        await ask(desk, adapter, LATE, number=3)

    assert script.requests[1].history == ()


async def test_a_chosen_course_limits_the_search(tmp_path: Path, adapter: FakeAdapter) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        chosen = await ask(desk, adapter, "/course course-b", number=1)
        reply = await ask(desk, adapter, "How do I get a certificate?", number=2)
        unknown = await ask(desk, adapter, "/course course-z", number=3)

    assert chosen.text == "Your questions are about: Course B."
    assert reply.text == (
        "The FAQ of this course does not cover this. In other courses, these come close:"
    )
    assert [(source.id, source.course) for source in reply.sources] == [("certificate", "course-a")]
    assert values(reply) == ["vote:1:up", "vote:1:down", "staff:1"]
    assert "course-a, course-b" in unknown.text


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


async def test_asking_too_often_is_told_when_to_come_back(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    settings = Settings(data_dir=tmp_path, limits=LimitsSettings(questions_per_minute=1))
    async with running_desk(tmp_path, generator(), {"fake": adapter}, settings=settings) as desk:
        await ask(desk, adapter, LATE, number=1)
        reply = await ask(desk, adapter, LATE, number=2)

    assert reply.text.startswith("That was quick! You can ask again in ")


async def test_at_most_three_questions_of_one_person_wait(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    slow = generator()
    slow.gate.clear()
    async with running_desk(tmp_path, slow, {"fake": adapter}) as desk:
        for number in range(4):
            await desk.desk.receive(message(LATE, number=number))
        refused = (await adapter.wait_for_finals(1))[0]
        slow.gate.set()
        await adapter.wait_for_finals(4)

    assert refused.text.startswith("You have 3 questions waiting.")


async def test_a_full_queue_is_refused_at_once_with_an_estimate(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    settings = Settings(data_dir=tmp_path, limits=LimitsSettings(max_queue=2))
    slow = generator()
    slow.gate.clear()
    async with running_desk(tmp_path, slow, {"fake": adapter}, settings=settings) as desk:
        await desk.desk.receive(message(LATE, number=0, user="student-0"))
        await slow.waiting.wait()
        for number in range(1, 4):
            await desk.desk.receive(message(LATE, number=number, user=f"student-{number}"))
        refused = (await adapter.wait_for_finals(1))[0]
        slow.gate.set()
        await adapter.wait_for_finals(4)

    assert refused.text.startswith("There are very many questions at the moment")


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


async def test_an_answer_can_be_stopped_by_its_asker_only(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    slow = generator()
    slow.gate.clear()
    async with running_desk(tmp_path, slow, {"fake": adapter}) as desk:
        await desk.desk.receive(message(LATE))
        await slow.waiting.wait()
        other = await desk.desk.press(
            Press(platform="fake", user_id="x", value="stop:1", reply_to="x", message_id="m1")
        )
        await desk.desk.press(
            Press(platform="fake", user_id="student", value="stop:1", reply_to="x", message_id="m1")
        )
        reply = (await adapter.wait_for_finals(1))[0]
        slow.gate.set()
        again = await ask(desk, adapter, LATE, number=2)

    assert other is not None
    assert other.text == "There is nothing to stop."
    assert reply.text == "Stopped."
    assert again.text == LATE_ANSWER


async def test_twenty_waiting_questions_survive_a_restart(tmp_path: Path) -> None:
    slow = generator()
    slow.gate.clear()
    before, after = FakeAdapter(), FakeAdapter()
    async with running_desk(tmp_path, slow, {"fake": before}) as desk:
        for number in range(20):
            await desk.desk.receive(message(LATE, number=number, user=f"student-{number}"))
        async with before.changed:
            await before.changed.wait_for(lambda: len(before.messages) == 20)

    async with running_desk(tmp_path, generator(), {"fake": after}):
        await after.wait_for_finals(20)

    assert {reply.text for reply in after.finals} == {LATE_ANSWER}
    assert set(after.messages) == set(before.messages), "the old messages were edited"


# How sure we are: an answer, the closest entries, no answer


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


async def test_who_waits_is_shown_the_entries_of_the_answer_from_one_search(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = echo(reads=True)  # so that both have to wait for it
    script.gate.clear()
    corpus = ListCorpus((*FAQ, *TRAPS))
    async with running_desk(tmp_path, script, {"fake": adapter}, corpus=corpus) as desk:
        await desk.desk.receive(message("How do I install kubectl on Windows?", number=1))
        await script.waiting.wait()
        await desk.desk.receive(message("how to install kubectl on mac", number=2))
        first, second = await offered(adapter, "m1"), await offered(adapter, "m2")
        script.gate.set()
        await adapter.wait_for_finals(2)
        searched = list(desk.retriever.searched)

    answer, closest = (adapter.messages[name][-1] for name in ("m1", "m2"))
    assert sorted(searched) == [
        "How do I install kubectl on Windows?",
        "how to install kubectl on mac",
    ]
    assert [match.document.id for match in second.matches] == [s.id for s in closest.sources]
    assert closest.text == CLOSEST
    assert first.matches[0].document.id == answer.sources[0].id == "kubectl-windows"


async def test_who_asks_what_no_entry_is_close_to_waits_for_no_model_and_is_shown_none(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    script = generator()
    script.gate.clear()
    async with running_desk(tmp_path, script, {"fake": adapter}) as desk:
        await desk.desk.receive(message(LATE, number=1))
        await script.waiting.wait()
        await desk.desk.receive(message("who won the world cup", number=2))
        await offered(adapter, "m1")
        (first,) = await adapter.wait_for_finals(1)
        script.gate.set()
        await adapter.wait_for_finals(2)

    assert first is adapter.messages["m2"][-1]
    assert [version.matches for version in adapter.messages["m2"]] == [()] * len(
        adapter.messages["m2"]
    )
    assert adapter.messages["m2"][-1].text == NO_ANSWER


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


async def test_a_question_still_open_at_a_restart_is_judged_again(tmp_path: Path) -> None:
    slow, before, after = echo(reads=True), FakeAdapter(), FakeAdapter()
    slow.gate.clear()
    corpus = ListCorpus(TRAPS)
    async with running_desk(tmp_path, slow, {"fake": before}, corpus=corpus) as desk:
        await desk.desk.receive(message("How do I install kubectl on Windows?", number=1))
        await slow.waiting.wait()
        await desk.desk.receive(message("how to install kubectl on mac", number=2))
        await offered(before, "m2")

    async with running_desk(tmp_path, echo(), {"fake": after}, corpus=corpus) as desk:
        await after.wait_for_finals(2)
        await desk.desk.all_told()
        jobs = [await desk.store.get(number) for number in (1, 2)]

    assert after.messages["m2"][-1].text == CLOSEST
    assert [job.status for job in jobs if job] == [JobStatus.DELIVERED] * 2
