"""Keeps a second process out of a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from engine.errors import StoreError


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold `path`, which is made where it is missing. Raises StoreError when another process does.

    The kernel lets go of it however the process ends; the file itself stays and means nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise StoreError(
                f"Another FAQ Desk (process {file.read().strip() or 'unknown'}) uses the folder "
                f"{path.parent}; stop it, or set FAQ_DATA_DIR to another folder."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
