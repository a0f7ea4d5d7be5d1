"""The one thread that uses the database, with group commit: many small writes, one fsync."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from engine.errors import StoreError
from engine.store.database import Database, SqlError, is_busy, store_error

T = TypeVar("T")

#: Pieces of work that share one commit at most.
MAX_GROUP = 256


class _Work(Generic[T]):
    """Something to do on the thread, and the promise of its outcome."""

    def __init__(self, do: Callable[[Database], T]) -> None:
        self.do = do
        self.future: Future[T] = Future()
        self.result: T | None = None
        self.error: Exception | None = None


class SqliteThread:
    """Does pieces of work in the order they come. Those that wait together are committed together;
    one that fails does not fail its neighbours."""

    def __init__(self, path: Path, queries: Mapping[str, str]) -> None:
        self._path = path
        self._queries = queries
        self._inbox: SimpleQueue[_Work[Any] | None] = SimpleQueue()
        self._running = False
        self._ended = _begun()

    async def open(self, prepare: Callable[[Database], None]) -> None:
        """Take the file for this process and let `prepare` look at it, outside a transaction.

        Raises StoreError when it cannot be used; the thread has ended then.
        """
        opened = _begun()
        # A daemon: a program that ends by an error must not hang on this thread.
        threading.Thread(
            target=self._main, args=(prepare, opened), name="sqlite", daemon=True
        ).start()
        try:
            await asyncio.wrap_future(opened)
        except asyncio.CancelledError:
            self._inbox.put(None)
            raise
        except Exception:
            # Wait until the file is released.
            await asyncio.wrap_future(self._ended)
            raise

    async def run(self, work: Callable[[Database], T]) -> T:
        """The result of `work`, once it is committed. It may be run again after a rollback.

        Raises what `work` raises, and StoreError when SQLite does.
        """
        return await asyncio.wrap_future(self.submit(work))

    def submit(self, work: Callable[[Database], T]) -> Future[T]:
        """Like `run`, for a caller that cannot wait."""
        if not self._running:
            raise StoreError(f"{self._path} is closed.")
        item = _Work(work)
        self._inbox.put(item)
        return item.future

    async def close(self) -> None:
        """Finish what was asked for so far and close the file."""
        if self._running:
            self._running = False
            self._inbox.put(None)
        await asyncio.wrap_future(self._ended)

    def _main(self, prepare: Callable[[Database], None], opened: Future[None]) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self._end)
            try:
                stack.enter_context(lock_file(self._path.with_suffix(".lock")))
                db = stack.enter_context(Database(self._path, self._queries))
                db.check()
                prepare(db)
            except Exception as error:  # noqa: BLE001 - it is raised where open() waits
                opened.set_exception(self._told(error))
                return
            self._running = True
            opened.set_result(None)
            while group := self._next_group():
                self._serve(db, group)

    def _next_group(self) -> list[_Work[Any]]:
        """What waits, at least one; empty when it is time to end."""
        group: list[_Work[Any]] = []
        with contextlib.suppress(Empty):
            while len(group) < MAX_GROUP:
                item = self._inbox.get(block=not group)
                if item is None:
                    if group:
                        self._inbox.put(None)
                    break
                group.append(item)
        return group

    def _serve(self, db: Database, group: list[_Work[Any]]) -> None:
        # Skip work whose caller no longer waits.
        group = [item for item in group if item.future.set_running_or_notify_cancel()]
        failure = _commit(db, group) if group else None
        if failure is not None and len(group) > 1 and not is_busy(failure):
            # Retry each alone, so that only the one at fault fails; not when the file is locked:
            # each of them would wait in vain.
            for item in group:
                self._settle(item, _commit(db, [item]))
        else:
            for item in group:
                self._settle(item, failure)

    def _settle(self, item: _Work[Any], failure: SqlError | None) -> None:
        error = failure or item.error
        if error is None:
            item.future.set_result(item.result)
        else:
            item.future.set_exception(self._told(error))

    def _told(self, error: Exception) -> Exception:
        told = isinstance(error, (SqlError, OSError))
        return store_error(self._path, error) if told else error

    def _end(self) -> None:
        """Fail every open call, whatever ended the thread."""
        self._running = False
        with contextlib.suppress(Empty):
            while True:
                item = self._inbox.get(block=False)
                if item is not None and item.future.set_running_or_notify_cancel():
                    item.future.set_exception(StoreError(f"{self._path} is closed."))
        self._ended.set_result(None)


def _commit(db: Database, group: list[_Work[Any]]) -> SqlError | None:
    """Do all of `group` in one transaction; returns what prevented it, with nothing done then."""
    try:
        db.begin()
        for item in group:
            _attempt(db, item)
        db.commit()
    except SqlError as error:
        db.roll_back()
        return error
    return None


def _attempt(db: Database, item: _Work[Any]) -> None:
    item.result, item.error = None, None
    db.mark()
    try:
        item.result = item.do(db)
    except Exception as error:
        if isinstance(error, SqlError) and not db.in_transaction:
            raise
        item.error = error
        db.roll_back_to_mark()
    db.unmark()


def _begun() -> Future[None]:
    """A future that its waiter cannot cancel."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    return future


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold `path`, which is made where it is missing. Raises StoreError when another process does.

    The kernel lets go of it however the process ends; the file itself stays and means nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise StoreError(
                f"Another FAQ Desk (process {file.read().strip() or 'unknown'}) uses the folder "
                f"{path.parent}; stop it, or set FAQ_DATA_DIR to another folder."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
