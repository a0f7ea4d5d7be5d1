"""What moves on the command line: how far a download or copy is, and GPUs that are watched."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from engine.models.folder import Transfer


class TransferView:
    """Shows Transfers: a bar in a terminal, elsewhere a line for each tenth."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._console = Console(file=stream) if stream.isatty() else None
        #: What is on the screen and moves.
        self._shown = ExitStack()
        self._bars: Progress | None = None
        self._bar = TaskID(0)
        self._what = ""
        self._tenth = 0

    def __enter__(self) -> TransferView:
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.close()

    def show(self, transfer: Transfer) -> None:
        is_new = transfer.what != self._what
        self._what = transfer.what
        if self._console is None:
            self._print(transfer, is_new)
            return
        if is_new:
            self._begin(self._console, transfer)
        if self._bars is not None:
            self._bars.update(self._bar, completed=transfer.done, total=transfer.total)

    def _print(self, transfer: Transfer, is_new: bool) -> None:
        tenth = 10 * transfer.done // transfer.total if transfer.total else 0
        if is_new or tenth > self._tenth:
            self._tenth = tenth
            print(transfer, file=self._stream, flush=True)

    def _begin(self, console: Console, transfer: Transfer) -> None:
        self._shown.close()
        self._bars = None
        if not transfer.total:
            self._shown.enter_context(console.status(Text(f"{transfer.what} …")))
            return
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._bar = self._bars.add_task(
            transfer.what, completed=transfer.done, total=transfer.total
        )
        self._shown.enter_context(self._bars)


def watch(look: Callable[[], str], stream: TextIO, pauses: Callable[[], bool]) -> None:
    """Show what `look` returns and, in place in a terminal, again after each pause."""
    if not stream.isatty():
        print(look(), file=stream, flush=True)
        while pauses():
            print(f"\n{look()}", file=stream, flush=True)
        return
    with Live(Text(look()), console=Console(file=stream), auto_refresh=False) as live:
        while pauses():
            live.update(Text(look()), refresh=True)
