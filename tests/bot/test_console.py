"""The console in a terminal: what Ctrl-C does while an answer is written."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Iterator

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from bot.console import ConsoleAdapter, open_console
from bot.messages import Message


class Terminal(io.StringIO):
    """Text in memory that passes for a terminal."""

    def isatty(self) -> bool:
        return True


class BusyDesk:
    """A desk that is interrupted as soon as it hears a question, and never answers."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.cancelled = asyncio.Event()

    async def receive(self, message: Message) -> None:
        self.heard.append(message.text)
        if message.text == "/cancel":
            self.cancelled.set()
        else:
            os.kill(os.getpid(), signal.SIGINT)


class IdleDesk:
    """A desk that has nothing to tell."""

    async def all_told(self) -> None:
        return


async def at_once() -> None:
    return


@pytest.fixture
def keyboard() -> Iterator[PipeInput]:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield keys


async def test_ctrl_c_during_an_answer_cancels_the_question(keyboard: PipeInput) -> None:
    loop, stop, desk = asyncio.get_running_loop(), asyncio.Event(), BusyDesk()
    console = ConsoleAdapter(stdin=Terminal(), stdout=Terminal())
    loop.add_signal_handler(signal.SIGINT, console.interrupt)
    keyboard.send_text("Can I join late?\r")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(console.run(desk, stop))  # type: ignore[arg-type]
            try:
                await asyncio.wait_for(desk.cancelled.wait(), 60)
            finally:
                stop.set()
    finally:
        loop.remove_signal_handler(signal.SIGINT)

    assert desk.heard == ["Can I join late?", "/cancel"]


async def test_a_prompt_ends_when_the_assistant_stops(keyboard: PipeInput) -> None:
    stop = asyncio.Event()
    console = ConsoleAdapter(stdin=Terminal(), stdout=Terminal())
    keyboard.send_text("half a quest")

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        running = group.create_task(console.run(IdleDesk(), stop))  # type: ignore[arg-type]
        await asyncio.wait({running}, timeout=0.1)
        stop.set()

    assert running.done()


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
async def test_an_empty_prompt_is_left_by_a_key(keyboard: PipeInput, key: str) -> None:
    stop = asyncio.Event()
    console = ConsoleAdapter(stdin=Terminal(), stdout=Terminal())
    keyboard.send_text(key)

    await asyncio.wait_for(console.run(IdleDesk(), stop), 60)  # type: ignore[arg-type]

    assert stop.is_set()


async def test_without_standard_streams_there_is_nothing_to_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr("sys.stdout", None)
    stop = asyncio.Event()

    await asyncio.wait_for(open_console("", at_once).run(IdleDesk(), stop), 60)  # type: ignore[arg-type]

    assert stop.is_set()
