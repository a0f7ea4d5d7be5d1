"""Reads the stored questions while the assistant may be running on them: from a copy."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from engine.errors import StoreError
from engine.store.database import snapshot
from engine.store.jobs import JobStore


@asynccontextmanager
async def opened_copy(path: Path) -> AsyncIterator[JobStore]:
    """A copy of the store at `path`, for as long as the block runs. Raises StoreError."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        try:
            snapshot(path, copy)
            async with JobStore(copy) as store:
                yield store
        except StoreError as error:  # an operator knows nothing of the copy
            raise StoreError(str(error).replace(str(copy), str(path))) from None
