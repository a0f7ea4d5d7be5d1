"""What the engine is doing, as people are told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EngineState(StrEnum):
    """What the engine process is doing."""

    STOPPED = "stopped"
    LOADING = "loading"
    READY = "ready"
    #: The model could not be loaded or the process keeps dying; answers are quoted meanwhile.
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStatus:
    """A snapshot of the engine for people: `/status`, `/model`, `check`."""

    state: EngineState
    #: Alias of the model that serves or is being loaded.
    model: str | None
    #: A sentence: why this model, what is being loaded, or what went wrong.
    detail: str = ""
    device: str = ""
    dtype: str = ""
    #: Tokens per second of the last generations, None before the first.
    tokens_per_s: float | None = None
    #: Tokens of all answers that ended within the last hour.
    tokens_last_hour: int = 0
    #: Questions that can be worked on at once, that are, and that wait for a place.
    num_slots: int = 0
    num_running: int = 0
    num_waiting: int = 0
    #: Bytes the model with its slots should take, and took once loaded; None where not known.
    memory_computed: int | None = None
    memory_measured: int | None = None
    #: Seconds since this model serves.
    uptime_s: float | None = None
    #: The last thing that went wrong, in a sentence; empty when nothing did.
    last_error: str = ""
    #: Whether the model can be trusted to read: to tell whether an entry answers a question.
    reads: bool = False
    #: Aliases of the idle models: switching to them takes seconds.
    idle: tuple[str, ...] = ()
    #: Alias of the model that staff are changing to now; `detail` tells how far that is then.
    changing_to: str = ""
