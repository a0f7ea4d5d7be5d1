"""What is kept of a job (conversations, votes, settings) and what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.store.database import read_queries
from engine.store.jobs import QUERIES, JobStore, Vote
from engine.types import Question, Turn
from tests.engine.store.job_cases import ANSWER, NOT_FOUND, added, answered, reopened

TOMORROW = datetime.now(UTC) + timedelta(days=1)


# Conversations, votes, settings


async def test_history_is_the_answered_part_of_one_conversation(store: JobStore) -> None:
    for number in range(4):
        await answered(store, str(number))
    await answered(store, "elsewhere", conversation="C2")
    await added(store, "waiting")

    turns = await store.history("slack", "C1", 3)

    assert [turn.question for turn in turns] == ["question 1", "question 2", "question 3"]
    assert turns[0].answer == ANSWER.text
    assert await store.history("slack", "C1", -1) == []


async def test_a_question_without_an_answer_is_remembered_as_such(store: JobStore) -> None:
    await answered(store, "1", NOT_FOUND)

    (turn,) = await store.history("slack", "C1", 3)

    assert turn.question == "question 1"
    assert turn.answer == ""


async def test_a_conversation_started_afresh_forgets_what_was_said(store: JobStore) -> None:
    await answered(store, "before")
    await store.start_afresh("slack", "C1")
    await answered(store, "after")

    turns = await store.history("slack", "C1", 9)

    assert [turn.question for turn in turns] == ["question after"]


async def test_a_person_has_one_vote_and_may_change_it(store: JobStore) -> None:
    job = await answered(store, "m1")
    await store.vote(job.id, "ann", Vote.UP, None)
    await store.vote(job.id, "bob", Vote.UP, None)

    await store.vote(job.id, "ann", Vote.DOWN, "outdated")

    assert await store.votes(job.id) == {Vote.UP: 1, Vote.DOWN: 1}


async def test_a_vote_on_a_job_that_is_gone_is_nothing(store: JobStore) -> None:
    await store.vote(99, "ann", Vote.UP, None)

    assert await store.votes(99) == {Vote.UP: 0, Vote.DOWN: 0}


async def test_unanswered_is_what_was_not_found_or_voted_down(store: JobStore) -> None:
    await answered(store, "fine")
    await answered(store, "not found", NOT_FOUND)
    disliked = await answered(store, "disliked")
    await store.vote(disliked.id, "bob", Vote.DOWN, None)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)

    gaps = await store.unanswered(long_ago, 10)

    assert [job.message_id for job in gaps] == ["disliked", "not found"]
    assert len(await store.unanswered(long_ago, 1)) == 1
    assert await store.unanswered(TOMORROW, 10) == []


async def test_a_setting_outlives_a_restart(store: JobStore, path: Path) -> None:
    await store.set_value("telegram.offset", "1")
    await store.set_value("telegram.offset", "2")

    store = await reopened(store, path)

    assert await store.get_value("telegram.offset") == "2"
    assert await store.get_value("unknown") is None
    await store.close()


# What is not kept


async def test_nothing_of_a_forgotten_person_is_left_in_any_file(
    store: JobStore, path: Path
) -> None:
    secret = "xylophone"
    turn = Turn(question=secret, answer=secret)
    bobs = await answered(
        store, "bob", user_id="bob", question=Question(text="bob's", history=(turn,))
    )
    for number in range(30):
        await answered(store, str(number), question=Question(text=f"{secret} {number}" * 50))
    await store.vote(bobs.id, "ann", Vote.DOWN, secret)
    await store.set_value("course:slack:ann", secret)
    await store.set_value("course:slack:bob", "llm")

    count = await store.forget("slack", "ann")

    assert count == 30
    for file in path.parent.iterdir():
        assert secret.encode() not in file.read_bytes(), file.name
    assert await store.votes(bobs.id) == {Vote.UP: 0, Vote.DOWN: 0}
    assert await store.get_value("course:slack:bob") == "llm"
    assert [turn.question for turn in await store.history("slack", "C1", 9)] == ["bob's"]


async def test_a_late_answer_to_a_forgotten_question_meets_no_other_one(store: JobStore) -> None:
    gone = await added(store, "m1")
    await store.claim()
    await store.forget("slack", "ann")
    new = await added(store, "m2", "bob")
    await store.claim()

    stored = await store.answer(gone.id, ANSWER)

    assert not stored
    assert new.id > gone.id
    assert await store.undelivered() == []


async def test_questions_older_than_a_moment_are_deleted_also_from_later_histories(
    store: JobStore,
) -> None:
    turn = Turn(question="question old", answer="old")
    await answered(store, "old")
    new = await answered(store, "new", question=Question(text="new", history=(turn,)))
    await store.deliver(new.id)

    count = await store.expire(new.created_at)

    assert count == 1
    left = await store.get(new.id)
    assert left is not None
    assert left.question == Question(text="new")
    assert left.answer == ANSWER


async def test_expiry_leaves_a_question_that_is_being_answered(store: JobStore) -> None:
    job = await added(store, "m1")
    await store.claim()

    count = await store.expire(TOMORROW)

    assert count == 0
    assert await store.answer(job.id, ANSWER)


def test_every_query_is_described_by_a_comment() -> None:
    queries = read_queries(QUERIES.read_text(encoding="utf-8"))

    assert [name for name, query in queries.items() if not query.startswith("-- ")] == []


def test_no_query_is_left_over() -> None:
    names = read_queries(QUERIES.read_text(encoding="utf-8"))
    source = "".join(path.read_text(encoding="utf-8") for path in QUERIES.parent.glob("*.py"))

    assert {name for name in names if f'"{name}"' not in source} == set()
