"""The assistant in a terminal, or line by line in a script."""

from __future__ import annotations

import asyncio
import io
import sys
import uuid
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, TextIO

from bot.adapter import DeliveryError, Desk, PlatformLost
from bot.console.receive import piped_lines, typed_lines
from bot.console.send import ConsoleSender
from bot.delivery.texts import say
from bot.desk.commands import commands_on
from bot.messages import Message, Reply, ReplyState
from engine.stopping import unless

PLATFORM = "console"
#: Longest time to wait for the answer to one question before the next line is read; the engine
#: has its own, shorter limits.
ANSWER_TIMEOUT_S = 3600.0
#: Longest wait for the FAQ before the first prompt; it usually takes a second.
READY_S = 2.0


class OutputClosed(PlatformLost):
    """Nobody reads the output any more; what was not shown is kept for the next start."""


class ConsoleAdapter:
    """A ChatAdapter whose one conversation is standard input and output.

    In a terminal it is a chat; otherwise it reads one question a line and prints the answers.
    """

    platform = PLATFORM
    edit_interval_s = 0.15

    def __init__(self, *, stdin: TextIO, stdout: TextIO, banner: str = "") -> None:
        self._stdin = stdin
        self._interactive = stdin.isatty() and stdout.isatty()
        self._sender = ConsoleSender(stdout, interactive=self._interactive)
        self._banner = banner
        #: How `reply_to` begins: the answer to an earlier process's question is introduced.
        self.session = uuid.uuid4().hex[:12]
        self._asked = 0
        self._posted = 0
        self._finished = asyncio.Event()
        self._interrupted = asyncio.Event()
        self._closed = asyncio.Event()
        self._waiting = False

    def interrupt(self) -> bool:
        if not (self._interactive and self._waiting):
            return False
        self._interrupted.set()
        return True

    # ChatAdapter

    async def heard(self, reply_to: str) -> None:
        """See ChatAdapter; the newline at the prompt shows it."""

    async def post(self, reply_to: str, reply: Reply) -> str:
        """Show a new message; one of an earlier process says so."""
        self._posted += 1
        earlier = not reply_to.startswith(self.session)
        try:
            if earlier and reply.state is ReplyState.FINAL:
                question = reply_to.partition(" ")[2]
                self._sender.introduce(f"{say('restart', reply.language)} {question}")
            self._sender.show(reply)
        except BrokenPipeError:
            self._closed.set()
            raise DeliveryError("the output was closed") from None
        if reply.state is ReplyState.FINAL and not earlier:
            self._finished.set()
        return str(self._posted)

    async def edit(self, reply_to: str, message_id: str, reply: Reply) -> None:
        """Show the newer version in place (terminal), or wait for the final one (script)."""
        await self.post(reply_to, reply)

    async def close(self) -> None:
        """Standard input and output are not ours to close."""

    async def run(self, desk: Desk, stop: asyncio.Event) -> None:
        """Take in questions until the end of the input, /quit or `stop`; then set `stop`.

        Raises OutputClosed when nobody reads the answers any more.
        """
        try:
            async for line in self._lines(desk, stop):
                if line.strip() in ("/quit", "/exit"):
                    break
                if line.strip():
                    await self._take(desk, line, stop)
                if self._closed.is_set():
                    break
            if not self._interactive:  # a script reads all it asked for, also before a restart
                await unless(stop, unless(self._closed, desk.all_told()))
            if self._closed.is_set():
                raise OutputClosed
        finally:
            self._sender.end()
            stop.set()

    # Taking in

    async def _take(self, desk: Desk, line: str, stop: asyncio.Event) -> None:
        """Hand one line to the desk and wait until its answer is shown."""
        self._asked += 1
        self._finished.clear()
        self._interrupted.clear()
        self._waiting = True
        await desk.receive(self._message(line))
        await self._until_shown(stop, self._closed, self._interrupted)
        self._waiting = False
        if self._interrupted.is_set() and not self._finished.is_set():
            self._asked += 1
            await desk.receive(self._message("/cancel"))
            await self._until_shown(stop)

    async def _until_shown(self, *events: asyncio.Event) -> None:
        """Wait for the answer or one of the events, but not longer than ANSWER_TIMEOUT_S."""
        waiting: Coroutine[Any, Any, object] = self._finished.wait()
        for event in events:
            waiting = unless(event, waiting)
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await waiting

    def _message(self, line: str) -> Message:
        number = f"{self.session}-{self._asked}"
        return Message(
            platform=PLATFORM,
            conversation=self.session,
            message_id=number,
            user_id="console",
            text=line,
            reply_to=f"{number} {line.strip()[:200]}",
        )

    async def _lines(self, desk: Desk, stop: asyncio.Event) -> AsyncIterator[str]:
        if not self._interactive:
            async for line in piped_lines(self._stdin, stop):
                yield line
            return
        if self._banner:
            self._sender.print_markdown(self._banner)
        # Once the FAQ can be searched, every question shows entries at once.
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                await desk.ready()
        commands = [f"/{name}" for name in commands_on(PLATFORM, staff=True)]
        async for line in typed_lines(commands, stop):
            yield line


def open_console(banner: str) -> ConsoleAdapter:
    """The console on this process's own standard input and output."""
    # Python has none where the shell closed them.
    stdin = sys.stdin or io.StringIO()
    stdout = sys.stdout or io.StringIO()
    for stream in (stdin, stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    return ConsoleAdapter(stdin=stdin, stdout=stdout, banner=banner)
