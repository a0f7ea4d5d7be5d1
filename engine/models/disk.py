"""Whether a disk has room for what is about to be written to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from engine.errors import ModelLoadError
from engine.models.sizes import GB

#: Bytes that weights leave alone: the questions may be on the same disk.
RESERVE = 200_000_000


def free_bytes(folder: Path) -> int:
    """Free bytes of the disk that `folder` is on, or will be once it is made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def require_space(
    alias: str,
    needed: int,
    folder: Path,
    *,
    remedy: str,
    free: Callable[[Path], int] = free_bytes,
) -> None:
    """Raise ModelLoadError, with the numbers and `remedy`, unless `needed` bytes fit."""
    there = free(folder)
    if needed and needed + RESERVE > there:
        raise ModelLoadError(
            f"{alias} does not fit on the disk: it needs {needed / GB:.1f} GB in {folder}, "
            f"{there / GB:.1f} GB are free and {RESERVE / GB:.1f} of them stay free. "
            f"Free some space, or {remedy}."
        )
