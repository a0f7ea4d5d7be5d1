"""Keeps what an engine process wrote last to its standard error, to explain its end."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from engine.models.lines import read_lines

log = logging.getLogger(__name__)

#: Lines that are kept.
_NUM_LINES = 30
#: Bytes of a line that are logged.
_LINE_BYTES = 4096


class StderrTail:
    """The end of one process's standard error."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_NUM_LINES)

    async def read(self, stream: asyncio.StreamReader) -> None:
        """Log everything until the process closes the stream."""
        async for line in read_lines(stream, most=_LINE_BYTES):
            text = line.decode(errors="replace").rstrip()
            self._lines.append(text)
            log.info("engine: %s", text)

    def explain(self, status: int | None) -> str:
        """For people: why the process ended with this exit status."""
        if status == -9:
            return "it was killed; too little memory is the usual reason"
        last = next((line for line in reversed(self._lines) if line.strip()), "")
        return f"exit status {status}" + (f", {last[:200]}" if last else "")
