"""The models as staff see and keep them: list, fetch, save, show, remove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config.settings import EngineSettings
from engine.models.catalog import AUTO, ModelEntry, load_catalog
from engine.models.choice import Choice
from engine.models.folder import Transfer
from engine.models.hardware import DeviceMemory, Hardware, Machine, bytes_of
from engine.models.memory import GB
from engine.models.saved import commit_of, refuse_other_commit, remove_model
from engine.models.weights import find_weights, prepare_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """One model of the catalogue, for the list that `/model` shows."""

    alias: str
    #: A few words: size, precision, licence, whether it fits here.
    summary: str
    #: What it is good for.
    about: str = ""


@dataclass(eq=False, slots=True)
class ModelLibrary:
    """The catalogue and the folder with the weights. Methods raise ModelError."""

    settings: EngineSettings
    folder: Path
    hardware: Hardware = field(default_factory=Machine)

    def choices(self) -> list[ModelChoice]:
        """All models with what matters for choosing one; reads the disk and asks the GPU."""
        room = self.hardware.read_device_memory(self.settings.device)
        return [
            ModelChoice(alias=entry.alias, summary=self._summary(entry, room), about=entry.about)
            for entry in load_catalog(self.settings.catalog).entries.values()
        ]

    def automatic(self) -> str:
        """What `auto` takes on this machine and why, in a sentence."""
        settings = self.settings.model_copy(update={"model": AUTO})
        catalog = load_catalog(settings.catalog)
        return Choice(settings, catalog, self.folder, hardware=self.hardware).first()[1]

    def find(self, alias: str) -> tuple[ModelEntry, Path | None]:
        """The catalogue's entry, and the folder with its weights if they are here."""
        entry = load_catalog(self.settings.catalog).get(alias)
        return entry, find_weights(entry, self.folder)

    async def pull(
        self, alias: str, *, hf_token: str | None, on_progress: Callable[[Transfer], None]
    ) -> Path:
        """Have the weights here, fetched where they are not, and every byte of them checked."""
        entry, _ = self.find(alias)
        return await prepare_weights(
            entry, self.folder, hf_token=hf_token, on_progress=on_progress, thorough=True
        )

    def pinning(self, alias: str) -> str:
        """Which commit of the hub is here and whether the catalogue keeps to it, in a sentence.

        Empty where nothing tells; raises where the catalogue wants another one, or a certain one.
        """
        entry, folder = self.find(alias)
        if folder is None:
            return ""
        refuse_other_commit(entry, folder)
        commit = commit_of(folder)
        if commit is None:
            return ""
        if commit == entry.revision:
            return f"Commit {commit}, which the catalogue keeps to."
        return (
            f"Commit {commit}, which was {entry.revision} when it was fetched; "
            f"to keep to it, give {alias} in {self.settings.catalog} `revision: {commit}`."
        )

    def remove(self, alias: str) -> int:
        """Delete the weights; returns how many bytes became free."""
        entry, _ = self.find(alias)
        return remove_model(entry, self.folder)

    def _summary(self, entry: ModelEntry, room: DeviceMemory) -> str:
        folder = find_weights(entry, self.folder)
        needed = bytes_of(entry, folder, room)
        fits = needed <= room.total
        facts = (
            f"{needed / GB:.1f} GB",
            entry.quantisation.value if entry.quantisation.value != "none" else "",
            "fits here" if fits else f"does not fit here ({room.total / GB:.1f} GB)",
            entry.licence,
            "needs its terms accepted" if entry.gated and folder is None else "",
            "on this machine" if folder else "not fetched yet",
        )
        return ", ".join(filter(None, facts))
