"""The state of the running assistant in a file, for commands that run in another process."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from bot.operations.heartbeat import remove_quietly
from config.logging import redact
from engine.errors import StoreError
from engine.serving.status import EngineStatus
from engine.stopping import unless

if TYPE_CHECKING:  # at run time it would load the FAQ's side for `main.py health`
    from bot.desk.commands import ModelHost

log = logging.getLogger(__name__)

#: The file in the data folder.
STATUS = "status.json"
PUBLISH_S = 5.0
#: Seconds after which nobody can be relied on to keep the file true.
STALE_S = 3 * PUBLISH_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the assistant tells of itself; no tokens and nothing that people wrote."""

    pid: int
    #: Seconds since 1970.
    written_at: float
    engine: EngineStatus
    #: The processes whose memory on a GPU is ours.
    engine_pids: frozenset[int]
    #: Questions that wait for the engine.
    num_queued: int


_PUBLISHED = TypeAdapter(Published)


async def publish(
    path: Path,
    stop: asyncio.Event,
    *,
    engine: ModelHost,
    queue_length: Callable[[], Awaitable[int]],
    every_s: float = PUBLISH_S,
) -> None:
    """Keep the file at `path` true until `stop`, then delete it."""
    num_queued, was_written = 0, True
    while not stop.is_set():
        with suppress(StoreError):  # the store logs it; the rest is still useful
            num_queued = await queue_length()
        problem = _write(path, _now(engine, num_queued))
        if was_written and problem:
            log.warning("%s", problem)
        was_written = not problem
        await unless(stop, asyncio.sleep(every_s))
    remove_quietly(path)


class StatusHidden(Exception):
    """What the running assistant tells of itself cannot be read."""


def read_published(path: Path) -> Published | None:
    """What the running assistant told last; None when none runs that keeps `path` true.

    Raises StatusHidden when that cannot be known.
    """
    try:
        published = _PUBLISHED.validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):  # none, or another version's
        return None
    except OSError as error:
        raise StatusHidden(
            f"{path} cannot be read ({error.strerror}), so nothing is known of a running FAQ Desk; "
            "run this as the user that it runs as."
        ) from error
    is_fresh = abs(time() - published.written_at) < STALE_S
    return published if is_fresh and _is_alive(published.pid) else None


def _now(engine: ModelHost, num_queued: int) -> Published:
    status = engine.status()
    return Published(
        pid=os.getpid(),
        written_at=time(),
        engine=replace(status, detail=redact(status.detail), last_error=redact(status.last_error)),
        engine_pids=engine.pids(),
        num_queued=num_queued,
    )


def _write(path: Path, published: Published) -> str:
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(_PUBLISHED.dump_json(published))
        part.replace(path)  # a reader finds the old one or the new one, whole
    except OSError as error:
        return f"{path} cannot be written ({error.strerror}); `main.py gpu` will tell less."
    return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process, but there is one
        return True
    return True
