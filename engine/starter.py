"""Brings a model to serve in a process of its own: room, weights, loading, a first question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from config.settings import EngineSettings
from engine.catalog import ModelEntry
from engine.child import EngineChild
from engine.errors import EngineCrashed, ModelError
from engine.gpu import memory_of
from engine.model_memory import GB
from engine.room import bytes_of, does_not_fit, need_of, read_room
from engine.smoke import try_out
from engine.weights import find_weights, prepare_weights

log = logging.getLogger(__name__)

#: Questions that are worked on at once unless the settings say otherwise.
CPU_BATCH, CARD_BATCH = 8, 32


class Starter:
    """Starts processes; whoever gets one ends it. Its methods raise ModelLoadError."""

    def __init__(
        self,
        settings: EngineSettings,
        models_dir: Path,
        *,
        hf_token: str | None,
        on_progress: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._models_dir = models_dir
        self._hf_token = hf_token
        self._on_progress = on_progress

    @property
    def capacity(self) -> int:
        """How many questions it is worth asking a process at once."""
        if self._settings.max_batch:
            return self._settings.max_batch
        return CARD_BATCH if read_room(self._settings.device).on_card else CPU_BATCH

    async def prepare(self, entry: ModelEntry) -> Path:
        """Have the weights here."""
        return await prepare_weights(
            entry,
            self._models_dir,
            hf_token=self._hf_token,
            on_progress=lambda transfer: self._on_progress(str(transfer)),
        )

    async def start(
        self, group: asyncio.TaskGroup, entry: ModelEntry, path: Path, *, trying: bool
    ) -> EngineChild:
        """A process that has the model loaded; with `trying` it answered a question as well.

        Raises EngineCrashed besides. Whatever fails, the process is gone.
        """
        child = await EngineChild.start(group, threads=self._settings.threads)
        try:
            await child.load(
                entry,
                path,
                device=self._settings.device,
                max_batch=self.capacity,
                timeout=self._settings.load_timeout_s,
                on_progress=self._on_progress,
            )
            if trying:
                await try_out(child, entry, stall_s=self._settings.stall_s)
            await asyncio.to_thread(self._weigh, child, entry, path)
        except (ModelError, EngineCrashed):
            child.kill()
            await child.ended.wait()  # what it had is free before the next one loads
            raise
        except BaseException:
            child.kill()
            raise
        return child

    def has_room_beside(
        self, entry: ModelEntry, path: Path, old: EngineChild, old_entry: ModelEntry
    ) -> bool:
        """Whether `entry` fits while the old process runs, or only once that has gone.

        Raises ModelLoadError when it would not fit even then.
        """
        room = read_room(self._settings.device)
        wanted = bytes_of(entry, path, room)
        if wanted <= room.free:
            return True
        returned = memory_of(old.pid, on_card=room.on_card)
        if returned is None:  # some containers hide who uses the card
            returned = bytes_of(old_entry, find_weights(old_entry, self._models_dir), room)
        if wanted <= room.free + returned:
            return False
        need = need_of(entry, path, room)
        raise does_not_fit(entry, need, wanted, room.free + returned, str(room))

    def _weigh(self, child: EngineChild, entry: ModelEntry, path: Path) -> None:
        """Hold the memory that was computed against what the process takes."""
        room = read_room(self._settings.device)
        need = need_of(entry, path, room)
        child.memory_computed = need.total(child.num_slots) if need else None
        child.memory_measured = memory_of(child.pid, on_card=room.on_card)
        if child.memory_computed and child.memory_measured:
            log.info(
                "%s: %.2f GB computed for %d slots, %.2f GB measured",
                entry.alias,
                child.memory_computed / GB,
                child.num_slots,
                child.memory_measured / GB,
            )
