"""What tests of the supervisor share: engines in memory and in processes, and questions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from config.settings import EngineSettings
from engine.models.catalog import CPU_DEFAULT
from engine.models.hardware import DeviceMemory
from engine.protocol import Generate, Generation, GenerationRequest, Load
from engine.serving.connection import EngineConnection
from engine.serving.in_memory import InMemoryEngine, InMemoryEngines
from engine.serving.supervisor import EngineSupervisor
from engine.types import Document, OnPiece
from tests.engine.worker.tiny_models import catalog, entry
from tests.fake_hardware import FakeHardware
from tests.waits import PATIENCE_S, within

#: Seconds that a process with a tiny model may take on a busy machine.
MODEL_S = 2 * PATIENCE_S
#: Seconds for one that does not answer, in tests where none does.
IMPATIENT_S = 0.5
#: A model's config.json, for its memory to be computed.
CONFIG = {
    "model_type": "llama",
    "hidden_size": 2048,
    "intermediate_size": 5632,
    "num_hidden_layers": 22,
    "num_attention_heads": 32,
    "vocab_size": 32000,
}
MODELS = catalog(
    *(
        entry(alias, memory_gb=1.0)
        for alias in (
            "tiny",
            "second",
            "third",
            "broken",
            "mute",
            "dies",
            "dies-later",
            CPU_DEFAULT,
        )
    ),
    entry("huge", context_window=10**10),
)
BROKEN = "broken could not be loaded."


def request(max_new_tokens: int = 8, deadline_s: float = MODEL_S) -> GenerationRequest:
    """A question with one entry."""
    document = Document(id="a", course="c", section="s", question="Join?", answer="Yes.")
    return GenerationRequest(
        id="1",
        question="May I join?",
        documents=(document,),
        max_new_tokens=max_new_tokens,
        deadline_s=deadline_s,
    )


#: Longer than any test takes: in memory by far, in a process as long as its context allows.
ENDLESS, LONG = request(max_new_tokens=10**9), request(max_new_tokens=3500)


def ignore(_: str) -> None:
    """No one listens."""


async def begin(
    engine: EngineSupervisor, request: GenerationRequest = LONG, on_piece: OnPiece = ignore
) -> asyncio.Task[Generation]:
    """Start a long generation; returns when its first token is here."""
    begun = asyncio.Event()

    def listen(piece: str) -> None:
        on_piece(piece)  # type: ignore[arg-type]
        begun.set()

    task = asyncio.create_task(engine.generate(request, listen))
    task.add_done_callback(lambda _: begun.set())  # or it has failed, which its test will tell
    await within(begun.wait(), MODEL_S)
    return task


@asynccontextmanager
async def running(engine: EngineSupervisor, seconds: float = PATIENCE_S) -> AsyncIterator[None]:
    """The engine runs while the block does, which may take so long; then no process is left."""
    stop = asyncio.Event()
    async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
        group.create_task(engine.run(stop))
        yield
        stop.set()
    assert not engine.pids()


def roomy(free: int = 9 * 10**9) -> DeviceMemory:
    """A machine without a GPU; each model in memory needs 1 GB there."""
    return DeviceMemory(total=10**10, free=free, on_gpu=False)


def save_stubs(folder: Path) -> None:
    """Folders that look like saved models; nothing in memory reads the weights."""
    for alias in MODELS.entries:
        (folder / alias).mkdir()
        config = CONFIG if alias == "huge" else {}
        (folder / alias / "config.json").write_text(json.dumps(config))
        (folder / alias / "model.safetensors").touch()


class Rig:
    """A supervisor over engines in memory, on a machine with 10 GB where each holds 0.8."""

    def __init__(
        self,
        folder: Path,
        model: str = "tiny",
        preferred: str | None = None,
        *,
        keep_idle: int = 0,
        stall_s: float = PATIENCE_S,
        park_s: float = PATIENCE_S,
    ) -> None:
        self.hardware = FakeHardware(roomy, lambda _: 8 * 10**8)
        #: Empty them, and what was wrong with these models is mended.
        self.deaths: dict[str, type[Load | Generate]] = {"dies": Load, "dies-later": Generate}
        self.engines = InMemoryEngines(
            texts={"second": "No. Never. ", "mute": ""},
            problems={"broken": BROKEN},
            deaths=self.deaths,
        )
        save_stubs(folder)
        self.engine = EngineSupervisor(
            EngineSettings(
                model=model, device="cpu", threads=1, stall_s=stall_s, keep_idle=keep_idle
            ),
            catalog=MODELS,
            models_dir=folder,
            hf_token=None,
            preferred=preferred,
            hardware=self.hardware,
            park_s=park_s,
            backoff_s=(0.0,),
            connect=self.connect,
        )

    async def connect(self, group: asyncio.TaskGroup, threads: int) -> InMemoryEngine:
        """How engines are started."""
        return await self.engines(group, threads)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[EngineSupervisor]:
        """The engine once it is settled, while the block runs."""
        async with running(self.engine):
            await self.engine.settled()
            yield self.engine

    def living(self) -> list[InMemoryEngine]:
        """Those that run, in the order in which they were started."""
        return [self.engines.started[pid - 1] for pid in sorted(self.engine.pids())]


@asynccontextmanager
async def connected(
    *aliases: str, engines: InMemoryEngines | None = None
) -> AsyncIterator[tuple[EngineConnection, ...]]:
    """Connections to engines in memory, one for each alias, that end with the block."""
    connect = engines or InMemoryEngines()
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        connections = [
            await EngineConnection.start(group, entry(alias), threads=1, connect=connect)
            for alias in aliases
        ]
        try:
            yield tuple(connections)
        finally:
            for connection in connections:
                connection.kill()


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    return Path(f"/proc/{pid}").exists()


def break_off(folder: Path) -> None:
    """Leave of a saved model's weights no more than their beginning."""
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
