"""What several test modules of this folder start from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.store.jobs import JobStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "jobs.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[JobStore]:
    async with JobStore(path) as store:
        yield store
