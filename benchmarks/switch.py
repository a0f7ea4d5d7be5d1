"""What a change of the model costs: `python -m benchmarks.switch [--switches N] [--keep-idle N]`.

First, with nobody asking, what it takes to bring SmolLM2 up: loaded by a new process (its files in
the page cache), and resumed by the process in which it was parked; in turn, `--rounds` times.
Then it changes to and fro between SmolLM2 and a tiny random model while people keep asking. Counts
the seconds of each switch, the questions asked and answered meanwhile, and what stays behind:
memory of all our processes, open files, processes. One JSON line a switch; the tables come last.
With `--exchange` there is never room for two models, so the old one goes first, parked ones too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

import psutil

from benchmarks.switch_tables import (
    REAL,
    TINY,
    Line,
    Start,
    print_lines,
    print_starts,
    write_run,
)
from config.settings import ROOT, EngineSettings
from engine.errors import GenerationError
from engine.models.catalog import Catalog, ModelEntry, load_catalog
from engine.models.hardware import DeviceMemory, Machine
from engine.models.memory import MB
from engine.protocol import GenerationRequest
from engine.serving import launcher
from engine.serving.connection import EngineConnection
from engine.serving.supervisor import EngineSupervisor
from engine.types import Document

REQUEST = GenerationRequest(
    id="1",
    question="Can I join late?",
    documents=(
        Document(id="a", course="", section="", question="Late?", answer="Yes, at any time."),
    ),
    max_new_tokens=16,
)


class Stopwatch:
    """Takes the time of all starts while the block runs."""

    def __init__(self) -> None:
        self.starts: list[Start] = []
        self._smoke = (0.0, 0.0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listen to every EngineLauncher."""
        start, try_out = launcher.EngineLauncher.start, launcher.try_out

        async def timed_try_out(child: EngineConnection, **how: float) -> None:
            before = perf_counter(), _cpu_s(child.pid)
            await try_out(child, **how)
            self._smoke = perf_counter() - before[0], _cpu_s(child.pid) - before[1]

        async def timed_start(
            self_: launcher.EngineLauncher,
            entry: ModelEntry,
            path: Path,
        ) -> EngineConnection:
            idle = self_.idle.process_of(entry)
            begun, used = perf_counter(), 0.0 if idle is None else _cpu_s(idle.pid)
            self._smoke = (0.0, 0.0)
            child = await start(self_, entry, path)
            self.starts.append(
                Start(
                    how="resumed" if child is idle else "loaded",
                    seconds=perf_counter() - begun,
                    cpu_s=_cpu_s(child.pid) - used,
                    smoke_s=self._smoke[0],
                    smoke_cpu_s=self._smoke[1],
                )
            )
            return child

        with (
            patch.object(launcher.EngineLauncher, "start", timed_start),
            patch.object(launcher, "try_out", timed_try_out),
        ):
            yield


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


class Askers:
    """People who ask again as soon as they are answered."""

    def __init__(self, engine: EngineSupervisor) -> None:
        self._engine = engine
        self.took: list[float] = []
        self.failed = 0

    @asynccontextmanager
    async def asking(self, number: int) -> AsyncIterator[None]:
        """So many ask while the block runs; those who wait at its end are answered still."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for _ in range(number):
                group.create_task(self._ask(stop))
            yield
            stop.set()

    async def _ask(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            started = perf_counter()
            try:
                await self._engine.generate(REQUEST, lambda _: None)
            except GenerationError as error:
                print(f"not answered: {error}")
                self.failed += 1
                return
            self.took.append(perf_counter() - started)


def make_tiny(models: Path) -> None:
    """A random model of two layers with SmolLM2's tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = models / TINY
    shutil.copytree(models / REAL, folder, ignore=shutil.ignore_patterns("*.safetensors*"))
    torch.manual_seed(0)
    read = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tiny = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "head_dim": 16}
    tiny |= {"num_attention_heads": 4, "num_key_value_heads": 2}
    kept = {key: value for key, value in read.items() if key not in {"dtype", "architectures"}}
    model = LlamaForCausalLM(LlamaConfig(**kept | tiny | {"tie_word_embeddings": False}))
    model.lm_head.weight.data[:20] = 0  # the special tokens, which do not show
    model.save_pretrained(folder)


def catalog() -> Catalog:
    """SmolLM2 and the tiny one."""
    real = load_catalog(ROOT / "config" / "models.yaml").get(REAL)
    return Catalog({REAL: real, TINY: replace(real, alias=TINY, package=None)})


@asynccontextmanager
async def running(models: Path, keep_idle: int) -> AsyncIterator[EngineSupervisor]:
    """An engine that serves with SmolLM2."""
    engine = EngineSupervisor(
        EngineSettings(model=REAL, device="cpu", keep_idle=keep_idle),
        catalog=catalog(),
        models_dir=models,
        hf_token=None,
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(stop))
        await engine.settled()
        yield engine
        stop.set()


async def bring_up(models: Path, rounds: int) -> list[Start]:
    """Bring SmolLM2 up again and again, loaded and resumed in turn."""
    starts = []
    stopwatch = Stopwatch()
    async with running(models, 0) as loading, running(models, 1) as keeping:
        await keeping.switch(TINY)
        with stopwatch.running():
            for _ in range(rounds):
                for engine in (loading, keeping):
                    await engine.switch(TINY)
                    await engine.switch(REAL)
                    starts.append(stopwatch.starts[-1])
                    print(json.dumps(asdict(starts[-1])), flush=True)
    return starts


async def measure(models: Path, switches: int, askers: int, keep_idle: int) -> list[Line]:
    """Switch to and fro while `askers` people ask."""
    lines = []
    async with running(models, keep_idle) as engine:
        for number in range(switches):
            lines.append(await _switch(engine, (TINY, REAL)[number % 2], askers))
            print(json.dumps(asdict(lines[-1])), flush=True)
    return lines


async def _switch(engine: EngineSupervisor, alias: str, askers: int) -> Line:
    people = Askers(engine)
    async with people.asking(askers):
        started = perf_counter()
        await engine.switch(alias)
        seconds = perf_counter() - started
    us = psutil.Process()
    children = us.children(recursive=True)
    return Line(
        to=alias,
        seconds=round(seconds, 2),
        answered=len(people.took),
        failed=people.failed,
        longest_s=round(max(people.took, default=0.0), 2),
        bot_rss_mb=round(us.memory_info().rss / MB, 1),
        engine_rss_mb=round(sum(_rss(child) for child in children) / MB, 1),
        free_mb=round(psutil.virtual_memory().available / MB, 1),
        num_fds=us.num_fds(),
        num_processes=1 + len(children),
    )


def _rss(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


READ_MEMORY = Machine.read_device_memory


def never_room_for_two(self: Machine, device: str) -> DeviceMemory:
    """The machine, as if only as much were free as what goes gives back."""
    return replace(READ_MEMORY(self, device), free=450_000_000)


def main() -> None:
    """Measure, print, and add the run to the JSON file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=10)
    parser.add_argument("--askers", type=int, default=4)
    parser.add_argument("--keep-idle", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", type=Path, default=ROOT / "data" / "models")
    parser.add_argument("--exchange", action="store_true")
    parser.add_argument("--output", type=Path, help="a JSON file that the run is added to")
    wanted = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        models = Path(folder)
        shutil.copytree(wanted.models / REAL, models / REAL)
        make_tiny(models)
        starts = asyncio.run(bring_up(models, wanted.rounds)) if wanted.rounds else []
        if wanted.exchange:
            stack.enter_context(patch.object(Machine, "read_device_memory", never_room_for_two))
        lines = asyncio.run(measure(models, wanted.switches, wanted.askers, wanted.keep_idle))
    if starts:
        print_starts(starts)
    print_lines(lines)
    if wanted.output:
        options = (
            f"--rounds {wanted.rounds} --switches {wanted.switches} --askers {wanted.askers} "
            f"--keep-idle {wanted.keep_idle}{' --exchange' if wanted.exchange else ''}"
        )
        write_run(wanted.output, options, starts, lines)


if __name__ == "__main__":
    main()
