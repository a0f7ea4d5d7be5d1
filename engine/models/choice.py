"""Which model the engine starts with, and which one is tried when that cannot be loaded."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from config.settings import EngineSettings
from engine.errors import ModelError, UnknownModel
from engine.models.catalog import (
    AUTO,
    CPU_CHOICES,
    CPU_DEFAULT,
    GPU_CHOICES,
    Catalog,
    ModelEntry,
)
from engine.models.child_process import may_ask_hub
from engine.models.hardware import DeviceMemory, Hardware, Machine, bytes_of
from engine.models.memory import GB
from engine.models.weights import find_weights

CHOSEN = "It was chosen with /model."


class Choice:
    """The settings' word counts; where they say `auto`, what staff chose last, then the machine's.

    Methods look at the disk and the GPU.
    """

    def __init__(
        self,
        settings: EngineSettings,
        catalog: Catalog,
        models_dir: Path,
        *,
        preferred: str | None = None,
        hardware: Hardware | None = None,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._models_dir = models_dir
        #: Alias that staff chose before the restart.
        self._preferred = preferred
        self._hardware = hardware or Machine()
        self._failed: set[str] = set()

    def first(self) -> tuple[ModelEntry, str]:
        """The model to start with, and why. Raises UnknownModel."""
        if self._settings.model != AUTO or not self._preferred:
            return self._by_settings()
        try:
            return self._catalog.get(self._preferred), CHOSEN
        except UnknownModel as error:
            entry, why = self._by_settings()
            return entry, f"{error} It was chosen with /model before the restart. {why}"

    def instead_of(self, entry: ModelEntry, problem: str) -> tuple[ModelEntry, str] | None:
        """What to try after `entry` could not be loaded, and why; None: nothing is left."""
        self._failed.add(entry.alias)
        try:
            other, why = self._by_settings()
        except ModelError:
            return None
        return None if other.alias in self._failed else (other, f"{problem} {why}")

    def _by_settings(self) -> tuple[ModelEntry, str]:
        alias = self._settings.model
        if alias != AUTO:
            return self._catalog.get(alias), f"{alias} was asked for by the settings."
        entry, why = self._by_machine()
        return entry, f"{entry.alias} was chosen: {why}."

    def _by_machine(self) -> tuple[ModelEntry, str]:
        """What `auto` takes, and why. Raises UnknownModel."""
        room = self._hardware.read_device_memory(self._settings.device)
        return self._for_gpu(room) if room.on_gpu else self._for_cpu(room)

    def _for_gpu(self, room: DeviceMemory) -> tuple[ModelEntry, str]:
        """The best that has room: fetched, unless the hub is switched off or has failed."""
        free, fetches = f"{room.free / GB:.1f} GB free", may_ask_hub(os.environ)
        too_large = offline = ""
        for entry in self._untried(GPU_CHOICES):
            weights = find_weights(entry, self._models_dir)
            needed = bytes_of(entry, weights, room)
            if needed > room.free:
                too_large = f"{entry.alias} needs {needed / GB:.1f} GB, the GPU has {free}"
            elif weights is not None:
                return entry, f"it fits the GPU's {free}{offline}"
            elif fetches and not self._failed:
                hub = "its weights come from the Hugging Face hub"
                return entry, f"it fits the GPU's {free}; {hub}"
            elif not fetches and not offline:
                offline = (
                    f"; {entry.alias} would fit it too but is not on this machine, and "
                    "HF_HUB_OFFLINE forbids to fetch it: unset that, or copy a saved model here"
                )
        small = self._catalog.get(CPU_DEFAULT)
        return small, offline.removeprefix("; ") or too_large or "nothing better is here"

    def _for_cpu(self, room: DeviceMemory) -> tuple[ModelEntry, str]:
        """The best that answers in seconds and is here: gigabytes are fetched only when asked."""
        small = self._catalog.get(CPU_DEFAULT)
        why = room.gpu_problem or "there is no CUDA GPU to use"
        if not room.bfloat16:
            return small, why
        hint = ""
        for entry in self._untried(CPU_CHOICES):
            weights = find_weights(entry, self._models_dir)
            needed = bytes_of(entry, weights, room)
            if needed > room.free or CPU_CHOICES[entry.alias] > room.cores:
                continue
            if weights is not None:
                return entry, f"{why}, and {room.cores} cores can serve it{hint}"
            if not hint and not self._failed and may_ask_hub(os.environ):
                hint = (
                    f"; `python main.py models pull {entry.alias}` would bring a better one, "
                    f"which takes {needed / GB:.1f} GB of memory"
                )
        return small, f"{why}{hint}"

    def _untried(self, aliases: Iterable[str]) -> list[ModelEntry]:
        """Those that the catalogue has and that did not fail."""
        entries = self._catalog.entries
        return [entries[one] for one in aliases if one in entries and one not in self._failed]
