"""The group commit: what waits together is committed together, and fails apart."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.store.database import Database, store_error
from engine.store.sqlite_thread import SqliteThread

QUERIES = {
    "tables": "CREATE TABLE parents (id INTEGER PRIMARY KEY);"
    "CREATE TABLE notes (text TEXT UNIQUE,"
    " parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);",
    "write": "INSERT INTO notes (text, parent) VALUES (:text, :parent)",
    "read": "SELECT text FROM notes ORDER BY text",
    "limit": "PRAGMA max_page_count = 12",
    "unlimit": "PRAGMA max_page_count = 100000",
    "pages": "PRAGMA page_count",
}


@pytest.fixture
async def thread(tmp_path: Path) -> AsyncIterator[SqliteThread]:
    thread = SqliteThread(tmp_path / "notes.db", QUERIES)
    await thread.open(lambda db: db.script("tables"))
    yield thread
    await thread.close()


def write(text: str, parent: int | None = None) -> Callable[[Database], int]:
    return lambda db: db.change("write", text=text, parent=parent)


def read(db: Database) -> list[str]:
    return [row["text"] for row in db.rows("read")]


async def together(thread: SqliteThread, *works: Callable[[Database], object]) -> list[object]:
    """The outcomes of works that surely wait at the same time."""
    gate = await held(thread)
    outcomes = [asyncio.wrap_future(thread.submit(work)) for work in works]
    gate.set()
    return await asyncio.gather(*outcomes, return_exceptions=True)


async def held(thread: SqliteThread) -> threading.Event:
    """Keep the thread busy until the event is set: it is at it when this returns, so that what is
    submitted from now on is no part of its group."""
    begun, gate = threading.Event(), threading.Event()

    def hold(_: Database) -> None:
        begun.set()
        gate.wait(30)

    thread.submit(hold)
    await asyncio.to_thread(begun.wait, 30)
    return gate


async def test_works_are_done_in_order_and_see_the_ones_before(thread: SqliteThread) -> None:
    outcomes = await together(thread, write("a"), read, write("b"), read)

    assert outcomes == [1, ["a"], 1, ["a", "b"]]


async def test_a_work_that_fails_is_undone_and_its_neighbours_are_not(
    thread: SqliteThread,
) -> None:
    def half(db: Database) -> None:
        db.change("write", text="half", parent=None)
        raise KeyError("a mistake of ours")

    outcomes = await together(thread, write("a"), half, write("a"), write("b"))

    assert outcomes[0] == outcomes[3] == 1
    assert [type(outcome) for outcome in outcomes[1:3]] == [KeyError, StoreError]
    assert await thread.run(read) == ["a", "b"]


async def test_a_commit_that_fails_fails_the_culprit_alone(thread: SqliteThread) -> None:
    outcomes = await together(thread, write("a"), write("orphan", parent=5), read, write("b"))

    assert [type(outcome) for outcome in outcomes] == [int, StoreError, list, int]
    assert await thread.run(read) == ["a", "b"]


async def test_on_a_full_disk_the_store_refuses_and_goes_on_when_there_is_space(
    thread: SqliteThread,
) -> None:
    await thread.run(write("a"))
    await thread.run(lambda db: db.rows("limit"))
    big = "x" * 100_000

    outcomes = await together(thread, write(big), write("b"), read)
    await thread.run(lambda db: db.rows("unlimit"))
    after = await thread.run(write(big))

    assert isinstance(outcomes[0], StoreError)
    assert "is full" in str(outcomes[0])
    assert outcomes[1:] == [1, ["a", "b"]]
    assert after == 1


async def test_work_that_nobody_waits_for_any_more_is_not_begun(thread: SqliteThread) -> None:
    gate = await held(thread)
    unwanted = asyncio.ensure_future(thread.run(write("unwanted")))
    await asyncio.sleep(0)

    unwanted.cancel()
    # Only now has the event loop told the thread.
    with pytest.raises(asyncio.CancelledError):
        await unwanted
    gate.set()

    assert await thread.run(read) == []


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, "is full"), (errno.EACCES, "cannot be written"), (errno.EIO, "no luck")],
)
def test_the_file_systems_errors_are_told_like_those_of_sqlite(number: int, told: str) -> None:
    error = store_error(Path("questions"), OSError(number, "no luck"))

    assert "questions" in str(error)
    assert told in str(error)


async def test_closing_finishes_what_was_asked_for(tmp_path: Path) -> None:
    thread = SqliteThread(tmp_path / "notes.db", QUERIES)
    await thread.open(lambda db: db.script("tables"))
    works = [thread.submit(write(str(number))) for number in range(1000)]

    await thread.close()

    assert {work.result(0) for work in works} == {1}
    with pytest.raises(StoreError, match="is closed"):
        thread.submit(read)


async def test_a_preparation_that_fails_leaves_the_file_free(tmp_path: Path) -> None:
    def refuse(db: Database) -> None:
        raise StoreError("Not this one.")

    with pytest.raises(StoreError, match="Not this one"):
        await SqliteThread(tmp_path / "notes.db", QUERIES).open(refuse)

    thread = SqliteThread(tmp_path / "notes.db", QUERIES)
    await thread.open(lambda db: db.script("tables"))
    await thread.close()
