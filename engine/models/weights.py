"""Finds a model's weights on this machine, and has them fetched when they are not there."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from config.settings import ROOT
from engine.errors import ModelLoadError
from engine.models.catalog import ModelEntry
from engine.models.child_process import fetch_environment, read_lines
from engine.models.fetch import LINE, ORDER, Order, Result
from engine.models.folder import Transfer
from engine.models.saved import refuse_other_commit

log = logging.getLogger(__name__)


def find_weights(entry: ModelEntry, models_dir: Path) -> Path | None:
    """The folder with the model's weights if they are here in full: a saved one before the hub's
    cache. Looks at file names only.
    """
    saved = models_dir / entry.alias
    if _is_complete(saved):
        return saved.resolve()
    cached = _cached(entry)
    return cached if cached and _is_complete(cached) else None


async def prepare_weights(
    entry: ModelEntry,
    models_dir: Path,
    *,
    hf_token: str | None = None,
    on_progress: Callable[[Transfer], None],
) -> Path:
    """The folder with the model's weights, converted or downloaded when they are not here.

    Cancelling ends the work. Raises ModelLoadError with a sentence that says what to do.
    """
    found = find_weights(entry, models_dir)
    if found is not None:
        refuse_other_commit(entry, found)
        return found
    if (models_dir / entry.alias).exists():
        raise ModelLoadError(
            f"{models_dir / entry.alias} is there but lacks config.json or weights in safetensors "
            f"format; save the model there again, or delete the folder and run "
            f"`python main.py models pull {entry.alias}`."
        )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "engine.models.fetch",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=fetch_environment(os.environ),
        start_new_session=True,
    )
    try:
        return await _carry_out(process, _order(entry, models_dir, hf_token), on_progress)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _order(entry: ModelEntry, models_dir: Path, hf_token: str | None) -> Order:
    # The process runs in another folder than we do.
    return Order(entry=entry, models_dir=str(models_dir.resolve()), hf_token=hf_token)


async def _carry_out(
    process: asyncio.subprocess.Process, order: Order, on_progress: Callable[[Transfer], None]
) -> Path:
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(ORDER.dump_json(order) + b"\n")
    process.stdin.close()
    async with asyncio.TaskGroup() as group:
        # Unread, a full pipe would stop the process.
        errors = group.create_task(process.stderr.read())
        result: Result | None = None
        async for line in read_lines(process.stdout):
            with suppress(ValidationError):  # some library printed something
                said = LINE.validate_json(line)
                if isinstance(said, Transfer):
                    on_progress(said)
                else:
                    result = said
    await process.wait()
    if result is None:
        log.warning("fetching %s: %s", order.entry.alias, errors.result().decode(errors="replace"))
        raise ModelLoadError(
            f"Fetching {order.entry.alias} ended unexpectedly (exit status {process.returncode}); "
            "see the log; too little memory is the usual reason."
        )
    if result.path is None:
        raise ModelLoadError(result.error)
    return Path(result.path)


def _is_complete(folder: Path) -> bool:
    if not (folder / "config.json").is_file():
        return False
    if (folder / "model.safetensors").is_file():
        return True
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
        shards = set(index["weight_map"].values())
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False
    return bool(shards) and all((folder / shard).is_file() for shard in shards)


def _cached(entry: ModelEntry) -> Path | None:
    """The hub's cache is looked up with its own library, which knows where it is."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(entry.hub_id, "config.json", revision=entry.revision)
    return Path(config).parent if isinstance(config, str) else None
