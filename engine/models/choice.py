"""Which model the engine starts with, and which one is tried when that cannot be loaded."""

from __future__ import annotations

import os
from pathlib import Path

from config.settings import EngineSettings
from engine.errors import ModelError, UnknownModel
from engine.models.catalog import AUTO, CPU_DEFAULT, GPU_DEFAULT, Catalog, ModelEntry
from engine.models.child_process import may_ask_hub
from engine.models.hardware import Hardware, Machine, bytes_of
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
            if other.alias in self._failed and self._settings.model == AUTO:
                other = self._catalog.get(CPU_DEFAULT)
                why = f"{other.alias} is used instead."
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
        small, large = self._catalog.get(CPU_DEFAULT), self._catalog.entries.get(GPU_DEFAULT)
        room = self._hardware.read_device_memory(self._settings.device)
        if not room.on_gpu:
            return small, room.gpu_problem or "there is no CUDA GPU to use"
        if large is None:
            return small, f"the catalogue has no {GPU_DEFAULT}"
        weights = find_weights(large, self._models_dir)
        needed, free = bytes_of(large, weights, room) / GB, room.free / GB
        if free < needed:
            return small, f"{large.alias} needs {needed:.1f} GB, the GPU has {free:.1f} GB free"
        fits = f"it fits the GPU's {free:.1f} GB free"
        if weights is not None:
            return large, fits
        if may_ask_hub(os.environ):
            return large, f"{fits}; its weights come from the Hugging Face hub"
        return small, (
            f"{large.alias} would fit the GPU but is not on this machine, and HF_HUB_OFFLINE "
            "forbids to fetch it; unset that, or copy a saved model here"
        )
