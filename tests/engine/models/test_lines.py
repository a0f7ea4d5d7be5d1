"""Lines of another process are read however long they are."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest

from engine.models.child_process import MOST_BYTES, read_lines
from engine.serving.process import EngineProcess, read_stderr

LONG = 200 * 1024


@pytest.mark.parametrize("size", [100, LONG, 3 * LONG])
async def test_of_a_line_that_is_too_long_the_beginning_is_read(size: int) -> None:
    stream = asyncio.StreamReader()
    written = b"first\n\n" + b"x" * LONG + b"\nlast\nrest"

    async def write() -> None:
        for start in range(0, len(written), size):
            stream.feed_data(written[start : start + size])
            await asyncio.sleep(0)
        stream.feed_eof()

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        lines = [line async for line in read_lines(stream)]

    assert lines == [b"first", b"", b"x" * MOST_BYTES, b"last", b"rest"]


async def test_the_last_words_after_a_line_that_is_too_long_are_heard() -> None:
    says = f"import sys; sys.stderr.write('x' * {LONG} + '\\nno room left\\n'); sys.exit(3)"
    async with asyncio.TaskGroup() as group:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", says, stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr
        stderr = group.create_task(read_stderr(process.stderr))
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            why = await EngineProcess(process, reader, writer, stderr).wait()

    assert why == "exit status 3, no room left"
