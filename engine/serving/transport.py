"""The seam to a running engine: messages to it, messages from it, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from engine.protocol import FromEngine, ToEngine


class Transport(Protocol):
    """One running engine: a process, or a script in memory."""

    @property
    def pid(self) -> int:
        """The process id."""

    def send(self, message: ToEngine) -> None:
        """Pass the message on; never blocks. One to an engine that has ended is dropped."""

    def messages(self) -> AsyncIterator[FromEngine]:
        """What the engine says, until it says no more: it has ended then, or ends soon."""

    def kill(self) -> None:
        """End it at once; does nothing once it has ended."""

    async def wait(self) -> str:
        """Return once it has ended: why, for people."""


#: Starts an engine with so many threads; the group gets the tasks it needs. Raises EngineCrashed.
Connect = Callable[[asyncio.TaskGroup, int], Awaitable[Transport]]
