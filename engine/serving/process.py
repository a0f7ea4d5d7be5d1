"""Starts an operating system process that runs the engine, with a private line to it."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from config.settings import ROOT
from engine.errors import EngineCrashed
from engine.models.child_process import engine_environment, read_lines, why_ended
from engine.protocol import FromEngine, ToEngine, decode_from_engine, encode

log = logging.getLogger(__name__)

#: Longest message; longer ones are a fault.
_MAX_LINE = 16 * 1024 * 1024
#: Bytes of a line of standard error that are logged.
_LINE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """The process with our end of the line to it; implements Transport. `start` makes it."""

    _process: asyncio.subprocess.Process
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    #: Reads its standard error; in the end the last line of it.
    _stderr: asyncio.Task[str]

    @classmethod
    async def start(
        cls, group: asyncio.TaskGroup, threads: int, *, root: Path = ROOT
    ) -> EngineProcess:
        """Start it in the folder with the code, `root`. Raises EngineCrashed."""
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
        except BaseException as error:
            ours.close()
            if not isinstance(error, OSError):
                raise
            raise EngineCrashed(  # no more memory, processes or files
                f"The engine process could not be started ({error.strerror or error})."
            ) from error
        finally:
            theirs.close()
        assert process.stderr
        stderr = group.create_task(read_stderr(process.stderr), name="engine-stderr")
        reader, writer = await asyncio.open_connection(sock=ours, limit=_MAX_LINE)
        return cls(process, reader, writer, stderr)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: ToEngine) -> None:
        # Not drained: a process that does not read must not hold up its own timeout.
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    async def messages(self) -> AsyncIterator[FromEngine]:
        try:
            async for line in self._reader:
                yield decode_from_engine(line)
        except ConnectionError:
            log.debug("the engine process closed its end")
        except ValueError:
            log.exception("the engine process sent nonsense and is ended")

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> str:
        status = await self._process.wait()
        self._writer.close()
        await asyncio.wait({self._stderr})
        return why_ended(status, "" if self._stderr.cancelled() else self._stderr.result())


async def read_stderr(stream: asyncio.StreamReader) -> str:
    """Log what the process writes until it closes the stream; returns the last line with text."""
    last = ""
    async for line in read_lines(stream, most=_LINE_BYTES):
        text = line.decode(errors="replace").rstrip()
        log.info("engine: %s", text)
        last = text or last
    return last
