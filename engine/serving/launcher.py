"""Brings a model to serve in a process of its own: room, weights, loading, a first question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

from config.settings import EngineSettings
from engine.errors import EngineCrashed, GenerationError, ModelError, ModelLoadError
from engine.models.catalog import CPU_DEFAULT, ModelEntry
from engine.models.hardware import DeviceMemory, Hardware, Machine, bytes_of, does_not_fit, need_of
from engine.models.memory import GB, RUNTIME_BYTES
from engine.models.weights import find_weights, prepare_weights
from engine.protocol import GenerationRequest
from engine.serving.connection import EngineConnection
from engine.serving.idle import PARK_S, IdleModels
from engine.serving.process import EngineProcess
from engine.serving.transport import Connect
from engine.types import Document

log = logging.getLogger(__name__)

#: Questions that are worked on at once unless the settings say otherwise.
CPU_BATCH, GPU_BATCH = 8, 32
#: What a freshly loaded model must answer before it serves.
_TRIAL = GenerationRequest(
    id="smoke",
    question="Can I join late?",
    documents=(
        Document(
            id="smoke",
            course="",
            section="General",
            question="Can I join the course after it has started?",
            answer="Yes, you can join at any time.",
        ),
    ),
    max_new_tokens=16,
)


class EngineLauncher:
    """Starts processes and lets them go. Its methods raise ModelLoadError."""

    def __init__(
        self,
        settings: EngineSettings,
        models_dir: Path,
        *,
        hf_token: str | None,
        on_progress: Callable[[str], None],
        hardware: Hardware | None = None,
        park_s: float = PARK_S,
        connect: Connect = EngineProcess.start,
    ) -> None:
        self._settings = settings
        self._models_dir = models_dir
        self._hf_token = hf_token
        self._on_progress = on_progress
        self._hardware = hardware or Machine()
        self._connect = connect
        self.idle = IdleModels(settings.keep_idle, park_s=park_s)
        #: All that were started and not yet forgotten; some may have ended.
        self._processes: set[EngineConnection] = set()
        self._spawning = asyncio.Lock()
        #: Gets the tasks that listen to them; None unless processes may be started.
        self._group: asyncio.TaskGroup | None = None

    @property
    def capacity(self) -> int:
        """How many questions it is worth asking a process at once."""
        if self._settings.max_batch:
            return self._settings.max_batch
        memory = self._hardware.read_device_memory(self._settings.device)
        return GPU_BATCH if memory.on_gpu else CPU_BATCH

    def pids(self) -> frozenset[int]:
        """The processes that live: one serves, others load, end their answers, park or are idle."""
        return frozenset(
            connection.pid for connection in self._processes if not connection.ended.is_set()
        )

    async def prepare(self, entry: ModelEntry) -> Path:
        return await prepare_weights(
            entry,
            self._models_dir,
            hf_token=self._hf_token,
            on_progress=lambda transfer: self._on_progress(str(transfer)),
        )

    def open(self, group: asyncio.TaskGroup) -> None:
        """From now on processes may be started; `group` gets the tasks that listen to them."""
        self._group = group

    def refuse(self) -> None:
        """From now on none is started, and one that is being started is ended."""
        self._group = None

    def require_open(self) -> asyncio.TaskGroup:
        """Raises ModelLoadError where no process may be started."""
        if self._group is None:
            raise ModelLoadError("The engine is not running; no model can be loaded.")
        return self._group

    async def start(self, entry: ModelEntry, path: Path) -> EngineConnection:
        """A process that has the model loaded, and has answered a first question.

        Raises EngineCrashed besides. After any failure the process is gone.
        """
        await self._make_room(entry, path)
        idle = self.idle.take(entry)
        if idle is not None:
            self._on_progress(f"Resuming {entry.alias}")
            resuming = idle.resume(timeout=self.idle.park_s)
            try:
                return await self._bring_up(idle, resuming, path)
            except (ModelError, EngineCrashed) as error:
                log.warning("%s did not resume and is loaded anew: %s", entry.alias, error)
        return await self._load(entry, path)

    async def _load(self, entry: ModelEntry, path: Path) -> EngineConnection:
        """The model for machines without a GPU goes to the CPU where the GPU is of no use."""
        wanted = self._settings.device
        room = await asyncio.to_thread(self._hardware.read_device_memory, wanted)
        needs_none = entry.alias == CPU_DEFAULT
        device = "cpu" if needs_none and room.gpu_problem else wanted
        try:
            return await self._load_on(device, entry, path)
        except ModelLoadError as error:
            if not (needs_none and room.on_gpu):
                raise
            log.warning("%s is loaded on the CPU: %s", entry.alias, error)
        return await self._load_on("cpu", entry, path)

    async def _load_on(self, device: str, entry: ModelEntry, path: Path) -> EngineConnection:
        connection = await self._spawn(entry)
        loading = connection.load(
            path,
            device=device,
            max_batch=self.capacity,
            timeout=self._settings.load_timeout_s,
            on_progress=self._on_progress,
        )
        return await self._bring_up(connection, loading, path)

    async def close(self) -> None:
        """End all processes; from now on none is started."""
        self.refuse()
        await self.idle.close()
        async with self._spawning, asyncio.TaskGroup() as group:
            for connection in self._processes:
                if not connection.ended.is_set():
                    group.create_task(connection.shut_down())

    async def _spawn(self, entry: ModelEntry) -> EngineConnection:
        async with self._spawning:  # `close` must not miss it
            group = self.require_open()
            connection = await EngineConnection.start(
                group, entry, threads=self._settings.threads, connect=self._connect
            )
            living = {other for other in self._processes if not other.ended.is_set()}
            self._processes = living | {connection}
        return connection

    async def _bring_up(
        self,
        connection: EngineConnection,
        work: Awaitable[None],
        path: Path,
    ) -> EngineConnection:
        begun = monotonic()
        try:
            await work
            await try_out(connection, stall_s=self._settings.stall_s)
            await asyncio.to_thread(self._measure_memory, connection, path)
            self.require_open()
        except (ModelError, EngineCrashed):
            connection.kill()
            await connection.ended.wait()  # what it had is free before the next one loads
            raise
        except BaseException:
            connection.kill()
            raise
        log.info("%s serves after %.1f s", connection.entry.alias, monotonic() - begun)
        return connection

    async def has_room_beside(self, entry: ModelEntry, path: Path, old: EngineConnection) -> bool:
        """Whether `entry` is to come while the old process runs, or only once that has gone.

        Idle models go where they are in the way. Raises ModelLoadError when there would not be
        room even without the old one.
        """
        idle = self.idle.pids()
        itself = idle - self.idle.pids(sparing=entry)
        fits = await asyncio.to_thread(self._fits_with_all_slots, entry, path, old, idle, itself)
        return fits and await self._make_room(entry, path)

    def _fits_with_all_slots(
        self,
        entry: ModelEntry,
        path: Path,
        old: EngineConnection,
        idle: frozenset[int],
        itself: frozenset[int],
    ) -> bool:
        """On a GPU: whether all its slots fit; how many it has is settled once, when it comes.

        On the CPU nobody waits for more slots: the old process goes on answering instead.
        """
        room = self._hardware.read_device_memory(self._settings.device)
        need = need_of(entry, path, room)
        wanted = bytes_of(entry, path, room)
        if wanted > room.free:
            returned = self._hardware.memory_of(old.pid, on_gpu=room.on_gpu)
            if returned is None:  # some containers hide who uses the GPU
                weights = find_weights(old.entry, self._models_dir)
                returned = bytes_of(old.entry, weights, room)
            free = room.free + returned + self._held(idle, room)
            if wanted > free:
                raise does_not_fit(entry, need, wanted, free, str(room))
        if need is None or not room.on_gpu:
            return True
        return need.total(self.capacity) - self._held(itself, room) <= room.free

    async def _make_room(self, entry: ModelEntry, path: Path) -> bool:
        """End idle processes, the longest idle first, until the model fits.

        Ends none and returns False where the model would not fit without them either.
        """
        while True:
            others = self.idle.pids(sparing=entry)
            itself = self.idle.pids() - others
            left, gain = await asyncio.to_thread(self._left_over, entry, path, itself, others)
            if left >= 0:
                return True
            if left + gain < 0 or not await self.idle.drop_one(sparing=entry):
                return False

    def _left_over(
        self, entry: ModelEntry, path: Path, itself: frozenset[int], others: frozenset[int]
    ) -> tuple[int, int]:
        """Bytes that stay free beside the model, and those that the others hold."""
        room = self._hardware.read_device_memory(self._settings.device)
        left = room.free + self._held(itself, room) - bytes_of(entry, path, room)
        return left, self._held(others, room)

    def _measure_memory(self, connection: EngineConnection, path: Path) -> None:
        """Hold the memory that was computed against what the process takes."""
        room = self._hardware.read_device_memory(self._settings.device)
        need = need_of(connection.entry, path, room)
        questions = connection.loaded.slots_bytes or (need.question if need else 0)
        connection.memory_computed = need.total(0) + questions if need else None
        connection.memory_measured = self._hardware.memory_of(connection.pid, on_gpu=room.on_gpu)
        if connection.memory_computed and connection.memory_measured:
            log.info(
                "%s: %.2f GB computed for %d slots, %.2f GB measured",
                connection.entry.alias,
                connection.memory_computed / GB,
                connection.loaded.num_slots,
                connection.memory_measured / GB,
            )

    def _held(self, pids: frozenset[int], room: DeviceMemory) -> int:
        # Some containers hide who uses the GPU; an idle process has its libraries there.
        unknown = RUNTIME_BYTES["cuda"] if room.on_gpu else 0
        return sum(self._hardware.memory_of(pid, on_gpu=room.on_gpu) or unknown for pid in pids)


async def try_out(connection: EngineConnection, *, stall_s: float) -> None:
    """Ask the model. Raises ModelLoadError when it writes nothing, EngineCrashed when it ends."""
    try:
        generation = await connection.generate(_TRIAL, lambda _: None, stall_s=stall_s)
    except EngineCrashed:
        raise
    except GenerationError as error:
        raise ModelLoadError(
            f"{connection.entry.alias} was loaded but failed on a first question: {error}"
        ) from error
    if not generation.text:
        raise ModelLoadError(
            f"{connection.entry.alias} was loaded but wrote nothing on a first question; "
            "its weights or its entry in the catalogue are wrong."
        )
