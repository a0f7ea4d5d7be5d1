"""Jobs, and answers to them, as the tests of the store need them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.store.jobs import Job, JobStore, NewJob
from engine.types import Answer, Decision, Question, Source, Timings

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
