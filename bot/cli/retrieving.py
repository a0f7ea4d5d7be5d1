"""A retriever that runs for as long as a command searches with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.assistant import retriever_of
from config.settings import Settings
from engine.retrieval.retriever import Retriever


@asynccontextmanager
async def running_retriever(settings: Settings) -> AsyncIterator[Retriever]:
    """Read the FAQ that the settings name and keep it searchable until the block ends."""
    retriever, stop = retriever_of(settings), asyncio.Event()
    async with asyncio.TaskGroup() as background:
        background.create_task(retriever.run(stop))
        try:
            yield retriever
        finally:
            stop.set()
