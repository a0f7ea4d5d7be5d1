"""Idle models in processes of their own: parked, resumed, and exchanged, against a cold load."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

from benchmarks.gpu.engines import ask, gpu_free, start
from benchmarks.gpu.models import ALIASES, entry, saved
from benchmarks.gpu.parts import Bench
from engine.models.catalog import ModelEntry
from engine.models.gpu import memory_of
from engine.protocol import GenerationRequest
from engine.serving.connection import EngineConnection
from engine.types import Document

TIMEOUT_S = 300
REQUEST = GenerationRequest(
    id="1",
    question="Can I join late?",
    documents=(
        Document(id="a", course="", section="", question="Late?", answer="Yes, at any time."),
    ),
    max_new_tokens=24,
    deadline_s=300,
)


def measure(bench: Bench) -> None:
    """Each model alone, then one in exchange for the other."""
    if not bench.on_gpu:
        bench.note(pinned_memory="needs a GPU: on the CPU the weights stay where they are")
    with ExitStack() as folders:
        models = []
        for alias in ALIASES[: bench.size(len(ALIASES), 2)]:
            one = entry(alias, bench)
            models.append((one, folders.enter_context(saved(one, bench))))
        asyncio.run(_measure(bench, models))


async def _measure(bench: Bench, models: list[tuple[ModelEntry, Path]]) -> None:
    async with asyncio.TaskGroup() as group:
        engines = [await _alone(bench, group, one, folder) for one, folder in models]
        # The last one serves, the others are parked.
        serving = engines[-1]
        await serving.resume(timeout=TIMEOUT_S)
        for engine in engines:
            if engine is serving:
                continue
            started = perf_counter()
            await serving.park(timeout=TIMEOUT_S)
            await engine.resume(timeout=TIMEOUT_S)
            name = f"{serving.entry.alias}_to_{engine.entry.alias}_s"
            bench.note(**{name: round(perf_counter() - started, 3)})
            serving = engine
        for engine in engines:
            await engine.shut_down()


async def _alone(
    bench: Bench, group: asyncio.TaskGroup, one: ModelEntry, folder: Path
) -> EngineConnection:
    """A process of the model, loaded, parked and resumed; it is parked in the end."""
    max_batch = bench.size(8, 2)
    cold = []
    free_without = gpu_free() if bench.on_gpu else 0
    for _ in range(bench.size(2, 1)):  # the files are in the page cache
        started = perf_counter()
        engine = await start(group, one, folder, bench, max_batch=max_batch)
        cold.append(perf_counter() - started)
        if len(cold) < bench.size(2, 1):
            await engine.shut_down()
    expected = (await ask(engine, REQUEST)).text
    before = gpu_free() if bench.on_gpu else 0
    parks, resumes, equal = [], [], 0
    for round_ in range(bench.size(4, 2)):
        started = perf_counter()
        await engine.park(timeout=TIMEOUT_S)
        parks.append(perf_counter() - started)
        if round_ == 0 and bench.on_gpu:
            bench.note(
                **{
                    f"{one.alias}_given_back_bytes": gpu_free() - before,
                    # Some containers hide who uses the GPU.
                    f"{one.alias}_parked_gpu_bytes": memory_of(engine.pid, on_gpu=True)
                    or free_without - gpu_free(),
                    f"{one.alias}_parked_host_bytes": memory_of(engine.pid, on_gpu=False),
                }
            )
        started = perf_counter()
        await engine.resume(timeout=TIMEOUT_S)
        resumes.append(perf_counter() - started)
        equal += (await ask(engine, REQUEST)).text == expected
    await engine.park(timeout=TIMEOUT_S)
    bench.note(
        **{
            f"{one.alias}_cold_s": round(min(cold), 3),
            # The first time the copy in pinned memory is made.
            f"{one.alias}_first_park_s": round(parks[0], 3),
            f"{one.alias}_park_s": round(min(parks[1:]), 3),
            f"{one.alias}_resume_s": round(sorted(resumes)[len(resumes) // 2], 3),
            f"{one.alias}_equal": f"{equal} of {len(resumes)}",
            f"{one.alias}_text": expected[:80],
        }
    )
    return engine
