"""What a change of the model costs: `python -m benchmarks.switch [--switches N] [--exchange]`.

Changes to and fro between SmolLM2 and a tiny random model while people keep asking. Counts the
seconds of each switch, the questions asked and answered meanwhile, and what stays behind: memory of
all our processes, open files, processes. One JSON line a switch; the table comes last. With
`--exchange` there is never room for two models, so the old one goes first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

import psutil

from config.settings import ROOT, EngineSettings
from engine import starter
from engine.catalog import Catalog, load_catalog
from engine.errors import GenerationError
from engine.process import EngineProcess
from engine.room import Room, read_room
from engine.types import Document, GenerationRequest

REAL, TINY = "smollm2-135m", "tiny"
MB = 1e6
REQUEST = GenerationRequest(
    id="1",
    question="Can I join late?",
    documents=(
        Document(id="a", course="", section="", question="Late?", answer="Yes, at any time."),
    ),
    max_new_tokens=16,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One switch and what there was after it."""

    to: str
    seconds: float
    #: Questions that ended during the switch, by the model that answered.
    answered: int
    failed: int
    #: The longest time one of them took.
    longest_s: float
    bot_rss_mb: float
    engine_rss_mb: float
    free_mb: float
    num_fds: int
    num_processes: int


class Askers:
    """People who ask again as soon as they are answered."""

    def __init__(self, engine: EngineProcess) -> None:
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


async def measure(models: Path, switches: int, askers: int) -> list[Line]:
    """Switch to and fro while `askers` people ask."""
    engine = EngineProcess(
        EngineSettings(model=REAL, device="cpu"),
        catalog=catalog(),
        models_dir=models,
        hf_token=None,
    )
    stop = asyncio.Event()
    lines = []
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(stop))
        await engine.settled()
        for number in range(switches):
            lines.append(await _switch(engine, (TINY, REAL)[number % 2], askers))
            print(json.dumps(asdict(lines[-1])), flush=True)
        stop.set()
    return lines


async def _switch(engine: EngineProcess, alias: str, askers: int) -> Line:
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


def never_room_for_two(device: str) -> Room:
    """The machine, as if only as much were free as what goes gives back."""
    return replace(read_room(device), free=450_000_000)


def main() -> None:
    """Measure, print, and write the JSON file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=10)
    parser.add_argument("--askers", type=int, default=4)
    parser.add_argument("--models", type=Path, default=ROOT / "data" / "models")
    parser.add_argument("--exchange", action="store_true")
    parser.add_argument("--output", type=Path)
    wanted = parser.parse_args()
    with ExitStack() as stack:
        if wanted.exchange:
            stack.enter_context(patch.object(starter, "read_room", never_room_for_two))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        models = Path(folder)
        shutil.copytree(wanted.models / REAL, models / REAL)
        make_tiny(models)
        lines = asyncio.run(measure(models, wanted.switches, wanted.askers))
    print("\n| to | s | answered | failed | longest s | bot MB | engine MB | files | processes |")
    print("|---|---|---|---|---|---|---|---|---|")
    for line in lines:
        print(
            f"| {line.to} | {line.seconds} | {line.answered} | {line.failed} | {line.longest_s} "
            f"| {line.bot_rss_mb} | {line.engine_rss_mb} | {line.num_fds} | {line.num_processes} |"
        )
    if wanted.output:
        content = {"cores": psutil.cpu_count(), "lines": [asdict(line) for line in lines]}
        wanted.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
