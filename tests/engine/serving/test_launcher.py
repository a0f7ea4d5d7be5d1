"""Where room for a model comes from, and who has to go for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.settings import EngineSettings
from engine.models.hardware import DeviceMemory, need_of
from engine.serving.connection import EngineConnection
from engine.serving.launcher import EngineLauncher
from tests.engine.serving.engines import CONFIG, connected
from tests.engine.worker.tiny_models import entry
from tests.fake_hardware import FakeHardware

MB = 10**6
WANTED = entry("wanted", memory_gb=1.0)
#: The one that serves, and those that are idle.
ALIASES = ("old", "first", "second", "third")


async def machine(
    old: EngineConnection,
    *idle: EngineConnection,
    held: int = 0,
    memory: DeviceMemory | None = None,
) -> EngineLauncher:
    """A launcher with these idle models, on a machine where nothing else is free."""
    held_by = {old.pid: 800 * MB} | {connection.pid: held for connection in idle}

    def read() -> DeviceMemory:
        free = sum(held for connection in idle if connection.ended.is_set())
        return memory or DeviceMemory(total=10**10, free=free, on_gpu=False)

    made = EngineLauncher(
        EngineSettings(device="cpu", keep_idle=len(idle)),
        Path("none"),
        hf_token=None,
        on_progress=lambda _: None,
        hardware=FakeHardware(read, lambda pid: held_by[pid]),
    )
    for connection in idle:
        await made.idle.keep(connection)
    return made


@pytest.mark.parametrize(("setting", "expected"), [(0, 8), (3, 3)])
def test_the_settings_say_how_many_questions_it_takes(setting: int, expected: int) -> None:
    settings = EngineSettings(device="cpu", max_batch=setting)
    made = EngineLauncher(settings, Path("none"), hf_token=None, on_progress=lambda _: None)

    assert made.capacity == expected


async def test_the_longest_idle_models_go_until_there_is_room() -> None:
    async with connected(*ALIASES) as (old, *idle):
        made = await machine(old, *idle, held=600 * MB)

        has_room = await made.has_room_beside(WANTED, Path("none"), old)

        assert has_room
        assert made.idle.aliases == ("third",)


async def test_no_idle_model_goes_where_that_does_not_make_room_enough() -> None:
    async with connected(*ALIASES) as (old, *idle):
        made = await machine(old, *idle, held=300 * MB)

        has_room = await made.has_room_beside(WANTED, Path("none"), old)

        assert not has_room
        assert made.idle.aliases == ("first", "second", "third")


@pytest.mark.parametrize(
    ("on_gpu", "num_questions", "expected"),
    [(True, 31, False), (True, 32, True), (False, 1, True)],
    ids=["a GPU with room for some", "a GPU with room for all", "no GPU"],
)
async def test_on_a_gpu_a_model_comes_beside_the_old_one_only_with_all_its_slots(
    on_gpu: bool,
    num_questions: int,
    expected: bool,
    tmp_path: Path,
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    need = need_of(WANTED, tmp_path, DeviceMemory(total=10**12, free=0, on_gpu=on_gpu))
    assert need
    room = DeviceMemory(total=10**12, free=need.total(num_questions), on_gpu=on_gpu)
    async with connected(*ALIASES) as (old, *idle):
        made = await machine(old, *idle, held=600 * MB, memory=room)

        has_room = await made.has_room_beside(WANTED, tmp_path, old)

        assert has_room is expected
        assert made.idle.aliases == ("first", "second", "third")
