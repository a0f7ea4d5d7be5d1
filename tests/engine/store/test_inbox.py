"""The inbox: what platforms delivered, and whose talk a message belongs to."""

from __future__ import annotations

from pathlib import Path

from engine.store.inbox import Delivered
from engine.store.jobs import Job, JobStore, NewJob
from engine.types import Question


async def asked(store: JobStore, user: str = "7", message: str = "1") -> Job:
    job = await store.add(
        NewJob(
            platform="telegram",
            conversation="7",
            message_id=message,
            user_id=user,
            reply_to="7//1",
            question=Question(text="How do I join?"),
        )
    )
    assert job is not None
    return job


async def test_updates_and_offset_survive_a_restart(tmp_path: Path) -> None:
    updates = [Delivered(id=12, raw='{"update_id": 12}'), Delivered(id=11, raw="{}")]
    async with JobStore(tmp_path / "q.sqlite3") as store:
        await store.inbox.take_in("telegram", updates, key="offset", offset="13")

    async with JobStore(tmp_path / "q.sqlite3") as store:
        kept = await store.inbox.open("telegram")
        offset = await store.get_value("offset")

    assert kept == updates
    assert offset == "13"


async def test_a_second_delivery_is_taken_in_once(tmp_path: Path) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        await store.inbox.take_in("telegram", [Delivered(id=1, raw="{}")])
        await store.inbox.take_in("telegram", [Delivered(id=1, raw="{}")])

        kept = await store.inbox.open("telegram")

    assert kept == [Delivered(id=1, raw="{}")]


async def test_handled_and_poisonous_updates_do_not_come_again(tmp_path: Path) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        await store.inbox.take_in("telegram", [Delivered(id=n, raw="{}") for n in (1, 2, 3)])

        await store.inbox.done("telegram", 1)
        await store.inbox.poison("telegram", 2, "no chat")

        assert [update.id for update in await store.inbox.open("telegram")] == [3]


async def test_platforms_do_not_see_each_others_updates(tmp_path: Path) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        await store.inbox.take_in("telegram", [Delivered(id=1, raw="{}")])

        assert await store.inbox.open("slack") == []


async def test_every_message_of_a_talk_leads_to_its_job(tmp_path: Path) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        job = await asked(store)
        await store.inbox.add_message(job.id, "7/1", 0)
        await store.inbox.add_message(job.id, "7/2", 1)
        await store.inbox.add_message(job.id, "7/2", 1)

        found = await store.inbox.job_of_message("telegram", "7/2")

        assert found is not None
        assert found.id == job.id
        assert await store.inbox.messages(job.id) == {0: "7/1", 1: "7/2"}
        assert await store.inbox.job_of_message("telegram", "7/3") is None
        assert await store.inbox.job_of_message("slack", "7/2") is None


async def test_forgetting_a_person_forgets_their_messages(tmp_path: Path) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        job = await asked(store)
        await store.inbox.add_message(job.id, "7/2", 1)

        await store.forget("telegram", "7")

        assert await store.inbox.job_of_message("telegram", "7/2") is None
        await store.inbox.add_message(job.id, "7/2", 1)
        assert await store.inbox.messages(job.id) == {}


async def test_forgetting_a_person_forgets_what_nobody_could_read(tmp_path: Path) -> None:
    async with JobStore(tmp_path / "q.sqlite3") as store:
        await store.inbox.take_in("telegram", [Delivered(id=1, raw="{}")])
        await store.inbox.poison("telegram", 1, "no chat")

        await store.forget("telegram", "7")
        await store.inbox.take_in("telegram", [Delivered(id=1, raw="{}")])

        assert len(await store.inbox.open("telegram")) == 1
