"""The Generator that the bot talks to: keeps an engine process serving, and changes its model."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from config.settings import EngineSettings
from engine.errors import (
    CrashedTogether,
    EngineCrashed,
    EngineDown,
    ModelError,
    ModelLoadError,
    NeverStarted,
)
from engine.models.catalog import Catalog, ModelEntry
from engine.models.choice import CHOSEN, Choice
from engine.models.hardware import Hardware
from engine.protocol import FinishReason, Generation, GenerationRequest
from engine.serving.admission import AdmissionGate
from engine.serving.backoff import BACKOFF_S, RestartBackoff
from engine.serving.connection import EngineConnection
from engine.serving.idle import PARK_S
from engine.serving.launcher import EngineLauncher
from engine.serving.meter import Meter
from engine.serving.pending import Resumed
from engine.serving.process import EngineProcess
from engine.serving.status import EngineState, EngineStates, EngineStatus
from engine.serving.transport import Connect
from engine.stopping import unless
from engine.types import OnPiece

log = logging.getLogger(__name__)

#: Seconds running answers get to end when the program stops; the dispatcher gives up before.
STOP_GRACE_S = 5.5
#: Starts that may fail in a row before another model is tried, and before there are no more.
STARTS_BEFORE_ANOTHER, MOST_STARTS = 3, 8


class EngineSupervisor:
    """Supervises the engine process; implements Generator and Admission."""

    def __init__(
        self,
        settings: EngineSettings,
        *,
        catalog: Catalog,
        models_dir: Path,
        hf_token: str | None,
        preferred: str | None = None,
        hardware: Hardware | None = None,
        park_s: float = PARK_S,
        backoff_s: Sequence[float] = BACKOFF_S,
        connect: Connect = EngineProcess.start,
    ) -> None:
        """`preferred` is the model staff chose before a restart; it counts if settings say auto."""
        self._settings = settings
        self._catalog = catalog
        self._now = EngineStates()
        self._launcher = EngineLauncher(
            settings,
            models_dir,
            hf_token=hf_token,
            on_progress=self._now.note,
            hardware=hardware,
            park_s=park_s,
            connect=connect,
        )
        self._choice = Choice(settings, catalog, models_dir, preferred=preferred, hardware=hardware)
        self._entry: ModelEntry | None = None
        self._why = ""
        self._connection: EngineConnection | None = None
        self._backoff = RestartBackoff(backoff_s)
        #: In a row: its process ended as it loaded, or on the first question.
        self._failed_starts = 0
        #: As many questions as it has slots have a place.
        self._admission = AdmissionGate(1)
        #: All that is asked goes through here, so that a request can be alone with the process.
        self._gate = AdmissionGate()
        #: Held while a process is started or replaced.
        self._changing = asyncio.Lock()
        #: One switch after the other, each with what is to be done for the old process.
        self._switching = asyncio.Lock()
        self._changing_to = ""
        self._meter = Meter()
        self._last_error = ""

    def status(self) -> EngineStatus:
        """What the engine is doing now; never blocks."""
        serves = self._now.state is EngineState.READY
        return replace(
            self._now.status,
            tokens_per_s=self._meter.tokens_per_s,
            tokens_last_hour=self._meter.tokens_last_hour,
            num_running=self._admission.num_inside,
            uptime_s=self._meter.uptime_s if serves else None,
            last_error=self._last_error,
            idle=self._launcher.idle.aliases,
            changing_to=self._changing_to,
        )

    @property
    def num_places(self) -> int:
        return self._admission.num_places

    async def acquire(self) -> Literal[True]:
        """See Admission. While a model loads, or a request must be alone, there is no place; where
        none serves there is one, to hear so.
        """
        await self._admission.acquire()
        try:
            async with self._gate.shared():
                pass
            await self.settled()
        except BaseException:
            self._admission.release()
            raise
        return True

    def release(self) -> None:
        self._admission.release()

    def pids(self) -> frozenset[int]:
        """All processes of the engine: serving, loading, parking, idle."""
        return self._launcher.pids()

    async def settled(self) -> None:
        """Return as soon as it is known whether the engine can be used."""
        await self._now.settled()

    async def generate(self, request: GenerationRequest, on_piece: OnPiece) -> Generation:
        """Write the answer for `request`; see engine.serving.generator.Generator."""
        await self.settled()
        resumed = Resumed(on_piece)
        try:
            async with self._gate.shared():
                generation = await self._ask(request, resumed)
        except CrashedTogether:
            # Retry alone: if this request crashes the engine, it takes no other with it.
            async with self._gate.exclusive():
                resumed.begin_again()
                generation = await self._ask(request, resumed)
        if generation.finish_reason is FinishReason.CANCELLED:
            raise EngineDown(self._now.status.detail)  # ended by our own shutdown, half written
        self._backoff.succeeded()
        self._meter.note(generation)
        return generation

    async def switch(self, alias: str) -> None:
        """Serve with another model. Raises ModelError; the old model keeps serving then, or is
        being started again if it had to go first."""
        entry = self._catalog.get(alias)
        async with self._switching:
            old = await self._switch(entry)
            if old is not None:
                await self._retire(old)

    async def _switch(self, entry: ModelEntry) -> EngineConnection | None:
        """Serve with another model; returns the process to retire."""
        async with self._changing:
            self._launcher.require_open()
            before = self._now.status
            old = self._connection if self._connection and self._connection.is_usable else None
            if old is not None and self._entry == entry:
                return None
            self._changing_to = entry.alias
            self._now.note(f"Preparing {entry.alias}")
            try:
                path = await self._launcher.prepare(entry)
                if old is None or await self._launcher.has_room_beside(entry, path, old):
                    await self._serve(entry, path, CHOSEN)
                    return old
                await self._exchange(old, entry, path)
                return None
            except (ModelError, EngineCrashed) as error:
                self._last_error = str(error)
                if isinstance(error, ModelError):
                    raise
                raise ModelLoadError(str(error)) from error
            finally:
                self._changing_to = ""
                if self._entry != entry and self._now.state is before.state:
                    self._now.set(before.state, before.detail)

    async def _retire(self, old: EngineConnection) -> None:
        """Have it end its answers, then rest or end; the new process serves all the while."""
        try:
            await old.drained()
            if self._connection is not None:
                self._admission.resize(self._connection.loaded.num_slots)
            await self._launcher.idle.keep(old)
        except BaseException:
            old.kill()  # nothing else refers to it any more
            raise

    async def run(self, stop: asyncio.Event) -> None:
        """Keep a process serving until `stop`."""
        async with asyncio.TaskGroup() as group:
            self._launcher.open(group)
            supervisor = group.create_task(self._supervise(), name="engine-supervisor")
            await stop.wait()
            # Refuse new questions; let running answers finish.
            self._now.set(EngineState.STOPPED, "The program is stopping.")
            self._launcher.refuse()
            supervisor.cancel()
            try:
                async with asyncio.timeout(STOP_GRACE_S), self._gate.exclusive():
                    pass
            except TimeoutError:
                log.info("an answer was not finished in time and is given up")
            await self._launcher.close()

    async def _supervise(self) -> None:
        try:
            self._entry, self._why = await asyncio.to_thread(self._choice.first)
        except ModelError as error:
            self._now.set(EngineState.DOWN, str(error))
        while True:
            connection = self._connection
            if connection is not None:
                while connection is self._connection and not connection.ended.is_set():
                    await unless(connection.ended, self._now.change())
                if connection is self._connection:
                    self._on_exit(connection.why_ended)
            elif self._entry is None:  # nothing to start until staff choose a model
                await self._now.change()
            else:
                await self._pause()
                async with self._changing:
                    if self._connection is None:
                        await self._restart(self._entry)

    def _on_exit(self, problem: str) -> None:
        """Note that the process ended by itself."""
        self._connection = None
        self._last_error = problem
        self._backoff.failed()
        log.warning("the engine process ended (failure %d in a row)", self._backoff.num_failures)
        if self._backoff.should_retry:
            self._now.set(EngineState.LOADING, "The engine process ended; it is started again.")
        else:
            self._now.set(EngineState.DOWN, "The engine process keeps ending; it is started again.")

    async def _pause(self) -> None:
        """Wait for the next start: ever longer, but not once staff chose another model."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.seconds):
                while self._connection is None:
                    await self._now.change()

    async def _restart(self, entry: ModelEntry) -> None:
        if self._now.state is not EngineState.DOWN:
            self._now.set(EngineState.LOADING, f"Loading {entry.alias}.", entry)
        try:
            path = await self._launcher.prepare(entry)
            await self._serve(entry, path, self._why)
        except EngineCrashed as error:
            log.warning("%s", error)
            self._on_exit(str(error))
            await self._after_failed_start(entry, str(error))
        except ModelLoadError as error:
            log.error("%s", error)
            await self._give_up(entry, str(error))

    async def _after_failed_start(self, entry: ModelEntry, problem: str) -> None:
        """The process ended before it had answered a first question: it is not tried for ever."""
        self._failed_starts += 1
        if self._failed_starts < STARTS_BEFORE_ANOTHER:
            return
        problem = f"{entry.alias} ended {self._failed_starts} times as it started. {problem}"
        if await self._fall_back(entry, problem) or self._failed_starts < MOST_STARTS:
            return
        log.error("%s It is not started again.", problem)
        self._last_error = problem
        self._entry = None
        advice = "It is not started again until it, or another, is chosen with /model."
        self._now.set(EngineState.DOWN, f"{problem} {advice}", entry)

    async def _fall_back(self, entry: ModelEntry, problem: str) -> bool:
        """Try another model than `entry` from now on, if there is one."""
        other = await asyncio.to_thread(self._choice.instead_of, entry, problem)
        if other is None:
            return False
        self._last_error = problem
        self._entry, self._why = other
        self._failed_starts = 0
        self._backoff.succeeded()
        self._now.set(EngineState.LOADING, self._why, self._entry)
        return True

    async def _give_up(self, entry: ModelEntry, problem: str) -> None:
        """The model cannot be loaded: another one is tried, if there is one to fall back on."""
        self._last_error = problem
        if await self._fall_back(entry, problem):
            return
        # Waiting rarely cures it: answer questions without a model meanwhile.
        self._backoff.give_up()
        self._now.set(EngineState.DOWN, problem, entry)

    async def _exchange(self, old: EngineConnection, entry: ModelEntry, path: Path) -> None:
        """Without room for both, the old process goes first; on failure it is started again."""
        async with AsyncExitStack() as alone:
            self._now.note("Running answers end first")
            # If it ends by itself, those inside wait for the process that is about to come.
            await unless(old.ended, alone.enter_async_context(self._gate.exclusive()))
            self._launcher.require_open()
            self._connection = None
            self._now.set(EngineState.LOADING, f"{old.entry.alias} makes room.")
            await self._launcher.idle.keep(old, sparing=entry)
            await self._serve(entry, path, CHOSEN)

    async def _serve(self, entry: ModelEntry, path: Path, why: str) -> None:
        """Bring the model up, and let it answer from now on."""
        connection = await self._launcher.start(entry, path)
        # Places that are taken may belong to the old process: they take no slot of the new one.
        with_old = (
            self._admission.num_inside if self._connection and self._connection.is_usable else 0
        )
        self._connection, self._entry, self._why = connection, entry, why
        self._failed_starts = 0
        self._meter.start_afresh()
        self._admission.resize(connection.loaded.num_slots + with_old)
        self._now.set(EngineState.READY, why, entry)
        self._now.status = replace(
            self._now.status,
            device=connection.loaded.device,
            dtype=connection.loaded.dtype,
            num_slots=connection.loaded.num_slots,
            memory_computed=connection.memory_computed,
            memory_measured=connection.memory_measured,
        )

    async def _ask(self, request: GenerationRequest, on_piece: OnPiece) -> Generation:
        while True:
            connection = await self._serving()
            # A process that dies between two questions must not cost the next one its answer.
            with suppress(NeverStarted):
                return await connection.generate(request, on_piece, stall_s=self._settings.stall_s)

    async def _serving(self) -> EngineConnection:
        """The process that serves, waiting while it loads. Raises EngineDown."""
        while True:
            await self.settled()
            if self._now.state is not EngineState.READY:
                raise EngineDown(self._now.status.detail)
            if self._connection is not None and self._connection.is_usable:
                return self._connection
            await self._now.change()
