"""A folder that gets a model's weights: its files, its room on the disk, and how far it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from pydantic import ConfigDict

from engine.errors import ModelLoadError
from engine.models.memory import GB, MB

#: Files of a model repository that are of use: no pickles, no code, no other frameworks' weights.
PATTERNS = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.model", "*.txt", "*.jinja"]

#: Among those, what is the same weights once more: in folders, or in Mistral's own form.
NOT_NEEDED = ["*/*", "consolidated*"]
#: Bytes that weights leave alone: the questions may be on the same disk.
RESERVE = 200_000_000


#: Not just manifest.json: a model repository may have a file of that name.
MANIFEST = "faq-desk-manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One step of bringing weights somewhere, at one moment."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    #: Begins a sentence: "Downloading phi-3-mini".
    what: str
    #: Bytes that are there, and in all; 0 in all where nothing can be counted.
    done: int = 0
    total: int = 0

    def __str__(self) -> str:
        if not self.total:
            return self.what
        if self.total < GB:
            return f"{self.what}: {self.done / MB:.0f} of {self.total / MB:.0f} MB"
        return f"{self.what}: {self.done / GB:.1f} of {self.total / GB:.1f} GB"


def is_useful(name: str) -> bool:
    """Whether a file of a repository is fetched and kept."""
    wanted = any(fnmatch(name, pattern) for pattern in PATTERNS)
    return wanted and not any(fnmatch(name, pattern) for pattern in NOT_NEEDED)


def useful_files(folder: Path) -> list[Path]:
    """The files of a model in `folder`, without its manifest."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.name != MANIFEST and is_useful(path.name)
    )


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


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A hidden folder to fill beside `target`; when the block ends it gets that name.

    `target` is complete once it exists, even after a power cut. When the block raises, nothing is
    left.
    """
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.part-", dir=target.parent))
    try:
        yield part
        _sync(part)
        part.chmod(0o755)
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _sync(folder: Path) -> None:
    """Have the files on the disk before their folder gets its final name."""
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
