"""How fast questions are accepted: `python -m benchmarks.job_queue [--folder F] [--adds N]`.

An add counts when it is on the disk, which is when a platform may be acknowledged. Each run prints
one JSON line; the table comes last. The folder must be on a real disk: on tmpfs a sync is free.

The name is not `queue`: a script in this folder would then import it in place of Python's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from time import perf_counter

from engine.store.jobs import JobStore, NewJob
from engine.types import Question

Run = Callable[[JobStore], Awaitable[tuple[float, list[float]]]]

TEXT = "Can I still join the course after it has started, and is there a certificate? " * 2


def new_job(number: int) -> NewJob:
    return NewJob(
        platform="slack",
        conversation=f"C{number % 50}",
        message_id=str(number),
        user_id=f"U{number % 97}",
        reply_to=f'{{"channel": "C{number % 50}", "thread": "{number}"}}',
        question=Question(text=TEXT, course="llm-zoomcamp"),
    )


async def closed_loop(store: JobStore, adds: int, askers: int) -> tuple[float, list[float]]:
    """`askers` people, each asking again as soon as the last question is stored."""
    numbers = iter(range(adds))
    latencies: list[float] = []

    async def ask() -> None:
        for number in numbers:
            latencies.append(await _timed(store, number))

    started = perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(askers):
            group.create_task(ask())
    return perf_counter() - started, latencies


async def open_loop(store: JobStore, adds: int, rate: float) -> tuple[float, list[float]]:
    """Questions come at `rate` a second (0: all at once), whether or not the last is stored."""
    latencies: list[float] = []

    async def ask(number: int) -> None:
        latencies.append(await _timed(store, number))

    started = perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(adds):
            if rate:
                await asyncio.sleep(max(0.0, started + number / rate - perf_counter()))
            group.create_task(ask(number))
    return perf_counter() - started, latencies


async def claims(store: JobStore, adds: int) -> tuple[float, list[float]]:
    """`adds` waiting questions claimed, one after the other."""
    await open_loop(store, adds, 0)
    latencies: list[float] = []
    started = perf_counter()
    for _ in range(adds):
        before = perf_counter()
        await store.claim()
        latencies.append(perf_counter() - before)
    return perf_counter() - started, latencies


def syncs(folder: Path, count: int) -> tuple[float, list[float]]:
    """What the disk itself takes to append a question to a file and sync it."""
    latencies: list[float] = []
    started = perf_counter()
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(count):
            before = perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            latencies.append(perf_counter() - before)
    return perf_counter() - started, latencies


async def _timed(store: JobStore, number: int) -> float:
    before = perf_counter()
    await store.add(new_job(number))
    return perf_counter() - before


def report(name: str, seconds: float, latencies: Iterable[float]) -> dict[str, str | float]:
    ordered = sorted(latencies)

    def ms(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    return {
        "run": name,
        "operations": len(ordered),
        "per_s": round(len(ordered) / seconds, 1),
        "p50_ms": ms(0.5),
        "p95_ms": ms(0.95),
        "max_ms": ms(1),
    }


async def main(folder: Path, adds: int) -> None:
    runs: dict[str, Run] = {
        "1 asker (one sync each)": lambda store: closed_loop(store, max(1, adds // 10), 1),
        "8 askers": lambda store: closed_loop(store, adds, 8),
        "64 askers": lambda store: closed_loop(store, adds, 64),
        "50 a second": lambda store: open_loop(store, 500, 50),
        "burst of 1000": lambda store: open_loop(store, 1000, 0),
        "claims, 1000 waiting": lambda store: claims(store, 1000),
    }
    rows = [report("the disk: write + fsync", *syncs(folder, 400))]
    print(json.dumps(rows[-1]), flush=True)
    for name, run in runs.items():
        with tempfile.TemporaryDirectory(dir=folder) as place:
            async with JobStore(Path(place) / "jobs.db") as store:
                rows.append(report(name, *await run(store)))
        print(json.dumps(rows[-1]), flush=True)
    print(f"\n{'run':<26}{'per s':>10}{'p50 ms':>10}{'p95 ms':>10}{'max ms':>10}")
    for row in rows:
        print(
            f"{row['run']:<26}{row['per_s']:>10}{row['p50_ms']:>10}{row['p95_ms']:>10}"
            f"{row['max_ms']:>10}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(), help="on the disk to measure")
    parser.add_argument("--adds", type=int, default=4000)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.folder, arguments.adds))
