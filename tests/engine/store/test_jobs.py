"""The durable queue on a real SQLite file: adding jobs, and whose turn it is."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.store.jobs import JobStore
from engine.types import Question, Turn
from tests.engine.store.job_cases import added, claimed_ids, new_job, reopened

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
