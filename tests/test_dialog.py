"""What it feels like to use: people write, the assistant answers. Read this first."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.messages import Press, Reply
from config.settings import AdminsSettings, LimitsSettings, Settings
from engine.store.jobs import Vote
from tests.fakes import ScriptedGenerator
from tests.harness import FakeAdapter, RunningDesk, message, running_desk

LATE = "Can I still join after the start?"
LATE_ANSWER = "You can join at any time."


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
            return "Buy a card with 80 GB from https://evil.example."
        if "homework" in question:
            return "NO_ANSWER"
        return LATE_ANSWER

    return ScriptedGenerator(write)


async def ask(desk: RunningDesk, adapter: FakeAdapter, text: str, number: int = 1) -> Reply:
    """Write `text` and wait for the message that answers it."""
    before = len(adapter.finals)
    await desk.desk.receive(message(text, number=number))
    return (await adapter.wait_for_finals(before + 1))[-1]


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
        async with adapter.changed:
            await adapter.changed.wait_for(lambda: bool(adapter.messages))
        first = adapter.messages["m1"][0]
        slow.gate.set()
        await adapter.wait_for_finals(1)

    assert first.matches[0].document.id == "join-late"
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
    assert reply.actions == ()
    assert script.requests == []


async def test_when_the_model_finds_no_answer_the_nearest_entries_are_offered(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        reply = await ask(desk, adapter, "the deadlines of the homework")

    assert reply.text.startswith("The FAQ has no answer to this.")
    assert reply.sources_title == "Maybe related"
    assert reply.sources[0].id == "join-late"


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
        await ask(desk, adapter, "And can I still join without a form?", number=2)

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
    assert reply.text.startswith("The FAQ has no answer to this.")
    assert "course-a, course-b" in unknown.text


async def test_commands_explain_themselves(tmp_path: Path, adapter: FakeAdapter) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        overview = await ask(desk, adapter, "/help", number=1)
        status = await ask(desk, adapter, "/status", number=2)
        unknown = await ask(desk, adapter, "/dance", number=3)

    assert "/course" in overview.text
    assert "/gpu" not in overview.text, "staff only"
    assert "3 entries" in status.text
    assert unknown.text.startswith("I do not know the command /dance.")


async def test_only_staff_switch_the_model_and_see_the_card(
    tmp_path: Path, adapter: FakeAdapter
) -> None:
    async with running_desk(tmp_path, generator(), {"fake": adapter}) as desk:
        models = await ask(desk, adapter, "/model", number=1)
        refused = await ask(desk, adapter, "/model phi-3-mini", number=2)
        card = await ask(desk, adapter, "/gpu", number=3)

    assert "✅ `smollm2-135m`" in models.text
    assert models.actions == ()
    assert refused.text == card.text == "Only the course staff can do that."
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
