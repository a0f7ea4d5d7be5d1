"""Finds a model's weights on this machine, and has them fetched when they are not there."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from config.settings import ROOT
from engine.errors import ModelLoadError
from engine.models.catalog import ModelEntry
from engine.models.child_process import fetch_environment, read_lines, why_ended
from engine.models.fetch import LINE, ORDER, Order, Result
from engine.models.folder import Transfer
from engine.models.repository import is_complete
from engine.models.saved import refuse_other_commit

log = logging.getLogger(__name__)

#: Seconds after which work that tells nothing is given up.
STALL_S = 900.0
#: What is logged of the errors that it printed.
_LAST_LINES = 40


def find_weights(entry: ModelEntry, models_dir: Path) -> Path | None:
    """The folder with the model's weights if they are here in full: a saved one before the hub's
    cache. Looks at file names only.
    """
    saved = models_dir / entry.alias
    if is_complete(saved):
        return saved.resolve()
    cached = _cached(entry)
    return cached if cached and is_complete(cached) else None


async def prepare_weights(
    entry: ModelEntry,
    models_dir: Path,
    *,
    hf_token: str | None = None,
    on_progress: Callable[[Transfer], None],
    thorough: bool = False,
    stall_s: float = STALL_S,
) -> Path:
    """The folder with the model's weights, converted or downloaded when they are not here.

    With `thorough` every byte of those that are here is checked, and what is damaged in the hub's
    cache is fetched anew. Work that tells nothing for `stall_s` seconds is given up. Cancelling
    ends it. Raises ModelLoadError with a sentence that says what to do.
    """
    found = find_weights(entry, models_dir)
    if found is not None:
        refuse_other_commit(entry, found)
        if not thorough:
            return found
    elif (models_dir / entry.alias).exists():
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
        order = _order(entry, models_dir, hf_token, found)
        return await _carry_out(process, order, on_progress, stall_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _order(entry: ModelEntry, models_dir: Path, token: str | None, found: Path | None) -> Order:
    # The process runs in another folder than we do.
    return Order(
        entry=entry,
        models_dir=str(models_dir.resolve()),
        hf_token=token,
        found=str(found.absolute()) if found else None,
    )


async def _carry_out(
    process: asyncio.subprocess.Process,
    order: Order,
    on_progress: Callable[[Transfer], None],
    stall_s: float,
) -> Path:
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(ORDER.dump_json(order) + b"\n")
    process.stdin.close()
    # Unread, a full pipe would stop the process.
    errors = asyncio.create_task(_last_lines(process.stderr))
    lines = read_lines(process.stdout)
    result: Result | None = None
    try:
        while True:
            async with asyncio.timeout(stall_s):
                line = await anext(lines, None)
            if line is None:
                break
            with suppress(ValidationError):  # some library printed something
                said = LINE.validate_json(line)
                if isinstance(said, Transfer):
                    on_progress(said)
                else:
                    result = said
        await process.wait()
        said_last = await errors
    except TimeoutError:
        raise ModelLoadError(
            f"Fetching {order.entry.alias} came no further for {stall_s:g} s and was ended; ask "
            "for it again, files that have come are kept."
        ) from None
    finally:
        errors.cancel()
    if result is None:
        log.warning("fetching %s: %s", order.entry.alias, "\n".join(said_last))
        reason = why_ended(process.returncode or 0, said_last[-1] if said_last else "")
        raise ModelLoadError(
            f"Fetching {order.entry.alias} ended unexpectedly ({reason}); ask for it again."
        )
    if result.path is None:
        raise ModelLoadError(result.error)
    return Path(result.path)


async def _last_lines(stream: asyncio.StreamReader) -> deque[str]:
    last: deque[str] = deque(maxlen=_LAST_LINES)
    async for line in read_lines(stream):
        text = line.decode(errors="replace").rstrip()
        if text:
            last.append(text)
    return last


def _cached(entry: ModelEntry) -> Path | None:
    """The hub's cache is looked up with its own library, which knows where it is."""
    from huggingface_hub import try_to_load_from_cache

    try:
        config = try_to_load_from_cache(entry.hub_id, "config.json", revision=entry.revision)
    except (OSError, ValueError):  # a cache that cannot be read is as good as none
        return None
    return Path(config).parent if isinstance(config, str) else None
