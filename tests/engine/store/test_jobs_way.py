"""The way of a job: claimed, answered, delivered, given up."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.store.jobs import JobStatus, JobStore
from tests.engine.store.job_cases import ANSWER, NOT_FOUND, added, answered
from tests.waits import within

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

    await within(waiting)
    assert await store.claim() is not None


async def test_a_job_added_between_looking_and_waiting_is_noticed(store: JobStore) -> None:
    assert await store.claim() is None
    await added(store, "m1")

    await within(store.wait_for_job())

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
