"""A GPU that is nearly full: the refusal, fewer slots, half the context, and life afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from benchmarks.gpu.engines import Ballast, ask, start
from benchmarks.gpu.models import entry, pages, saved
from benchmarks.gpu.parking import REQUEST
from benchmarks.gpu.parts import Bench
from engine.errors import ModelLoadError, OutOfMemory
from engine.models.catalog import ModelEntry
from engine.models.tensors import need_in
from engine.serving.connection import EngineConnection
from engine.types import Document

ALIAS = "mistral-7b"
#: Megabytes left while a long question is asked, the fewest first.
RESTS_MB = (32, 64, 128, 192, 256, 384, 512, 768, 1024, 2048)
#: Questions that there is room for when fewer slots are wanted.
ROOM_FOR = 4


def measure(bench: Bench) -> None:
    """Step down the ladder with a real process; the GPU is filled from this one."""
    if not bench.on_gpu:
        bench.note(ballast="needs a GPU: nothing is filled")
    one = entry(ALIAS, bench)
    with saved(one, bench) as folder:
        asyncio.run(_measure(bench, one, folder))


async def _measure(bench: Bench, one: ModelEntry, folder: Path) -> None:
    ballast = Ballast(bench)
    need = need_in(folder, one, on_gpu=bench.on_gpu, dtype=one.dtype)
    assert need
    async with asyncio.TaskGroup() as group:
        ballast.leave(need.weights // 2)
        # A window like that fits nowhere: the CPU refuses as well.
        wanted = one if bench.on_gpu else replace(one, context_window=10**10)
        try:
            engine = await start(group, wanted, folder, bench, max_batch=1)
        except ModelLoadError as error:
            bench.note(refused=str(error))
        else:
            bench.note(refused="no")
            await engine.shut_down()
        ballast.leave(need.total(ROOM_FOR))
        max_batch = bench.size(32, 2)
        engine = await start(group, one, folder, bench, max_batch=max_batch)
        bench.note(
            left_bytes=need.total(ROOM_FOR), num_slots=engine.loaded.num_slots, max_batch=max_batch
        )
        expected = (await ask(engine, REQUEST)).text
        for rest in RESTS_MB:
            ballast.leave(rest * 10**6)
            outcome = await _outcome(engine)
            bench.note(**{f"left_{rest}_mb": outcome})
            if outcome.startswith("whole"):
                break
        ballast.drop()
        equal = (await ask(engine, REQUEST)).text == expected
        bench.note(lives=engine.is_usable, afterwards=await _outcome(engine), equal=equal)
        await engine.shut_down()


async def _outcome(engine: EngineConnection) -> str:
    """What becomes of a question that fills the context window."""
    long = "\n\n".join(pages())
    window = engine.entry.context_window
    document = Document(id="b", course="", section="", question="Which?", answer=long)
    request = replace(REQUEST, documents=(document,), max_new_tokens=8)
    try:
        tokens = (await ask(engine, request)).prompt_tokens
    except OutOfMemory:
        return "out of memory, told to the asker"
    kind = "whole" if tokens > 0.6 * window else "half"
    return f"{kind} context, {tokens} tokens"
