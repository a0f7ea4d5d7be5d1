"""Reads what another process writes line by line, however long a line is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

#: Bytes of a line that are kept; more is a progress bar or somebody's data.
MOST_BYTES = 64 * 1024


async def read_lines(
    stream: asyncio.StreamReader, *, most: int = MOST_BYTES
) -> AsyncIterator[bytes]:
    """Every line without its end; of one that is longer than `most` only the beginning.

    A StreamReader's own lines raise ValueError there.
    """
    line = b""
    while chunk := await stream.read(MOST_BYTES):
        first, *others = chunk.split(b"\n")
        line += first[: most - len(line)]
        for other in others:
            yield line
            line = other[:most]
    if line:
        yield line
