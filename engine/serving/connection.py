"""One running engine as the bot sees it: asked, watched, ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TypeVar

from engine.errors import (
    CrashedTogether,
    EngineCrashed,
    GenerationError,
    GenerationTimeout,
    ModelLoadError,
    NeverStarted,
    OutOfMemory,
)
from engine.models.catalog import ModelEntry
from engine.protocol import (
    Beat,
    Cancel,
    Failed,
    Failure,
    Finished,
    FromEngine,
    Generate,
    Generation,
    GenerationRequest,
    Load,
    Loaded,
    Park,
    Parked,
    Progress,
    PromptShown,
    Resume,
    ShownPrompt,
    ShowPrompt,
    Shutdown,
    Started,
    Text,
)
from engine.serving.pending import Messages, PendingRequests
from engine.serving.process import EngineProcess
from engine.serving.transport import Connect, Transport
from engine.types import OnPiece, Piece

log = logging.getLogger(__name__)

T = TypeVar("T", Loaded, Parked, PromptShown)

#: How much longer than between tokens the wait for the first may be: a long prompt is read first,
#: and a request that was cancelled before it may still be at that.
FIRST_TOKEN_FACTOR = 6
#: Seconds a process gets to end by itself.
SHUTDOWN_S = 1.5


class EngineConnection:
    """One running engine process for one model. `start` makes it."""

    def __init__(self, entry: ModelEntry, transport: Transport) -> None:
        self.entry = entry
        self._transport = transport
        self.pid = transport.pid
        self._loading = Messages()
        self._pending = PendingRequests()
        #: Set when the process is gone, and why it went, for people.
        self.ended = asyncio.Event()
        self.why_ended = ""
        #: False as soon as the process is going.
        self.is_usable = True
        #: Where and how it computes, once it has a model.
        self.loaded = Loaded(device="", dtype="")
        #: Bytes the model with its slots should take, and took once loaded; None if not known.
        self.memory_computed: int | None = None
        self.memory_measured: int | None = None
        #: When the process last said anything: it is alive while it works for others.
        self._heard_at = monotonic()

    @classmethod
    async def start(
        cls,
        group: asyncio.TaskGroup,
        entry: ModelEntry,
        *,
        threads: int,
        connect: Connect = EngineProcess.start,
    ) -> EngineConnection:
        """Start an engine; `group` gets the task that listens to it until it ends."""
        connection = cls(entry, await connect(group, threads))
        group.create_task(connection._listen(), name="engine-listener")
        return connection

    async def load(
        self,
        path: Path,
        *,
        device: str,
        max_batch: int,
        timeout: float,
        on_progress: Callable[[str], None],
    ) -> None:
        """Load the model. Raises ModelLoadError, or EngineCrashed, with a sentence."""
        self._transport.send(
            Load(entry=self.entry, path=str(path), device=device, max_batch=max_batch)
        )
        advice = "raise engine.load_timeout_s, or choose a smaller model"
        self.loaded = await self._hear(Loaded, "loaded", timeout, advice, on_progress)

    async def park(self, *, timeout: float) -> None:
        """Park the process: nothing may be asked until it has resumed. Raises what `load` does:
        the process is of no use then.
        """
        self._transport.send(Park())
        await self._hear(Parked, "parked", timeout)

    async def resume(self, *, timeout: float) -> None:
        """Have its model serve again. Raises what `load` does."""
        self._transport.send(Resume())
        self.loaded = await self._hear(Loaded, "resumed", timeout)

    async def show_prompt(
        self, path: Path, request: GenerationRequest, *, timeout: float
    ) -> ShownPrompt:
        """What the model would read, instead of `load`; the process ends by it. Raises what `load`
        does.
        """
        self._transport.send(ShowPrompt(entry=self.entry, path=str(path), request=request))
        return (await self._hear(PromptShown, "ready to show its prompt", timeout)).prompt

    async def _hear(
        self,
        kind: type[T],
        done: str,
        timeout: float,
        advice: str = "its process is ended",
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> T:
        """The answer of that kind to what was sent last."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    message = await self._loading.get()
                    if isinstance(message, Progress):
                        on_progress(message.detail)
                    elif isinstance(message, Failed):
                        raise ModelLoadError(message.message)
                    elif isinstance(message, kind):
                        return message
                    elif message is None:
                        raise EngineCrashed(
                            f"The engine process ended before {self.entry.alias} was {done} "
                            f"({self.why_ended})."
                        )
        except TimeoutError:
            raise ModelLoadError(
                f"{self.entry.alias} was not {done} after {timeout:g} s; {advice}."
            ) from None

    async def generate(
        self, request: GenerationRequest, on_piece: OnPiece, *, stall_s: float
    ) -> Generation:
        """Generate; see engine.serving.generator.Generator. Raises NeverStarted besides. After a
        GenerationTimeout the process is being killed; cancelling the caller leaves it usable.
        """
        if not self.is_usable:
            raise NeverStarted
        with self._pending.one() as (number, messages):
            self._transport.send(Generate(request=replace(request, id=number)))
            try:
                return await self._answer(messages, on_piece, stall_s)
            except asyncio.CancelledError:
                self._transport.send(Cancel(id=number))
                raise

    async def drained(self) -> None:
        """Return once it answers nobody, or has ended."""
        await self._pending.over()

    async def _answer(self, messages: Messages, on_piece: OnPiece, stall_s: float) -> Generation:
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
                        on_piece(Piece(piece))
                    case Beat():
                        patience = stall_s
                    case Finished(generation=generation):
                        return generation
                    case Failed(kind=kind, message=text):
                        out_of_memory = kind is Failure.OUT_OF_MEMORY
                        raise OutOfMemory(text) if out_of_memory else GenerationError(text)
                    case None if started:
                        raise (CrashedTogether if self._pending.ended_together else EngineCrashed)(
                            f"The engine process ended while it answered ({self.why_ended})."
                        )
                    case None:
                        raise NeverStarted
        except TimeoutError:
            self.kill()
            raise GenerationTimeout(
                f"No token for {patience:g} s; the engine process is replaced."
            ) from None

    async def _next(self, messages: Messages, patience: float) -> FromEngine | None:
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
        self._transport.send(Shutdown())
        await self._let_end()
        await self.ended.wait()

    def kill(self) -> None:
        self.is_usable = False
        self._transport.kill()

    async def _listen(self) -> None:
        """Hand out what the process says until it ends, then tell everyone who waits."""
        try:
            async for message in self._transport.messages():
                self._take(message)
            self.is_usable = False
            # End the process: with its end of the line closed it can do nothing more.
            await self._let_end()
        finally:
            self.kill()
            self.why_ended = await self._transport.wait()
            self.ended.set()
            self._loading.put_nowait(None)
            self._pending.end()

    async def _let_end(self) -> None:
        """It gets a moment to end by itself; its exit status tells why it ended."""
        try:
            async with asyncio.timeout(SHUTDOWN_S):
                await self._transport.wait()
        except TimeoutError:
            log.info("the engine process did not end in time and is killed")
        finally:
            self.kill()

    def _take(self, message: FromEngine) -> None:
        self._heard_at = monotonic()
        if isinstance(message, Text | Beat | Started | Finished) or (
            isinstance(message, Failed) and message.id is not None
        ):
            self._pending.hand_out(message.id or "", message)
        else:
            self._loading.put_nowait(message)
