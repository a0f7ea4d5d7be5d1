"""What a restart finds, and files and rows that cannot be read."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.store.jobs import Job, JobStore
from tests.engine.store.job_cases import ANSWER, added, answered, claimed_ids, new_job, reopened

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
