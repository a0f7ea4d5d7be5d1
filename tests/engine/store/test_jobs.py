"""The durable queue on a real SQLite file: order, states, what is kept and what is not."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import StoreError
from engine.store.database import read_queries
from engine.store.jobs import QUERIES, Job, JobStatus, JobStore, NewJob, Vote
from engine.types import Answer, Decision, Question, Source, Timings, Turn

TOMORROW = datetime.now(UTC) + timedelta(days=1)
ANSWER = Answer(
    text="Yes, you can – “late” is fine 🙂",
    decision=Decision.ANSWERED,
    reason="Every claim is in the entry.",
    sources=(Source(id="a1", title="Late?", section="General", course="llm", url=None, score=0.7),),
    model="tiny",
    timings=Timings(retrieve_s=0.01, total_s=1.5),
    dropped=("It costs 5 €.",),
)
NOT_FOUND = replace(ANSWER, decision=Decision.NOT_COVERED, sources=(), model=None)


def new_job(message_id: str, user_id: str = "ann", **changes: object) -> NewJob:
    job = NewJob(
        platform="slack",
        conversation="C1",
        message_id=message_id,
        user_id=user_id,
        reply_to='{"channel": "C1"}',
        question=Question(text=f"question {message_id}", course="llm"),
    )
    return replace(job, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "jobs.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[JobStore]:
    async with JobStore(path) as store:
        yield store


async def added(store: JobStore, message_id: str, user_id: str = "ann", **changes: object) -> Job:
    job = await store.add(new_job(message_id, user_id, **changes))
    assert job is not None
    return job


async def answered(store: JobStore, message_id: str, answer: Answer = ANSWER, **changes: object):
    job = await added(store, message_id, **changes)
    while (claimed := await store.claim()) is not None and claimed.id != job.id:
        pass
    await store.answer(job.id, answer)
    return job


async def claimed_ids(store: JobStore) -> list[str]:
    ids = []
    while (job := await store.claim()) is not None:
        ids.append(job.message_id)
    return ids


async def reopened(store: JobStore, path: Path) -> JobStore:
    await store.close()
    again = JobStore(path)
    await again.open()
    return again


# Adding


async def test_a_question_is_stored_as_it_came(store: JobStore) -> None:
    new = new_job(
        "m1",
        question=Question(
            text="Can I\0 join?", course="llm", history=(Turn(question="a", answer="b"),)
        ),
    )

    job = await store.add(new)

    assert job is not None
    assert (job.platform, job.conversation, job.message_id) == ("slack", "C1", "m1")
    assert (job.user_id, job.reply_to, job.question) == ("ann", new.reply_to, new.question)
    assert (job.status, job.attempts, job.placeholder, job.answer) == ("queued", 0, None, None)
    assert job.created_at.utcoffset() == timedelta(0)
    assert await store.get(job.id) == job


async def test_a_redelivered_message_is_known(store: JobStore) -> None:
    await added(store, "m1")

    again = await store.add(new_job("m1"))

    assert again is None
    assert await store.knows("slack", "C1", "m1")
    assert await store.queue_length() == 1


async def test_the_same_message_id_elsewhere_is_another_message(store: JobStore) -> None:
    await added(store, "m1")

    await added(store, "m1", conversation="C2")
    await added(store, "m1", platform="telegram")

    assert await store.queue_length() == 3


async def test_a_hundred_deliveries_at_once_make_one_job(store: JobStore) -> None:
    jobs = await asyncio.gather(*(store.add(new_job("m1")) for _ in range(100)))

    assert len([job for job in jobs if job is not None]) == 1


async def test_half_a_surrogate_pair_does_not_keep_a_question_out(store: JobStore) -> None:
    job = await added(store, "m\ud83d", question=Question(text="why \ud83d?"))

    assert job.question.text == "why ??"
    assert await store.knows("slack", "C1", "m\ud83d")


async def test_an_id_that_no_job_can_have_is_not_found(store: JobStore) -> None:
    assert await store.get(10**30) is None
    assert await store.get(-1) is None
    assert not await store.cancel(10**30)


# Taking turns


async def test_people_take_turns_however_much_one_asks(store: JobStore) -> None:
    for number in range(3):
        await added(store, f"ann{number}", "ann")
    await added(store, "bob0", "bob")
    await added(store, "cat0", "cat")

    order = await claimed_ids(store)

    assert order == ["ann0", "bob0", "cat0", "ann1", "ann2"]


async def test_the_same_user_id_on_two_platforms_is_two_people(store: JobStore) -> None:
    await added(store, "1", "7")
    await added(store, "2", "7")
    await added(store, "3", "7", platform="telegram")

    order = await claimed_ids(store)

    assert order == ["1", "3", "2"]


async def test_turns_are_remembered_over_a_restart(store: JobStore, path: Path) -> None:
    await added(store, "ann0", "ann")
    await store.claim()
    store = await reopened(store, path)
    await added(store, "ann1", "ann")
    await added(store, "bob0", "bob")

    first = await store.claim()

    assert first is not None
    assert first.message_id == "bob0"
    await store.close()


@given(
    users=st.lists(st.sampled_from("abcd"), min_size=1, max_size=12),
    taken=st.integers(0, 4),
    more=st.lists(st.sampled_from("abcdef"), max_size=6),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_position_foretells_the_order_of_claims(
    users: list[str], taken: int, more: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def foretell() -> tuple[dict[str, int], list[str]]:
        async with JobStore(tmp_path_factory.mktemp("turns") / "jobs.db") as store:
            jobs = [await added(store, str(n), user) for n, user in enumerate(users)]
            for _ in range(taken):
                await store.claim()
            jobs += [await added(store, f"more{n}", user) for n, user in enumerate(more)]
            places = {job.message_id: await store.position(job.id) for job in jobs}
            return places, await claimed_ids(store)

    places, order = asyncio.run(foretell())

    waiting = {message_id: place for message_id, place in places.items() if place > 0}
    assert sorted(waiting, key=waiting.__getitem__) == order
    assert sorted(waiting.values()) == list(range(1, len(order) + 1))


async def test_waiting_counts_what_has_no_answer_and_queue_length_what_nobody_began(
    store: JobStore,
) -> None:
    for number in range(3):
        await added(store, str(number))
    await added(store, "bob", "bob")
    first = await store.claim()

    assert first is not None
    assert await store.waiting("slack", "ann") == 3
    assert await store.queue_length() == 3
    assert [job.message_id for job in await store.waiting_jobs()] == ["0", "1", "2", "bob"]
    assert await store.position(first.id) == 0


async def test_the_latest_open_question_is_the_one_to_stop(store: JobStore) -> None:
    await added(store, "1")
    latest = await added(store, "2")
    await added(store, "3", "bob")

    assert await store.latest_open("slack", "ann") == latest
    assert await store.latest_open("telegram", "ann") is None


# The way of a question


async def test_a_question_goes_its_way_to_the_end(store: JobStore) -> None:
    job = await added(store, "m1")

    running = await store.claim()
    await store.set_placeholder(job.id, "p1")
    stored = await store.answer(job.id, ANSWER)
    undelivered = await store.undelivered()
    await store.deliver(job.id)

    assert running == replace(
        job, status=JobStatus.RUNNING, attempts=1, updated_at=running.updated_at
    )
    assert stored
    assert [each.answer for each in undelivered] == [ANSWER]
    assert undelivered[0].placeholder == "p1"
    assert await store.undelivered() == []
    final = await store.get(job.id)
    assert final is not None
    assert final.status is JobStatus.DELIVERED
    assert await store.claim() is None


async def test_only_the_first_answer_counts(store: JobStore) -> None:
    job = await added(store, "m1")
    await store.claim()
    await store.answer(job.id, ANSWER)

    second = await store.answer(job.id, NOT_FOUND)

    assert not second
    assert [each.answer for each in await store.undelivered()] == [ANSWER]


async def test_a_stopped_question_is_not_answered_any_more(store: JobStore) -> None:
    job = await added(store, "m1")
    await store.claim()

    cancelled = await store.cancel(job.id)
    stored = await store.answer(job.id, ANSWER)

    assert (cancelled, stored) == (True, False)
    assert not await store.cancel(job.id)
    final = await store.get(job.id)
    assert final is not None
    assert (final.status, final.failure, final.answer) == (JobStatus.FAILED, "cancelled", None)


async def test_an_answer_that_nobody_can_get_is_given_up(store: JobStore) -> None:
    job = await answered(store, "m1")

    await store.fail(job.id, "the platform refused the message")

    final = await store.get(job.id)
    assert final is not None
    assert (final.status, final.failure) == (JobStatus.FAILED, "the platform refused the message")
    assert await store.undelivered() == []


@pytest.mark.parametrize("step", ["cancel", "answer", "fail"])
async def test_a_delivered_question_stays_delivered(store: JobStore, step: str) -> None:
    job = await answered(store, "m1")
    await store.deliver(job.id)
    more = {"answer": (NOT_FOUND,), "fail": ("too late",)}.get(step, ())

    await getattr(store, step)(job.id, *more)

    final = await store.get(job.id)
    assert final is not None
    assert (final.status, final.answer) == (JobStatus.DELIVERED, ANSWER)


async def test_whoever_waits_for_a_job_wakes_when_one_is_added(store: JobStore) -> None:
    waiting = asyncio.ensure_future(store.wait_for_job())

    await added(store, "m1")

    await asyncio.wait_for(waiting, 120)
    assert await store.claim() is not None


async def test_a_job_added_between_looking_and_waiting_is_noticed(store: JobStore) -> None:
    assert await store.claim() is None
    await added(store, "m1")

    await asyncio.wait_for(store.wait_for_job(), 120)

    assert await store.claim() is not None


async def test_a_claim_that_nobody_waits_for_any_more_takes_no_job_away(store: JobStore) -> None:
    for number in range(20):
        await added(store, str(number))

    claims = [asyncio.ensure_future(store.claim()) for _ in range(20)]
    await asyncio.sleep(0)
    for claim in claims:
        claim.cancel()
    await asyncio.gather(*claims, return_exceptions=True)

    assert await store.queue_length() == 20


# Restarts


async def test_what_was_running_when_the_process_died_waits_again(
    store: JobStore, path: Path
) -> None:
    job = await added(store, "m1")
    await store.claim()
    await store.set_placeholder(job.id, "p1")

    store = await reopened(store, path)
    again = await store.claim()

    assert again is not None
    assert (again.id, again.attempts, again.placeholder) == (job.id, 2, "p1")
    await store.close()


async def test_an_answer_not_yet_delivered_is_there_after_a_restart(
    store: JobStore, path: Path
) -> None:
    await answered(store, "m1")

    store = await reopened(store, path)

    assert [job.answer for job in await store.undelivered()] == [ANSWER]
    await store.close()


async def test_a_second_process_is_told_which_folder_is_taken(store: JobStore, path: Path) -> None:
    with pytest.raises(StoreError, match=f"uses the folder {path.parent};"):
        await JobStore(path).open()

    assert await store.queue_length() == 0


def test_a_damaged_file_is_refused_in_a_sentence(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is not a database, but it is long enough" * 100)

    with pytest.raises(StoreError, match=r"jobs\.db is damaged .* move the file away"):
        asyncio.run(_open_and_close(path))

    path.unlink()
    asyncio.run(_open_and_close(path))


def test_a_file_with_a_damaged_page_is_refused(path: Path) -> None:
    asyncio.run(_fill(path))
    whole = bytearray(path.read_bytes())
    whole[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    path.write_bytes(whole)

    with pytest.raises(StoreError, match="is damaged"):
        asyncio.run(_open_and_close(path))


async def test_a_file_of_a_newer_version_is_refused_untouched(path: Path) -> None:
    async with JobStore(path) as store:
        await added(store, "m1")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreError, match=r"newer FAQ Desk .version 99"):
        await JobStore(path).open()


async def test_a_folder_that_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreError, match=r"jobs\.db could not be used"):
        await JobStore(tmp_path / "file" / "jobs.db").open()


def test_a_folder_in_place_of_the_file_is_refused_in_a_sentence(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(StoreError, match=r"jobs\.db could not be used"):
        asyncio.run(_open_and_close(path))


async def test_a_store_that_is_not_open_says_so(path: Path) -> None:
    store = JobStore(path)

    with pytest.raises(StoreError, match="is not open"):
        await store.claim()

    await store.close()


async def test_only_the_owner_may_read_the_questions(store: JobStore, path: Path) -> None:
    await added(store, "m1")

    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.glob("jobs.db*")}

    assert modes == {"jobs.db": 0o600, "jobs.db-wal": 0o600, "jobs.db-shm": 0o600}


# Rows from elsewhere


@pytest.mark.parametrize(
    "damage",
    ["question = '{}'", "question = 'no json'", "created_at = 'noon'"],
    ids=["field missing", "not JSON", "no time"],
)
async def test_a_row_that_cannot_be_read_does_not_stop_the_others(
    store: JobStore, path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = await added(store, "bad")
    await added(store, "good", "bob")
    _sql(path, f"UPDATE jobs SET {damage} WHERE id = {bad.id}")

    order = await claimed_ids(store)

    assert order == ["good"]
    assert f"question {bad.id} cannot be read" in caplog.text
    assert _sql(path, f"SELECT status FROM jobs WHERE id = {bad.id}") == [("failed",)]


async def test_an_answer_that_cannot_be_read_does_not_stop_the_others(
    store: JobStore, path: Path
) -> None:
    bad = await answered(store, "bad")
    await answered(store, "good")
    _sql(path, f"UPDATE jobs SET answer = '[]' WHERE id = {bad.id}")

    undelivered = await store.undelivered()

    assert [job.message_id for job in undelivered] == ["good"]
    assert await store.get(bad.id) is None


async def test_a_failing_write_is_told_and_the_next_one_works(store: JobStore, path: Path) -> None:
    _sql(
        path,
        "CREATE TRIGGER trouble BEFORE INSERT ON jobs WHEN new.user_id = 'eve'"
        " BEGIN SELECT RAISE(ABORT, 'the disk trembles'); END",
    )

    outcomes = await asyncio.gather(
        *(store.add(new_job(user, user)) for user in ("ann", "eve", "bob")),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [Job, StoreError, Job]
    assert "the disk trembles" in str(outcomes[1])
    assert await claimed_ids(store) == ["ann", "bob"]


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


async def _open_and_close(path: Path) -> None:
    async with JobStore(path):
        pass


async def _fill(path: Path) -> None:
    async with JobStore(path) as store:
        for number in range(100):
            await added(store, str(number))


def _sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Run a statement from outside, as an operator might."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return list(itertools.chain(connection.execute(statement)))
    finally:
        connection.close()
