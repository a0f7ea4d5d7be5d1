"""The one way in which tests wait: never longer than a slow machine needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds that anything without a model may take on a busy machine.
PATIENCE_S = 60.0


async def within(work: Awaitable[T], seconds: float = PATIENCE_S) -> T:
    """The result of `work`. Raises TimeoutError when it takes longer."""
    async with asyncio.timeout(seconds):
        return await work


async def until(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Return once it is so, for what has no event. Raises TimeoutError when that takes longer."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0)
