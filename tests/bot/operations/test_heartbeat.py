"""The sign of life: fresh while all is well, stale or gone when it is not."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from time import time

import pytest

from bot.operations.heartbeat import STALE_S, beat, find_trouble
from engine.serving.status import EngineState, EngineStatus


class Scene:
    """A heart whose engine and task the test controls."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stop = asyncio.Event()
        self.release = asyncio.Event()
        self.status = EngineStatus(state=EngineState.READY, model="fake")
        self.looks = 0
        self.looked = asyncio.Event()

    def engine_status(self) -> EngineStatus:
        self.looks += 1
        self.looked.set()
        return self.status

    async def work(self) -> None:
        await self.release.wait()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.work(), name="telegram")
            try:
                await beat(
                    self.path,
                    self.stop,
                    tasks=[task],
                    engine_status=self.engine_status,
                    every_s=0.001,
                )
            finally:
                self.release.set()

    async def turns(self, number: int) -> None:
        """Return when the heart has gone round this often from now."""
        until = self.looks + number
        while self.looks < until:
            self.looked.clear()
            await self.looked.wait()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "data" / "alive")


def age_file(path: Path, seconds: float) -> None:
    os.utime(path, (time() - seconds,) * 2)


async def test_the_file_is_fresh_while_all_is_well_and_goes_with_the_program(scene: Scene) -> None:
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(scene.run())
        await scene.turns(2)
        age_file(scene.path, 1000)
        await scene.turns(2)

        assert find_trouble(scene.path) is None

        scene.stop.set()
    assert not scene.path.exists()


async def test_no_beat_while_the_engine_is_down(scene: Scene) -> None:
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(scene.run())
        await scene.turns(2)
        scene.status = EngineStatus(state=EngineState.DOWN, model="fake", detail="No memory.")
        await scene.turns(2)
        age_file(scene.path, 1000)
        await scene.turns(2)

        assert "no sign of life for 10" in (find_trouble(scene.path) or "")

        scene.status = EngineStatus(state=EngineState.READY, model="fake")
        await scene.turns(2)

        assert find_trouble(scene.path) is None

        scene.stop.set()


async def test_no_beat_once_an_adapter_has_ended(scene: Scene) -> None:
    scene.release.set()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(scene.run())
        await scene.turns(4)
        scene.path.unlink(missing_ok=True)
        await scene.turns(2)

        assert "there is no" in (find_trouble(scene.path) or "")

        scene.stop.set()


async def test_a_folder_that_cannot_be_written_does_not_end_the_program(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    scene = Scene(tmp_path / "file" / "alive")
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(scene.run())
        await scene.turns(2)
        scene.stop.set()

    assert find_trouble(scene.path) is not None


async def test_systemd_hears_ready_watchdog_and_stopping(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(address))
        receiver.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(scene.run())
            await scene.turns(2)
            scene.stop.set()
        heard = []
        while not heard or heard[-1] != "STOPPING=1":
            heard.append(receiver.recv(1000).decode())

    assert heard[0] == "READY=1"
    assert set(heard[1:-1]) == {"WATCHDOG=1\nSTATUS=Serving."}


@pytest.mark.parametrize(
    ("age", "well"), [(0, True), (STALE_S / 2, True), (STALE_S + 5, False), (-3600, False)]
)
def test_the_age_of_the_file_decides(tmp_path: Path, age: float, well: bool) -> None:
    (tmp_path / "alive").touch()
    age_file(tmp_path / "alive", age)

    assert (find_trouble(tmp_path / "alive") is None) is well
