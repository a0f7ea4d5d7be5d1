"""How much memory there is where the engine computes, and whether a model fits into it."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ModelLoadError
from engine.models.catalog import Dtype, ModelEntry
from engine.models.gpu import Card, read_cards, read_host
from engine.models.memory import MemoryNeed, need_in
from engine.models.sizes import GB


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory:
    """The memory of the device at one moment, in bytes."""

    total: int
    free: int
    on_card: bool
    #: Why the card that is there cannot be used, as the end of a sentence.
    card_problem: str = ""

    def __str__(self) -> str:
        return "the card" if self.on_card else "this machine"


def read_device_memory(device: str) -> DeviceMemory:
    """The memory where a model would go with this `engine.device`; takes some milliseconds."""
    problem = ""
    for card in read_cards()[:1] if device != "cpu" else ():
        problem = card_problem(card, _cuda_of_torch())
        if not problem:
            return DeviceMemory(total=card.memory_total, free=card.memory_free, on_card=True)
    host = read_host()
    return DeviceMemory(
        total=host.memory_total, free=host.memory_free, on_card=False, card_problem=problem
    )


def card_problem(card: Card, built_for: str) -> str:
    """Why a PyTorch built for that CUDA (empty: for none) cannot use the card; empty if it can."""
    if not built_for:
        return f"the {card.name} cannot be used, since the PyTorch here is for CPUs only"
    if card.cuda is None or int(built_for.partition(".")[0]) <= card.cuda[0]:
        return ""
    return (
        f"the {card.name} cannot be used, since PyTorch needs CUDA {built_for} and driver "
        f"{card.driver} has {card.cuda[0]}.{card.cuda[1]}; install a newer driver"
    )


def uses_card(
    device: str, *, available: bool, built_for: str | None, cards: Sequence[Card]
) -> bool:
    """Whether the model goes to a card, as PyTorch finds one `available` or not.

    Raises ModelLoadError rather than have a model made for a card compute on the CPU: an answer
    would take minutes.
    """
    if device == "cpu" or available:
        return device != "cpu"
    if cards and built_for:
        raise ModelLoadError(
            f"PyTorch, built for CUDA {built_for}, cannot use the {cards[0].name} with driver "
            f"{cards[0].driver}; install a newer driver, see that CUDA_VISIBLE_DEVICES does not "
            "hide the card, or set engine.device to cpu."
        )
    if device == "cuda":
        raise ModelLoadError(
            "engine.device is cuda, but PyTorch finds no CUDA card; "
            "check `nvidia-smi`, or set engine.device to cpu."
        )
    return False


def need_of(entry: ModelEntry, folder: Path | None, room: DeviceMemory) -> MemoryNeed | None:
    """The memory the model in `folder` needs there; None when that cannot be computed."""
    if folder is None:
        return None
    dtype = entry.dtype
    if dtype is Dtype.AUTO and not room.on_card and _computes_bfloat16():
        dtype = Dtype.BFLOAT16
    return need_in(folder, entry, on_card=room.on_card, dtype=dtype)


def bytes_of(entry: ModelEntry, folder: Path | None, room: DeviceMemory) -> int:
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


def _cuda_of_torch() -> str:
    """The CUDA that PyTorch was built for, empty for CPUs; asking itself would take seconds."""
    file = importlib.metadata.distribution("torch").locate_file("torch/version.py")
    found = re.search(r"^cuda\b.*'([\d.]+)'", Path(str(file)).read_text(encoding="utf-8"), re.M)
    return found[1] if found else ""


def _computes_bfloat16() -> bool:
    """Whether loading takes bfloat16 on this processor; PyTorch is not asked in this process."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
