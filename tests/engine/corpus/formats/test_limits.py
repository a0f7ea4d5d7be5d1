"""No file of 20 MB takes more than 512 MB; `python -m benchmarks.corpus_limits` tries hundreds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.corpus_limits import MOST_MB, measure

MB = 1_000_000
HOSTILE: dict[str, Callable[[], bytes]] = {
    "newlines.md": lambda: b"\n" * 19 * MB,
    "labels.md": lambda: b"- Q: " * 3 * MB,
    "bars.rst": lambda: b"|" * 19 * MB,
    "cells.ipynb": lambda: b'{"cells": [' + b'"a",' * 900_000 + b"1]}",
    "lists.json": lambda: b"[" + b"[]," * 490_000 + b"1]",
    "items.yaml": lambda: b"- a\n" * 5 * MB,
    "commas.csv": lambda: b"," * 19 * MB,
    "tags.html": lambda: b"<div>" * 3 * MB,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_takes_bounded_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name]())

    run = measure(path)

    assert run.said != "died"
    assert run.peak_mb <= MOST_MB
