"""The idle models as the bot holds them: parked processes, so that going back takes seconds."""

from __future__ import annotations

import logging

from engine.errors import EngineCrashed, ModelError
from engine.models.catalog import ModelEntry
from engine.serving.connection import EngineConnection

log = logging.getLogger(__name__)

#: Seconds a process gets to park, and to resume before its model is loaded anew.
PARK_S = 60


class IdleModels:
    """At most `limit` parked processes; none of them is needed, so any may go at any time."""

    def __init__(self, limit: int, *, park_s: float = PARK_S) -> None:
        self._limit = limit
        self.park_s = park_s
        #: The longest idle first.
        self._idle: dict[ModelEntry, EngineConnection] = {}
        self._closed = False

    @property
    def aliases(self) -> tuple[str, ...]:
        """The idle models, the longest idle first."""
        return tuple(entry.alias for entry in self._living)

    def pids(self, *, sparing: ModelEntry | None = None) -> frozenset[int]:
        """The processes, without the one of that model."""
        return frozenset(
            connection.pid for entry, connection in self._living.items() if entry != sparing
        )

    def process_of(self, entry: ModelEntry) -> EngineConnection | None:
        """The parked process of a model, if there is one and it lives."""
        return self._living.get(entry)

    def take(self, entry: ModelEntry) -> EngineConnection | None:
        """The same, no longer ours: whoever gets it resumes or ends it."""
        connection = self.process_of(entry)
        self._idle.pop(entry, None)
        return connection

    async def keep(
        self, connection: EngineConnection, *, sparing: ModelEntry | None = None
    ) -> None:
        """Park a process that serves no more; end it where it cannot.

        Ends the longest idle one first where there would be too many, but never `sparing`.
        """
        try:
            if self._may_keep(connection):
                await self._drop_all_but(self._limit - 1, sparing)
                await connection.park(timeout=self.park_s)
        except (ModelError, EngineCrashed) as error:
            log.info("%s cannot stay as an idle model: %s", connection.entry.alias, error)
        except BaseException:
            connection.kill()
            raise
        else:
            if self._may_keep(connection):
                older = self._idle.pop(connection.entry, None)
                self._idle[connection.entry] = connection
                log.info("%s is idle now; going back to it takes seconds", connection.entry.alias)
                if older is not None:
                    await _end(older)
                return
        await connection.shut_down()

    async def drop_one(self, *, sparing: ModelEntry | None = None) -> bool:
        """End the longest idle process; False when there is none."""
        for entry, connection in self._idle.items():
            if entry != sparing:
                del self._idle[entry]
                await _end(connection)
                return True
        return False

    async def close(self) -> None:
        """End them all; from now on none is kept."""
        self._closed = True
        while await self.drop_one():
            pass

    @property
    def _living(self) -> dict[ModelEntry, EngineConnection]:
        return {entry: idle for entry, idle in self._idle.items() if idle.is_usable}

    def _may_keep(self, connection: EngineConnection) -> bool:
        return self._limit > 0 and connection.is_usable and not self._closed

    async def _drop_all_but(self, number: int, sparing: ModelEntry | None) -> None:
        # Forget the dead first: no living one needs to end in their place.
        self._idle = self._living
        while len(self._idle.keys() - {sparing}) > number and await self.drop_one(sparing=sparing):
            pass


async def _end(connection: EngineConnection) -> None:
    connection.kill()  # it has nothing to finish
    await connection.ended.wait()  # what it had is free now
