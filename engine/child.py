"""One engine process as the bot sees it: started, spoken to, watched, ended."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import socket
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

from config.settings import ROOT
from engine.catalog import ModelEntry
from engine.environment import engine_environment
from engine.errors import (
    EngineCrashed,
    GenerationError,
    GenerationTimeout,
    ModelLoadError,
    OutOfMemory,
)
from engine.protocol import (
    Beat,
    Cancel,
    Failed,
    Failure,
    Finished,
    FromEngine,
    Generate,
    Load,
    Loaded,
    Progress,
    Shutdown,
    Started,
    Text,
    ToEngine,
    decode_from_engine,
    encode,
)
from engine.types import Generation, GenerationRequest

log = logging.getLogger(__name__)

#: How much longer than between tokens the wait for the first may be: a long prompt is read first,
#: and a request that was cancelled before it may still be at that.
FIRST_TOKEN_FACTOR = 6
#: Seconds a process gets to end by itself.
SHUTDOWN_S = 1.5
#: Longest message; longer ones are a fault.
_MAX_LINE = 16 * 1024 * 1024
#: Lines of the process's standard error that are kept to explain its end.
_NUM_LAST_LINES = 30


class CrashedTogether(EngineCrashed):
    """The process ended while it answered several questions: one of them may be to blame."""


class NeverStarted(EngineCrashed):
    """The engine process ended before it began with the question: it may be asked again."""


class EngineChild:
    """One running engine process with at most one model. `start` makes it."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._loading: asyncio.Queue[FromEngine | None] = asyncio.Queue()
        self._flights: dict[str, asyncio.Queue[FromEngine | None]] = {}
        #: Whether several were in flight when the process ended.
        self._was_shared = False
        self._numbers = itertools.count(1)
        self._last_lines: deque[str] = deque(maxlen=_NUM_LAST_LINES)
        #: Set when the process is gone.
        self.ended = asyncio.Event()
        #: False as soon as the process is going.
        self.is_usable = True
        #: For people, after `load`.
        self.device = ""
        self.dtype = ""
        #: How many questions it works on at once.
        self.num_slots = 1
        #: Bytes the model with its slots should take, and took once loaded; None if not known.
        self.memory_computed: int | None = None
        self.memory_measured: int | None = None
        #: When the process last said anything: it is alive while it works for others.
        self._heard_at = monotonic()

    @classmethod
    async def start(cls, group: asyncio.TaskGroup, *, threads: int) -> EngineChild:
        """Start a process; `group` gets the task that listens to it until it ends."""
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "engine.worker",
                *(str(number) for number in (theirs.fileno(), os.getpid(), threads)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                cwd=ROOT,
                env=engine_environment(os.environ),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=_MAX_LINE)
        child = cls(process, reader, writer)
        group.create_task(child._listen(), name="engine-listener")
        return child

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def load(
        self,
        entry: ModelEntry,
        path: Path,
        *,
        device: str,
        max_batch: int,
        timeout: float,
        on_progress: Callable[[str], None],
    ) -> None:
        """Load the model. Raises ModelLoadError, or EngineCrashed, with a sentence."""
        self._send(Load(entry=entry, path=str(path), device=device, max_batch=max_batch))
        try:
            async with asyncio.timeout(timeout):
                while True:
                    message = await self._loading.get()
                    if isinstance(message, Progress):
                        on_progress(message.detail)
                    elif isinstance(message, Failed):
                        raise ModelLoadError(message.message)
                    elif isinstance(message, Loaded):
                        self.device, self.dtype = message.device, message.dtype
                        self.num_slots = message.num_slots
                        return
                    elif message is None:
                        raise EngineCrashed(
                            f"The engine process ended while it loaded {entry.alias} "
                            f"({self.why_ended})."
                        )
        except TimeoutError:
            raise ModelLoadError(
                f"{entry.alias} was not loaded after {timeout:g} s; "
                "raise engine.load_timeout_s, or choose a smaller model."
            ) from None

    async def generate(
        self, request: GenerationRequest, on_text: Callable[[str], None], *, stall_s: float
    ) -> Generation:
        """Generate; see engine.generator.Generator. Raises NeverStarted besides. After a
        GenerationTimeout the process is being killed; cancelling the caller leaves it usable.
        """
        if not self.is_usable:
            raise NeverStarted
        # Numbers of our own: a question that is asked again must not hear its own echo.
        number = str(next(self._numbers))
        messages: asyncio.Queue[FromEngine | None] = asyncio.Queue()
        self._flights[number] = messages
        self._send(Generate(request=replace(request, id=number)))
        patience = stall_s * FIRST_TOKEN_FACTOR
        started = False
        try:
            while True:
                message = await self._next(messages, patience)
                match message:
                    case Started():
                        started = True
                    case Text(piece=piece):
                        patience = stall_s
                        on_text(piece)
                    case Beat():
                        patience = stall_s
                    case Finished(generation=generation):
                        return generation
                    case Failed(kind=kind, message=text):
                        raise _error(kind, text)
                    case None if started:
                        raise (CrashedTogether if self._was_shared else EngineCrashed)(
                            f"The engine process ended while it answered ({self.why_ended})."
                        )
                    case None:
                        raise NeverStarted
        except TimeoutError:
            self.kill()
            raise GenerationTimeout(
                f"No token for {patience:g} s; the engine process is replaced."
            ) from None
        except asyncio.CancelledError:
            self._send(Cancel(id=number))
            raise
        finally:
            del self._flights[number]

    async def _next(
        self, messages: asyncio.Queue[FromEngine | None], patience: float
    ) -> FromEngine | None:
        """The next message. Raises TimeoutError when the process said nothing to anybody."""
        while True:
            try:
                async with asyncio.timeout(patience):
                    return await messages.get()
            except TimeoutError:
                if monotonic() - self._heard_at > patience:
                    raise

    async def shut_down(self) -> None:
        """End the process: asked nicely, then killed."""
        self.is_usable = False
        self._send(Shutdown())
        try:
            async with asyncio.timeout(SHUTDOWN_S):
                await self.ended.wait()
        except TimeoutError:
            log.info("the engine process did not end in time and is killed")
        finally:
            self.kill()
        await self.ended.wait()

    def kill(self) -> None:
        """End the process at once."""
        self.is_usable = False
        with suppress(ProcessLookupError):
            self._process.kill()

    def _send(self, message: ToEngine) -> None:
        # Not drained: a process that does not read must not hold up its own timeout.
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    async def _listen(self) -> None:
        """Hand out what the process says until it ends, then tell everyone who waits."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read_log())
                await self._read_messages()
                self.is_usable = False
                # Its end of the socket is closed: whatever still runs is of no use.
                await self._let_end()
        finally:
            self.kill()
            self._writer.close()
            await self._process.wait()
            self.ended.set()
            self._was_shared = len(self._flights) > 1
            for waiting in (self._loading, *self._flights.values()):
                waiting.put_nowait(None)

    async def _let_end(self) -> None:
        """The exit status tells why it ended, so it gets a moment to have one."""
        try:
            async with asyncio.timeout(SHUTDOWN_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()

    async def _read_messages(self) -> None:
        try:
            async for line in self._reader:
                self._take(decode_from_engine(line))
        except ConnectionError:
            log.debug("the engine process closed its end")
        except ValueError:
            log.exception("the engine process sent nonsense and is ended")

    def _take(self, message: FromEngine) -> None:
        self._heard_at = monotonic()
        if isinstance(message, Text | Beat | Started | Finished) or (
            isinstance(message, Failed) and message.id is not None
        ):
            flight = self._flights.get(message.id or "")
            if flight is not None:
                flight.put_nowait(message)
        else:
            self._loading.put_nowait(message)

    async def _read_log(self) -> None:
        assert self._process.stderr
        async for line in self._process.stderr:
            text = line.decode(errors="replace").rstrip()
            self._last_lines.append(text)
            log.info("engine: %s", text)

    @property
    def why_ended(self) -> str:
        """For people, after its end."""
        status = self._process.returncode
        if status == -9:
            return "it was killed; too little memory is the usual reason"
        last = next((line for line in reversed(self._last_lines) if line.strip()), "")
        return f"exit status {status}" + (f", {last[:200]}" if last else "")


def _error(kind: Failure, text: str) -> GenerationError:
    return OutOfMemory(text) if kind is Failure.OUT_OF_MEMORY else GenerationError(text)
