"""What the engine is doing, as people are told, and how to wait until that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from engine.models.catalog import ModelEntry


class EngineState(StrEnum):
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
    #: Questions that can be worked on at once, and that have a place.
    num_slots: int = 0
    num_running: int = 0
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


class EngineStates:
    """Begins with loading. Not for several threads."""

    def __init__(self) -> None:
        self.status = EngineStatus(
            state=EngineState.LOADING, model=None, detail="The engine is starting."
        )
        self._changed = asyncio.Event()

    @property
    def state(self) -> EngineState:
        return self.status.state

    def set(self, state: EngineState, detail: str, entry: ModelEntry | None = None) -> None:
        """Change the state; the model stays the same unless one is named."""
        model = entry.alias if entry else self.status.model
        reads = entry.reads if entry else self.status.reads
        self.status = replace(self.status, state=state, detail=detail, model=model, reads=reads)
        # Wake everyone who waits now; whoever comes later waits for the next change.
        self._changed.set()
        self._changed = asyncio.Event()

    def note(self, progress: str) -> None:
        """Tell how far the loading is; nobody is woken by it."""
        self.status = replace(self.status, detail=f"{progress} …")

    def change(self) -> Coroutine[None, None, Literal[True]]:
        """To be awaited: the next change from now on, not from when it is awaited."""
        return self._changed.wait()

    async def settled(self) -> None:
        """Return as soon as it is known whether the engine can be used."""
        while self.state is EngineState.LOADING:
            await self.change()
