"""Reads what people type: at a prompt, or line by line from a file or a pipe."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.patch_stdout import patch_stdout

from engine.stopping import unless


async def typed_lines(commands: list[str], stop: asyncio.Event) -> AsyncIterator[str]:
    """What is typed at the prompt, which completes `commands`, until it is left or `stop`."""
    session: PromptSession[str] = PromptSession(
        completer=WordCompleter(commands, sentence=True),
        # In a task of its own a KeyboardInterrupt would end the whole loop.
        interrupt_exception=EOFError,
    )
    while not stop.is_set():
        try:
            with patch_stdout():
                # Its own handler would, when it goes, take ours for Ctrl-C with it.
                typing = session.prompt_async("you › ", handle_sigint=False)
                line = await unless(stop, typing)
        except EOFError:
            return
        if line is None:
            return
        yield line


async def piped_lines(stdin: TextIO, stop: asyncio.Event) -> AsyncIterator[str]:
    """Lines read by a daemon thread: a read that never returns must not hold up the exit."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        try:
            for line in stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)
        except RuntimeError:  # the loop ended first
            return

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while not stop.is_set():
        line = await unless(stop, lines.get())
        if line is None:
            return
        yield line
