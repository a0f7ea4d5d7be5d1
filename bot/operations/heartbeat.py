"""Shows the outside that the assistant is well: a file that stays fresh, and systemd's watchdog."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from time import time

from engine.serving.status import EngineState, EngineStatus
from engine.stopping import unless

log = logging.getLogger(__name__)

#: The file in the data folder that stays fresh while the assistant is well.
ALIVE = "alive"
BEAT_S = 10.0
#: Seconds after which the file is stale: some beats may be late on a busy machine.
STALE_S = 45.0


async def beat(
    path: Path,
    stop: asyncio.Event,
    *,
    tasks: Collection[asyncio.Task[None]],
    engine_status: Callable[[], EngineStatus],
    every_s: float = BEAT_S,
) -> None:
    """Touch `path` until `stop` while every one of `tasks` runs and the engine is not down.

    systemd hears of every turn of the loop, well or not: with the engine down, questions are
    still answered by quoting, and a restart would only interrupt that.
    """
    notify("READY=1")
    was_well = True
    while not stop.is_set():
        problem = _problem(tasks, engine_status()) or _touch(path)
        if was_well and problem:
            log.warning("not well: %s", problem)
        was_well = not problem
        notify("WATCHDOG=1\nSTATUS=" + (problem.splitlines()[0] if problem else "Serving."))
        await unless(stop, asyncio.sleep(every_s))
    notify("STOPPING=1")
    remove_quietly(path)


def find_trouble(path: Path) -> str | None:
    """Why the assistant that keeps `path` fresh is not well, in a sentence; None when it is."""
    try:
        age = time() - path.stat().st_mtime
    except FileNotFoundError:
        return f"FAQ Desk does not run, or is not well since its start: there is no {path}."
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})."
    # A file from the future: the clock was set back, and the next beat mends it.
    if abs(age) > STALE_S:
        return f"FAQ Desk is not well: no sign of life for {abs(age):.0f} s. See its log."
    return None


def notify(state: str) -> None:
    """Tell systemd, where it asked to be told (Type=notify in the unit)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # a name without a file, which the kernel spells with a NUL
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(state.encode(), address)


def _problem(tasks: Collection[asyncio.Task[None]], engine: EngineStatus) -> str:
    ended = [task.get_name() for task in tasks if task.done()]
    if ended:
        return f"{', '.join(ended)} ended."
    if engine.state in {EngineState.DOWN, EngineState.STOPPED}:
        return engine.detail or "The engine is down."
    return ""


def _touch(path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        return f"{path} cannot be written ({error.strerror})."
    return ""


def remove_quietly(path: Path) -> None:
    """Delete a file that tells others of the assistant; where the disk fails, it grows stale."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
