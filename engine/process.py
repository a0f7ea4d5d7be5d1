"""The Generator that the bot talks to: keeps an engine process serving, and changes its model."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

from config.settings import EngineSettings
from engine.catalog import Catalog, ModelEntry
from engine.child import CrashedTogether, EngineChild, NeverStarted
from engine.choice import CHOSEN, Choice
from engine.errors import (
    EngineCrashed,
    EngineDown,
    ModelError,
    ModelLoadError,
)
from engine.gpu import memory_of
from engine.meter import Meter
from engine.room import bytes_of, has_room_beside, need_of, read_room
from engine.smoke import try_out
from engine.textstream import Resumed
from engine.turnstile import Turnstile
from engine.types import (
    EngineState,
    EngineStatus,
    FinishReason,
    Generation,
    GenerationRequest,
)
from engine.weights import find_weights, prepare_weights

log = logging.getLogger(__name__)

#: Seconds to wait before a start, by the number of failures in a row before it.
BACKOFF_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
#: Failures in a row from which on questions are no longer kept waiting for the next start.
MAX_HOPEFUL_FAILURES = 2
#: Questions that are worked on at once unless the settings say otherwise.
CPU_BATCH, CARD_BATCH = 8, 32
#: Seconds running answers get to end when the program stops; the dispatcher gives up before.
STOP_GRACE_S = 5.5


class EngineProcess:
    """Supervises the engine process and orders what it is asked; implements Generator."""

    def __init__(
        self,
        settings: EngineSettings,
        *,
        catalog: Catalog,
        models_dir: Path,
        hf_token: str | None,
        preferred: str | None = None,
    ) -> None:
        """`preferred` is the model staff chose before a restart; it counts if settings say auto."""
        self._settings = settings
        self._catalog = catalog
        self._models_dir = models_dir
        self._hf_token = hf_token
        self._choice = Choice(settings, catalog, models_dir, preferred=preferred)
        self._status = EngineStatus(
            state=EngineState.LOADING, model=None, detail="The engine is starting."
        )
        self._entry: ModelEntry | None = None
        self._why = ""
        self._child: EngineChild | None = None
        self._group: asyncio.TaskGroup | None = None
        self._failures = 0
        #: As many requests as it has slots are with the process; the others wait here.
        self._turns = Turnstile(1)
        #: Whoever starts or replaces a process holds this.
        self._changing = asyncio.Lock()
        self._changed = asyncio.Event()
        self._meter = Meter()
        self._last_error = ""

    def status(self) -> EngineStatus:
        """What the engine is doing now; never blocks."""
        serves = self._status.state is EngineState.READY
        return replace(
            self._status,
            tokens_per_s=self._meter.tokens_per_s,
            tokens_last_hour=self._meter.tokens_last_hour,
            num_running=self._turns.num_inside,
            num_waiting=self._turns.num_waiting,
            uptime_s=self._meter.uptime_s if serves else None,
            last_error=self._last_error,
        )

    @property
    def capacity(self) -> int:
        """How many questions it is worth asking at once."""
        if self._settings.max_batch:
            return self._settings.max_batch
        return CARD_BATCH if read_room(self._settings.device).on_card else CPU_BATCH

    def pids(self) -> frozenset[int]:
        """The engine's processes."""
        child = self._child
        return frozenset() if child is None or child.ended.is_set() else frozenset({child.pid})

    async def settled(self) -> None:
        """Return as soon as it is known whether the engine can be used."""
        while self._status.state is EngineState.LOADING:
            await self._changed.wait()

    async def generate(
        self, request: GenerationRequest, on_text: Callable[[str], None]
    ) -> Generation:
        """Write the answer for `request`; see engine.generator.Generator."""
        await self.settled()
        resumed = Resumed(on_text)
        try:
            async with self._turns.place():
                generation = await self._ask(request, resumed)
        except CrashedTogether:
            # Whoever is innocent gets another try; whoever is not takes nobody along again.
            async with self._turns.alone():
                resumed.begin_again()
                generation = await self._ask(request, resumed)
        if generation.finish_reason is FinishReason.CANCELLED:
            raise EngineDown(self._status.detail)  # ended by our own shutdown, half written
        self._failures = 0
        self._meter.note(generation)
        return generation

    async def switch(self, alias: str) -> None:
        """Serve with another model. Raises ModelError; the old model keeps serving then."""
        entry = self._catalog.get(alias)
        async with self._changing:
            if self._group is None or self._status.state is EngineState.STOPPED:
                raise ModelLoadError("The engine is not running; no model can be loaded.")
            before = self._status
            old = self._child if self._is_serving() else None
            if old is not None and self._entry == entry:
                return
            try:
                path = await self._prepare(entry)
                if old is None or await asyncio.to_thread(self._has_room_beside, entry, path, old):
                    child = await self._load_and_try(entry, path)
                    await self._serve_with(child, entry, path, CHOSEN)
                else:
                    await self._exchange(old, entry, path)
                    return
            except EngineCrashed as error:
                self._last_error = str(error)
                raise ModelLoadError(str(error)) from error
            except ModelError as error:
                self._last_error = str(error)
                raise
            finally:
                if self._entry != entry and self._status.state is before.state:
                    self._set(before.state, before.detail)
        if old is not None:
            async with self._turns.alone():
                await old.shut_down()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep a process serving until `stop`."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            supervisor = group.create_task(self._supervise(), name="engine-supervisor")
            await stop.wait()
            # Whoever asks from now on is refused; who is being answered may finish.
            self._set(EngineState.STOPPED, "The program is stopping.")
            supervisor.cancel()
            try:
                async with asyncio.timeout(STOP_GRACE_S), self._turns.alone():
                    pass
            except TimeoutError:
                log.info("an answer was not finished in time and is given up")
            if self._child is not None:
                await self._child.shut_down()

    async def _supervise(self) -> None:
        try:
            self._entry, self._why = await asyncio.to_thread(self._choice.first)
        except ModelError as error:
            self._set(EngineState.DOWN, str(error))
        while True:
            child = self._child
            if child is not None:
                await child.ended.wait()
                if child is self._child:
                    self._mourn(child.why_ended)
            elif self._entry is None:  # nothing to start until staff choose a model
                await self._changed.wait()
            else:
                await self._pause()
                async with self._changing:
                    if self._child is None:
                        await self._restart(self._entry)

    def _mourn(self, problem: str) -> None:
        """The process is gone, and nobody asked it to."""
        self._child = None
        self._last_error = problem
        self._failures += 1
        log.warning("the engine process ended (failure %d in a row)", self._failures)
        if self._failures > MAX_HOPEFUL_FAILURES:
            self._set(EngineState.DOWN, "The engine process keeps ending; it is started again.")
        else:
            self._set(EngineState.LOADING, "The engine process ended; it is started again.")

    async def _pause(self) -> None:
        """Wait for the next start: ever longer, but not once staff chose another model."""
        seconds = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._child is None:
                    await self._changed.wait()

    async def _restart(self, entry: ModelEntry) -> None:
        if self._status.state is not EngineState.DOWN:
            self._set(EngineState.LOADING, f"Loading {entry.alias}.", entry)
        started = monotonic()
        try:
            path = await self._prepare(entry)
            child = await self._load(entry, path)
        except EngineCrashed as error:
            log.warning("%s", error)
            self._mourn(str(error))
        except ModelLoadError as error:
            log.error("%s", error)
            await self._give_up(entry, str(error))
        else:
            await self._serve_with(child, entry, path, self._why)
            log.info("%s serves after %.1f s", entry.alias, monotonic() - started)

    async def _give_up(self, entry: ModelEntry, problem: str) -> None:
        """The model cannot be loaded: another one is tried, if there is one to fall back on."""
        self._last_error = problem
        other = await asyncio.to_thread(self._choice.instead_of, entry, problem)
        if other is not None:
            self._entry, self._why = other
            return
        # Waiting rarely mends it: questions are answered without a model meanwhile.
        self._failures = len(BACKOFF_S)
        self._set(EngineState.DOWN, problem, entry)

    async def _exchange(self, old: EngineChild, entry: ModelEntry, path: Path) -> None:
        """Without room for both, the old process goes first; on failure it is started again."""
        async with self._turns.alone():
            self._child = None
            self._set(EngineState.LOADING, f"Changing to {entry.alias}.")
            await old.shut_down()
            child = await self._load_and_try(entry, path)
            await self._serve_with(child, entry, path, CHOSEN)

    async def _prepare(self, entry: ModelEntry) -> Path:
        return await prepare_weights(
            entry, self._models_dir, hf_token=self._hf_token, on_progress=self._note
        )

    async def _load(self, entry: ModelEntry, path: Path) -> EngineChild:
        assert self._group is not None
        child = await EngineChild.start(self._group, threads=self._settings.threads)
        try:
            await child.load(
                entry,
                path,
                device=self._settings.device,
                max_batch=self.capacity,
                timeout=self._settings.load_timeout_s,
                on_progress=self._note,
            )
        except BaseException:
            child.kill()
            raise
        return child

    async def _load_and_try(self, entry: ModelEntry, path: Path) -> EngineChild:
        """Load, and have a question answered. Raises ModelLoadError, or EngineCrashed."""
        child = await self._load(entry, path)
        try:
            await try_out(child, entry, stall_s=self._settings.stall_s)
        except BaseException:
            child.kill()
            raise
        return child

    async def _serve_with(
        self, child: EngineChild, entry: ModelEntry, path: Path, why: str
    ) -> None:
        computed, measured = await asyncio.to_thread(self._weigh, child, entry, path)
        self._child, self._entry, self._why = child, entry, why
        self._meter.start_afresh()
        self._turns.resize(child.num_slots)
        self._set(EngineState.READY, why, entry)
        self._status = replace(
            self._status,
            device=child.device,
            dtype=child.dtype,
            num_slots=child.num_slots,
            memory_computed=computed,
            memory_measured=measured,
        )

    def _weigh(
        self, child: EngineChild, entry: ModelEntry, path: Path
    ) -> tuple[int | None, int | None]:
        """The memory the process should take, and takes."""
        room = read_room(self._settings.device)
        need = need_of(entry, path, room)
        computed = need.total(child.num_slots) if need else None
        measured = memory_of(child.pid, on_card=room.on_card)
        log.info("%s: %s bytes computed, %s measured", entry.alias, computed, measured)
        return computed, measured

    def _is_serving(self) -> bool:
        return self._child is not None and self._child.is_usable

    async def _ask(self, request: GenerationRequest, on_text: Callable[[str], None]) -> Generation:
        while True:
            child = await self._serving()
            # A process that dies between two questions must not cost the next one its answer.
            with suppress(NeverStarted):
                return await child.generate(request, on_text, stall_s=self._settings.stall_s)

    async def _serving(self) -> EngineChild:
        """The process that serves, waiting while it loads. Raises EngineDown."""
        while True:
            await self.settled()
            if self._status.state is not EngineState.READY:
                raise EngineDown(self._status.detail)
            if self._child is not None and self._is_serving():
                return self._child
            await self._changed.wait()

    def _set(self, state: EngineState, detail: str, entry: ModelEntry | None = None) -> None:
        model = entry.alias if entry else self._status.model
        self._status = replace(self._status, state=state, detail=detail, model=model)
        # Wake everyone who waits now; whoever comes later waits for the next change.
        self._changed.set()
        self._changed = asyncio.Event()

    def _note(self, progress: str) -> None:
        self._status = replace(self._status, detail=f"{progress} …")

    def _has_room_beside(self, entry: ModelEntry, path: Path, old: EngineChild) -> bool:
        """Whether both fit at once. Raises ModelLoadError when `entry` does not even alone."""
        room = read_room(self._settings.device)
        returned = memory_of(old.pid, on_card=room.on_card)
        if not returned and self._entry is not None:  # some containers hide who uses the card
            returned = bytes_of(self._entry, find_weights(self._entry, self._models_dir), room)
        return has_room_beside(entry, path, room, returned=returned or 0)
