"""The console in a terminal: what Ctrl-C does while an answer is written."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from bot.console.adapter import ConsoleAdapter, open_console
from bot.delivery.render import plain_text
from bot.messages import Action, Message, Reply
from engine.types import Source
from tests.waits import within


class Terminal(io.StringIO):
    """Text in memory that passes for a terminal."""

    def isatty(self) -> bool:
        return True


JOIN = Source(
    id="join",
    title="Can I join late?",
    section="General",
    course="course-a",
    url="https://example.org/faq#join",
    score=0.9,
)
CLOSEST = Reply(
    text="These come closest:",
    sources=(
        replace(JOIN, excerpt="Yes, at [any] time."),
        replace(JOIN, id="pay", title="Pay", url=None),
    ),
    actions=(Action(label="Ask staff", value="staff:1"),),
)
ANSWER = Reply(
    text="At any time.",
    sources=(JOIN,),
    sources_title="Sources",
    related=(replace(JOIN, id="pay", title="Pay", url=None),),
    related_title="Also close",
)


class BusyDesk:
    """A desk that is interrupted as soon as it hears a question, and never answers."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.cancelled = asyncio.Event()

    async def ready(self) -> None:
        return

    async def receive(self, message: Message) -> None:
        self.heard.append(message.text)
        if message.text == "/cancel":
            self.cancelled.set()
        else:
            os.kill(os.getpid(), signal.SIGINT)


class IdleDesk:
    """A desk that has nothing to tell."""

    async def ready(self) -> None:
        return

    async def all_told(self) -> None:
        return


class TellingDesk:
    """A desk that says the same to every question."""

    def __init__(self, console: ConsoleAdapter, reply: Reply) -> None:
        self._console, self._reply = console, reply

    async def ready(self) -> None:
        return

    async def receive(self, message: Message) -> None:
        await self._console.post(message.reply_to, self._reply)

    async def all_told(self) -> None:
        return


@pytest.fixture
def keyboard() -> Iterator[PipeInput]:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield keys


async def test_the_answer_to_a_question_of_before_a_restart_is_introduced_in_its_language() -> None:
    out = io.StringIO()
    console = ConsoleAdapter(stdin=io.StringIO(), stdout=out)

    await console.post("earlier-1 Wann beginnt der Kurs?", replace(ANSWER, language="de"))

    assert out.getvalue().startswith(
        "Vor meinem Neustart hast du gefragt: Wann beginnt der Kurs?\nAt any time."
    )


async def test_ctrl_c_during_an_answer_cancels_the_question(keyboard: PipeInput) -> None:
    loop, stop, desk = asyncio.get_running_loop(), asyncio.Event(), BusyDesk()
    console = ConsoleAdapter(stdin=Terminal(), stdout=Terminal())
    loop.add_signal_handler(signal.SIGINT, console.interrupt)
    keyboard.send_text("Can I join late?\r")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(console.run(desk, stop))  # type: ignore[arg-type]
            try:
                await within(desk.cancelled.wait())
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

    await within(console.run(IdleDesk(), stop))  # type: ignore[arg-type]

    assert stop.is_set()


async def test_without_standard_streams_there_is_nothing_to_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr("sys.stdout", None)
    stop = asyncio.Event()

    await within(open_console("").run(IdleDesk(), stop))  # type: ignore[arg-type]

    assert stop.is_set()


@pytest.mark.parametrize(
    ("reply", "lines"),
    [
        (
            CLOSEST,
            [
                "These come closest:",
                "• Can I join late? (course-a, General) https://example.org/faq#join",
                "Yes, at [any] time.",
                "• Pay (course-a, General)",
            ],
        ),
        (
            ANSWER,
            [
                "At any time.",
                "Sources:",
                "• Can I join late? (course-a, General) https://example.org/faq#join",
                "Also close:",
                "• Pay (course-a, General)",
            ],
        ),
    ],
    ids=["closest", "answer"],
)
async def test_a_terminal_shows_the_entries_with_how_they_begin(
    reply: Reply, lines: list[str], keyboard: PipeInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "100")
    screen = Terminal()
    console = ConsoleAdapter(stdin=Terminal(), stdout=screen)
    keyboard.send_text("Can I join late?\r\x04")

    await within(console.run(TellingDesk(console, reply), asyncio.Event()))  # type: ignore[arg-type]

    shown = [line.strip() for line in screen.getvalue().splitlines() if line.strip()]
    assert shown == lines


def test_a_file_gets_the_entries_as_plain_lists() -> None:
    assert plain_text(CLOSEST) == (
        "These come closest:\n\n"
        "- Can I join late? (course-a, General) https://example.org/faq#join\n"
        "  Yes, at [any] time.\n"
        "- Pay (course-a, General)"
    )
    assert plain_text(ANSWER) == (
        "At any time.\n\n"
        "Sources:\n"
        "- Can I join late? (course-a, General) https://example.org/faq#join\n\n"
        "Also close:\n"
        "- Pay (course-a, General)"
    )
