"""Starts an operating system process that runs the engine, with a private line to it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

from config.settings import ROOT
from engine.errors import EngineCrashed
from engine.models.environment import engine_environment

#: Longest message; longer ones are a fault.
_MAX_LINE = 16 * 1024 * 1024


async def spawn(
    threads: int, root: Path = ROOT
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.StreamWriter]:
    """The process, and the ends of the line to it that are ours. Raises EngineCrashed."""
    try:
        return await _spawn(threads, root)
    except OSError as error:  # no more memory, processes or files
        raise EngineCrashed(
            f"The engine process could not be started ({error.strerror or error})."
        ) from error


async def _spawn(
    threads: int, root: Path
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.StreamWriter]:
    ours, theirs = socket.socketpair()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "engine.worker.process",
            *(str(number) for number in (theirs.fileno(), os.getpid(), threads)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            cwd=root,
            env=engine_environment(os.environ),
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return process, *await asyncio.open_connection(sock=ours, limit=_MAX_LINE)
