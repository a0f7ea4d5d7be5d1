"""What the command line shows that moves, in a terminal and in a file."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from bot.cli.terminal import TransferView, watch
from engine.models.folder import Transfer

GB = 10**9


class Screen(io.StringIO):
    """Says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


def download(done: int) -> Transfer:
    return Transfer(what="Downloading phi-3-mini", done=done, total=8 * GB)


def test_a_log_gets_a_line_for_each_step_and_each_tenth() -> None:
    log = io.StringIO()

    with TransferView(log) as view:
        view.show(Transfer(what="Asking the hub"))
        for hundredth in range(101):
            view.show(download(hundredth * 8 * GB // 100))
        view.show(download(8 * GB))

    asking, *steps = log.getvalue().splitlines()
    assert asking == "Asking the hub"
    assert steps[0] == "Downloading phi-3-mini: 0.0 of 8.0 GB"
    assert steps[-1] == "Downloading phi-3-mini: 8.0 of 8.0 GB"
    assert len(steps) == 11


def test_a_terminal_gets_a_bar_that_ends_full() -> None:
    screen = Screen()

    with TransferView(screen) as view:
        view.show(Transfer(what="Asking the hub"))
        for done in (0, 2 * GB, 8 * GB):
            view.show(download(done))

    *_, last = (line for line in screen.getvalue().splitlines() if "phi-3-mini" in line)
    assert "8.0/8.0 GB" in last


def test_a_bar_is_closed_when_the_work_fails() -> None:
    screen = Screen()

    def fail() -> None:
        with TransferView(screen) as view:
            view.show(download(GB))
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()

    assert screen.getvalue().endswith("\x1b[?25h")  # the cursor is back


def three_times() -> Callable[[], bool]:
    left = [True, True, False]
    return lambda: left.pop(0)


def test_watching_prints_each_look_to_a_file() -> None:
    log, looks = io.StringIO(), iter("abc")

    watch(lambda: next(looks), log, three_times())

    assert log.getvalue() == "a\n\nb\n\nc\n"


def test_watching_changes_a_terminal_in_place_and_takes_nothing_for_markup() -> None:
    screen, looks = Screen(), iter(("[a]", "[b]", "[c]"))

    watch(lambda: next(looks), screen, three_times())

    assert "\x1b[2K[c]" in screen.getvalue()
