"""A SQLite file that gives up nothing it has committed, and says in a sentence what is wrong."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from engine.errors import StoreError

log = logging.getLogger(__name__)

Row = sqlite3.Row
Value = str | int | None
SqlError = sqlite3.Error

#: FULL: what is committed survives a power cut too. secure_delete: what a person has us forget is
#: overwritten. One connection in all, so the WAL-reset bug before SQLite 3.51.3 cannot be met.
PRAGMAS = (
    "busy_timeout = 5000",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    f"journal_size_limit = {16 * 1024**2}",
)
#: SQLite's primary result code → what the operator reads.
SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk that holds {path} is full, so nothing was stored; free some "
    "space, no restart is needed.",
    sqlite3.SQLITE_BUSY: "Another program keeps {path} locked; close whatever has it open.",
    sqlite3.SQLITE_CORRUPT: "{path} is damaged ({error}); stop FAQ Desk and put back a copy, or "
    "move the file away to start with an empty one.",
    sqlite3.SQLITE_READONLY: "{path} cannot be written; check the owner and the permissions of "
    "the file and its folder.",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened; check that it is a file and that its "
    "folder may be written.",
}
#: The file system's own errors that mean the same.
CODES = {
    errno.ENOSPC: sqlite3.SQLITE_FULL,
    errno.EDQUOT: sqlite3.SQLITE_FULL,
    errno.EACCES: sqlite3.SQLITE_READONLY,
    errno.EPERM: sqlite3.SQLITE_READONLY,
    errno.EROFS: sqlite3.SQLITE_READONLY,
}
SENTENCES[sqlite3.SQLITE_NOTADB] = SENTENCES[sqlite3.SQLITE_CORRUPT]


class Database:
    """An open file with its named queries; belongs to the thread that opened it."""

    def __init__(self, path: Path, queries: Mapping[str, str]) -> None:
        # Questions are nobody else's business; SQLite gives its side files the same permissions.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._queries = queries
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        #: Set by work that deletes: after its commit nothing of it is left in the log either.
        self.scrub = False

    def check(self) -> None:
        """Make the settings, and look for damage. Raises SqlError."""
        for pragma in PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        verdict = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            error = sqlite3.DatabaseError(verdict)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(self, query: str, **values: Value) -> list[Row]:
        return self._execute(query, values).fetchall()

    def row(self, query: str, **values: Value) -> Row | None:
        # All are fetched: a statement left half-read would stand in the way of the commit.
        return next(iter(self.rows(query, **values)), None)

    def change(self, query: str, **values: Value) -> int:
        """Run a query that writes; returns how many rows it changed."""
        return self._execute(query, values).rowcount

    def script(self, query: str) -> None:
        """Run several statements, which begin and commit by themselves."""
        self._connection.executescript(self._queries[query])

    def _execute(self, query: str, values: Mapping[str, Value]) -> sqlite3.Cursor:
        return self._connection.execute(
            self._queries[query], {name: _storable(value) for name, value in values.items()}
        )

    @property
    def in_transaction(self) -> bool:
        """False also when SQLite gave one up by itself, as it may on a full disk."""
        return self._connection.in_transaction

    def begin(self) -> None:
        """Take the right to write at once: a later upgrade could fail without waiting."""
        self.scrub = False
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Put everything since `begin` on the disk."""
        self._connection.execute("COMMIT")
        if self.scrub:
            try:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                log.warning("deleted text stays in the write-ahead log for now: %s", error)

    def roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def mark(self) -> None:
        """Remember this point of the transaction for `roll_back_to_mark`."""
        self._connection.execute("SAVEPOINT work")

    def unmark(self) -> None:
        self._connection.execute("RELEASE work")

    def roll_back_to_mark(self) -> None:
        self._connection.execute("ROLLBACK TO work")


def snapshot(path: Path, target: Path) -> None:
    """Copy the file as it is at this moment, also while another process writes it.

    A reader neither writes nor checkpoints, so the second connection is harmless here. Raises
    StoreError; a file that does not exist yet gives no copy.
    """
    try:
        if not path.exists():
            return
        with (
            contextlib.closing(
                sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            ) as source,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
    except (sqlite3.Error, OSError) as error:
        raise store_error(path, error) from None


def read_queries(text: str) -> dict[str, str]:
    """Name → statement, of a text in which `-- name: …` stands above each."""
    queries: dict[str, str] = {}
    name = None
    for line in text.splitlines(keepends=True):
        if line.startswith("-- name:"):
            name = line.removeprefix("-- name:").strip()
            queries[name] = ""
        elif name is not None:
            queries[name] += line
    return queries


def store_error(path: Path, error: Exception) -> StoreError:
    """The sentence for the operator about an error of SQLite or the file system."""
    sentence = SENTENCES.get(_code(error), "{path} could not be used: {error}.")
    told = StoreError(sentence.format(path=path, error=error))
    told.__cause__ = error
    return told


def is_busy(error: Exception) -> bool:
    """Whether somebody else holds the file."""
    return _code(error) == sqlite3.SQLITE_BUSY


def _code(error: Exception) -> int:
    if isinstance(error, OSError):
        return CODES.get(error.errno or 0, sqlite3.SQLITE_ERROR)
    # The low byte is the primary code. Errors that the Python module itself raises have none.
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _storable(value: Value) -> Value:
    """`value` as SQLite takes it: a platform may send half of a surrogate pair, a person may name
    a number that no row can have."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return -1
    return value
