"""Engine processes as the bot has them, and a way to fill the GPU beside them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from benchmarks.gpu.parts import Bench
from engine.models.catalog import ModelEntry
from engine.models.gpu import read_gpus
from engine.protocol import Generation, GenerationRequest
from engine.serving.connection import EngineConnection

#: Seconds that any one thing may take.
PATIENCE_S = 300
#: Bytes: the driver hands out memory in grains; blocks of this size find room.
_GRAIN, _BLOCK = 2**22, 2**31


async def start(
    group: asyncio.TaskGroup, one: ModelEntry, folder: Path, bench: Bench, *, max_batch: int
) -> EngineConnection:
    """A process that serves, to be shut down before `group` ends.

    Raises ModelLoadError; the process is gone then.
    """
    engine = await EngineConnection.start(group, one, threads=0)
    try:
        await engine.load(
            folder,
            device=bench.device,
            max_batch=max_batch,
            timeout=PATIENCE_S,
            on_progress=lambda _: None,
        )
    except BaseException:
        engine.kill()
        await engine.ended.wait()  # its memory is free
        raise
    return engine


async def ask(engine: EngineConnection, request: GenerationRequest) -> Generation:
    """One answer."""
    return await engine.generate(request, lambda _: None, stall_s=PATIENCE_S)


def gpu_free() -> int:
    """Bytes that nobody uses."""
    return read_gpus()[0].memory_free


class Ballast:
    """Memory of the GPU that is taken from the engine; on the CPU it weighs nothing."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._blocks: list[object] = []

    def leave(self, rest: int) -> None:
        """Take what is there but for so many bytes, or give back what is too much."""
        self.drop()
        if not self._bench.on_gpu:
            return
        import torch

        torch.ones(1, device="cuda")  # the libraries of this process come first
        with suppress(torch.OutOfMemoryError):
            while (taken := gpu_free() - rest) > _GRAIN:
                block = torch.empty(min(taken, _BLOCK), dtype=torch.uint8, device="cuda")
                self._blocks.append(block)

    def drop(self) -> None:
        """Give all of it back."""
        self._blocks = []
        if self._bench.on_gpu:
            import torch

            torch.cuda.empty_cache()
