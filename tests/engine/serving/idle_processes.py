"""Idle processes that only stand for real ones."""

from __future__ import annotations

import asyncio

from engine.errors import ModelLoadError
from engine.serving.idle import IdleModels
from tests.engine.worker.tiny_models import entry


class Process:
    """What the idle models know of an engine process."""

    def __init__(self, alias: str, pid: int = 1) -> None:
        self.entry = entry(alias)
        self.pid = pid
        self.is_usable = True
        self.ended = asyncio.Event()
        self.parking = asyncio.Event()
        self.may_park = asyncio.Event()
        self.may_park.set()
        self.was_parked = False

    async def park(self, *, timeout: float) -> None:
        self.parking.set()
        await self.may_park.wait()
        if not self.is_usable:
            raise ModelLoadError
        self.was_parked = True

    def kill(self) -> None:
        self.is_usable = False
        self.ended.set()

    async def shut_down(self) -> None:
        self.kill()


async def idle_models(limit: int, *processes: Process) -> IdleModels:
    idle = IdleModels(limit)
    for process in processes:
        await idle.keep(process)  # type: ignore[arg-type]
    return idle
