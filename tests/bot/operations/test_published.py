"""What the running assistant tells other processes about itself."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import time

import pytest

from bot.operations.published import STALE_S, Published, StatusHidden, publish, read_published
from bot.operations.reports import device_report, health_report
from engine.errors import StoreError
from engine.models.hardware import Machine
from engine.serving.status import EngineState, EngineStatus

SERVING = EngineStatus(
    state=EngineState.READY,
    model="phi-3-mini",
    detail="It was chosen with /model.",
    device="Tesla T4",
    dtype="float16",
    tokens_per_s=41.26,
    num_slots=8,
    num_running=3,
    uptime_s=4000,
    last_error="The hub refused hf_abcdefghijkl.",
)


@dataclass
class Engine:
    """As the commands see it."""

    now: EngineStatus = SERVING

    def status(self) -> EngineStatus:
        return self.now

    def pids(self) -> frozenset[int]:
        return frozenset({41, 42})

    async def switch(self, alias: str) -> None:
        raise NotImplementedError

    async def settled(self) -> None:
        raise NotImplementedError


@dataclass
class Queue:
    """Its length; the test learns that it was asked for, and so that a round has begun."""

    length: int = 4
    fails: bool = False
    rounds: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> int:
        self.rounds += 1
        self.asked.set()
        if self.fails:
            raise StoreError
        return self.length

    async def turns(self, number: int) -> None:
        """Return when this many rounds have begun from now."""
        until = self.rounds + number
        while self.rounds < until:
            self.asked.clear()
            await self.asked.wait()


def stored(path: Path, **changes: object) -> Path:
    """A file as this process would have written it now."""
    published = {
        "pid": os.getpid(),
        "written_at": time(),
        "engine": {"state": "ready", "model": "phi-3-mini"},
        "engine_pids": [42],
        "num_queued": 0,
    }
    path.write_text(json.dumps(published | changes), encoding="utf-8")
    return path


async def test_the_state_is_kept_true_while_the_assistant_runs_and_goes_with_it(
    tmp_path: Path,
) -> None:
    path, stop, engine, queue = (
        tmp_path / "data" / "status.json",
        asyncio.Event(),
        Engine(),
        Queue(),
    )
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(publish(path, stop, engine=engine, queue_length=queue, every_s=0.001))
        await queue.turns(2)

        first = read_published(path)

        queue.length, engine.now = 0, replace(SERVING, state=EngineState.DOWN)
        await queue.turns(3)

        second = read_published(path)

        queue.fails = True
        await queue.turns(3)

        third = read_published(path)

        stop.set()
    assert first is not None
    assert (first.pid, first.engine_pids, first.num_queued) == (os.getpid(), {41, 42}, 4)
    assert first.engine == replace(SERVING, last_error="The hub refused [secret].")
    assert second is not None
    assert (second.num_queued, second.engine.state) == (0, EngineState.DOWN)
    assert third is not None
    assert not list(path.parent.iterdir())


async def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    path, stop, queue = tmp_path / "file" / "status.json", asyncio.Event(), Queue()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(publish(path, stop, engine=Engine(), queue_length=queue, every_s=0.001))
        await queue.turns(3)
        stop.set()

    assert read_published(path) is None


def test_what_was_just_written_by_a_process_that_lives_is_believed(tmp_path: Path) -> None:
    assert read_published(stored(tmp_path / "s")) is not None


def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    "changes",
    [
        lambda: {"written_at": time() - STALE_S - 1},
        lambda: {"written_at": time() + 3600},
        lambda: {"pid": gone()},
        lambda: {"engine": {"state": "ready"}},
        lambda: {"num_queued": "many"},
    ],
    ids=["old", "from the future", "process gone", "another version", "damaged"],
)
def test_what_cannot_be_relied_on_is_not_believed(tmp_path: Path, changes: object) -> None:
    assert callable(changes)

    assert read_published(stored(tmp_path / "s", **changes())) is None


def test_no_file_means_that_nobody_runs(tmp_path: Path) -> None:
    assert read_published(tmp_path / "status.json") is None


def test_a_file_that_cannot_be_read_does_not_mean_that_nobody_runs(tmp_path: Path) -> None:
    with pytest.raises(StatusHidden, match=r"cannot be read \(Is a directory\)"):
        read_published(tmp_path)


def published(**changes: object) -> Published:
    values = {
        "pid": 1,
        "written_at": 0.0,
        "engine": SERVING,
        "engine_pids": frozenset({42}),
        "num_queued": 4,
    }
    return Published(**(values | changes))  # type: ignore[arg-type]


def test_the_terminal_reads_the_lines_of_chat(tmp_path: Path) -> None:
    report = device_report(published(), tmp_path, Machine())

    assert "- Model: phi-3-mini in float16, ready for 67 min" in report
    assert "- Batch: 3 of 8 places in use, 4 waiting" in report
    assert "- Last error: The hub refused" in report


def test_the_terminal_is_told_that_nobody_runs(tmp_path: Path) -> None:
    report = device_report(None, tmp_path, Machine())

    assert f"No FAQ Desk is running on the data folder {tmp_path}." in report


def test_health_tells_what_serves_or_why_nothing_does() -> None:
    down = published(engine=replace(SERVING, state=EngineState.DOWN, detail="It does not fit."))

    assert health_report(None, published()) == "FAQ Desk is well: phi-3-mini, ready, 4 waiting."
    assert health_report(None, None) == "FAQ Desk is well."
    assert health_report("No sign of life.", down) == "No sign of life. It does not fit."
    assert health_report("No sign of life.", published()) == "No sign of life."
    assert health_report("No sign of life.", None) == "No sign of life."
