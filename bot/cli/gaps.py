"""`gaps`: the questions that the FAQ has no answer to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.options import ConfigOption, JsonOption, set_up
from bot.operations.reports import gap_objects, gap_table
from bot.operations.stored_questions import opened_copy
from engine.errors import StoreError
from engine.store.job import Job
from engine.store.jobs import STORE


def gaps(
    days: Annotated[int, typer.Option(help="How far to look back.", min=1, max=36_500)] = 30,
    limit: Annotated[int, typer.Option(help="Most questions to list.", min=1)] = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was asked and not answered, or answered badly: what the FAQ lacks.

    Example: `main.py gaps --days 7`
    """
    settings, _ = set_up(config, quiet=True)
    path = settings.data_dir / STORE
    if not path.exists():
        raise StoreError(
            f"No questions are stored in {settings.data_dir}: FAQ Desk never ran there. Set "
            "FAQ_DATA_DIR to the folder that it runs with."
        )
    jobs = asyncio.run(_unanswered(path, days, limit))
    if as_json:
        print(json.dumps(gap_objects(jobs), ensure_ascii=False, indent=2))
        return
    print(gap_table(jobs))
    print(f"{len(jobs)} questions in the last {days} days.")


async def _unanswered(path: Path, days: int, limit: int) -> Sequence[Job]:
    async with opened_copy(path) as store:
        return await store.unanswered(datetime.now(UTC) - timedelta(days=days), limit)
