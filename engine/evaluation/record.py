"""Measures row by row and keeps each outcome at once, so that a stopped run can go on."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Generic, TypeVar

from pydantic import TypeAdapter

from engine.errors import EngineError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_PROGRAM = Path(__file__).resolve().parent.parent

Row = TypeVar("Row")
Outcome = TypeVar("Outcome", bound="DataclassInstance")


def run_key(*parts: object) -> str:
    """Names a measurement: the same only for the same `parts` and the same program."""
    digest = hashlib.sha256(repr(parts).encode())
    for path in sorted(_PROGRAM.rglob("*.*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Record(Generic[Outcome]):
    """The outcomes so far, in a file that goes once all were reported.

    The file is there from the first outcome until the `with` block ends well. Its first line names
    the measurement: the outcomes of another one are never taken over, no other file is written to.
    """

    def __init__(
        self,
        path: Path,
        key: str,
        kind: type[Outcome],
        *,
        total: int,
        say: Callable[[str], None],
    ) -> None:
        self._path = path
        self._head = json.dumps({"run": key}).encode() + b"\n"
        self._kind = TypeAdapter(kind)
        self._say = say
        self._file: BinaryIO | None = None
        #: Bytes of whole lines; what was half written when the program was killed comes after.
        self._whole = 0
        self.total = total
        #: By the number of the row.
        self.outcomes: dict[int, Outcome] = {}

    def __enter__(self) -> Record[Outcome]:
        try:
            self._read(self._path.read_bytes())
        except FileNotFoundError:
            return self
        except OSError as error:
            raise EngineError(f"{self._path} cannot be read ({error.strerror}).") from error
        if self.outcomes:
            self._say(f"Going on after {self._so_far}, which are in {self._path}.")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file:
            self._file.close()
        if kind is None:
            self._path.unlink(missing_ok=True)
        elif self.outcomes:
            self._say(
                f"Stopped after {self._so_far}, which are in {self._path}; "
                "the same command goes on from there."
            )

    def add(self, number: int, outcome: Outcome) -> None:
        """Keep the outcome of a row. Raises EngineError when it cannot be written."""
        line = json.dumps([number, asdict(outcome)]).encode() + b"\n"
        try:
            if self._file is None:
                self._file = self._open()
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise EngineError(f"{self._path} cannot be written ({error.strerror}).") from error
        self.outcomes[number] = outcome

    @property
    def _so_far(self) -> str:
        return f"{len(self.outcomes)} of {self.total}"

    def _read(self, content: bytes) -> None:
        if self._head.startswith(content):  # stopped before the first outcome
            return
        if not content.startswith(self._head):
            raise EngineError(
                f"{self._path} does not belong to this measurement: it is another file, or the "
                "rows, the documents, the options or the program have changed since it was "
                "written. Name another one with --resume, or delete it."
            )
        self._whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[: self._whole].split(b"\n")[1:-1], 2):
            try:
                row, values = json.loads(line)
                self.outcomes[row] = self._kind.validate_python(values)
            except (TypeError, ValueError):
                raise EngineError(
                    f"{self._path}, line {number}, is no outcome; delete the file to measure anew."
                ) from None

    def _open(self) -> BinaryIO:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("ab")
        file.truncate(self._whole)
        if not self._whole:
            file.write(self._head)
        return file


async def measure(
    rows: Sequence[Row],
    ask: Callable[[int, Row], Awaitable[Outcome]],
    record: Record[Outcome],
    progress: Callable[[int, int], None],
) -> list[Outcome]:
    """What `ask` makes of each row that has no outcome in `record` yet; the outcomes of all.

    One at a time: what is asked together takes time from one another.
    """
    for number, row in enumerate(rows):
        if number not in record.outcomes:
            record.add(number, await ask(number, row))
            progress(len(record.outcomes), len(rows))
            await asyncio.sleep(0)  # nothing else may wait here, and Ctrl-C could not end it
    return [record.outcomes[number] for number in range(len(rows))]
