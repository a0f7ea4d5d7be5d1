"""The idle models as the bot holds them: parked processes, so that going back takes seconds."""

from __future__ import annotations

import logging

from engine.errors import EngineCrashed, ModelError
from engine.models.catalog import ModelEntry
from engine.serving.connection import EngineConnection

log = logging.getLogger(__name__)

#: Seconds a process gets to park.
PARK_S = 60


class IdleModels:
    """At most `limit` parked processes; none of them is needed, so any may go at any time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        #: The longest idle first.
        self._idle: dict[ModelEntry, EngineConnection] = {}
        self._closed = False

    @property
    def aliases(self) -> tuple[str, ...]:
        """The idle models, the longest idle first."""
        return tuple(entry.alias for entry, child in self._idle.items() if child.is_usable)

    def pids(self, *, sparing: ModelEntry | None = None) -> frozenset[int]:
        """The processes, without the one of that model."""
        return frozenset(
            child.pid for entry, child in self._idle.items() if child.is_usable and entry != sparing
        )

    def process_of(self, entry: ModelEntry) -> EngineConnection | None:
        """The parked process of a model, if there is one and it lives."""
        child = self._idle.get(entry)
        return child if child is not None and child.is_usable else None

    def take(self, entry: ModelEntry) -> EngineConnection | None:
        """The same, no longer ours: whoever gets it resumes or ends it."""
        child = self.process_of(entry)
        self._idle.pop(entry, None)
        return child

    async def keep(self, child: EngineConnection, *, sparing: ModelEntry | None = None) -> None:
        """Park a process that serves no more; end it where it cannot.

        Whoever is one too many goes first, except the model that is about to be taken.
        """
        try:
            if self._may_keep(child):
                await self._drop_all_but(self._limit - 1, sparing)
                await child.park(timeout=PARK_S)
        except (ModelError, EngineCrashed) as error:
            log.info("%s cannot stay as an idle model: %s", child.entry.alias, error)
        except BaseException:
            child.kill()
            raise
        else:
            if self._may_keep(child):
                twin = self._idle.pop(child.entry, None)
                self._idle[child.entry] = child
                log.info("%s is idle now; going back to it takes seconds", child.entry.alias)
                if twin is not None:
                    await _end(twin)
                return
        await child.shut_down()

    async def drop_one(self, *, sparing: ModelEntry | None = None) -> bool:
        """End the longest idle process; False when there is none."""
        for entry, child in self._idle.items():
            if entry != sparing:
                del self._idle[entry]
                await _end(child)
                return True
        return False

    async def close(self) -> None:
        """End them all; from now on none is kept."""
        self._closed = True
        while await self.drop_one():
            pass

    def _may_keep(self, child: EngineConnection) -> bool:
        return self._limit > 0 and child.is_usable and not self._closed

    async def _drop_all_but(self, number: int, sparing: ModelEntry | None) -> None:
        # Nobody is to go in place of one that is gone already.
        self._idle = {entry: child for entry, child in self._idle.items() if child.is_usable}
        while len(self._idle.keys() - {sparing}) > number and await self.drop_one(sparing=sparing):
            pass


async def _end(child: EngineConnection) -> None:
    child.kill()  # it has nothing to finish
    await child.ended.wait()  # what it had is free now
