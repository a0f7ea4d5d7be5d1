"""What the engine is doing at the moment, and a bell for whoever waits until that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Literal

from engine.models.catalog import ModelEntry
from engine.serving.status import EngineState, EngineStatus


class EngineStates:
    """Begins with loading. Not for several threads."""

    def __init__(self) -> None:
        self.status = EngineStatus(
            state=EngineState.LOADING, model=None, detail="The engine is starting."
        )
        self._changed = asyncio.Event()

    @property
    def state(self) -> EngineState:
        """The state alone."""
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
