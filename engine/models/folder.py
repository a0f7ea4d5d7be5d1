"""A folder with a model's weights: which files belong into it, and how it comes to be whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Files of a model repository that are of use: no pickles, no code, no other frameworks' weights.
PATTERNS = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.model", "*.txt", "*.jinja"]

#: Among those, what is the same weights once more: in folders, or in Mistral's own form.
NOT_NEEDED = ["*/*", "consolidated*"]


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A hidden folder to fill beside `target`; when the block ends it gets that name.

    Whoever finds `target` finds it whole, after a power cut too. When the block raises, nothing is
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
