"""How much memory there is where the engine computes, and whether a model fits into it."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from engine.catalog import Dtype, ModelEntry
from engine.errors import ModelLoadError
from engine.gpu import read_cards, read_host
from engine.model_memory import MemoryNeed, need_in
from engine.sizes import GB


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The memory of the device at one moment, in bytes."""

    total: int
    free: int
    on_card: bool

    def __str__(self) -> str:
        return "the card" if self.on_card else "this machine"


def read_room(device: str) -> Room:
    """The memory where a model would go with this `engine.device`; takes some milliseconds."""
    if device != "cpu" and not importlib.metadata.version("torch").endswith("+cpu"):
        for card in read_cards()[:1]:
            free = card.memory_total - card.memory_used
            return Room(total=card.memory_total, free=free, on_card=True)
    host = read_host()
    free = host.memory_total - host.memory_used
    return Room(total=host.memory_total, free=free, on_card=False)


def need_of(entry: ModelEntry, folder: Path | None, room: Room) -> MemoryNeed | None:
    """The memory the model in `folder` needs there; None when that cannot be computed."""
    if folder is None:
        return None
    dtype = entry.dtype
    if dtype is Dtype.AUTO and not room.on_card and _computes_bfloat16():
        dtype = Dtype.BFLOAT16
    return need_in(folder, entry, on_card=room.on_card, dtype=dtype)


def bytes_of(entry: ModelEntry, folder: Path | None, room: Room) -> int:
    """What the model needs there with one question at least: computed, else the catalogue's."""
    need = need_of(entry, folder, room)
    return need.total() if need else int(entry.memory_gb * GB)


def does_not_fit(
    entry: ModelEntry, need: MemoryNeed | None, wanted: int, free: int, where: str
) -> ModelLoadError:
    """The refusal, with the numbers."""
    parts = f" ({need})" if need else ""
    window_helps = need is None or need.weights + need.runtime <= free
    shorter = ", or lower its context_window" if window_helps else ""
    return ModelLoadError(
        f"{entry.alias} does not fit into memory: it needs {wanted / GB:.1f} GB{parts}, and "
        f"{free / GB:.1f} GB are free on {where}; choose a smaller model or a quantised one"
        f"{shorter}."
    )


def _computes_bfloat16() -> bool:
    """Whether loading takes bfloat16 on this processor; PyTorch is not asked in this process."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
