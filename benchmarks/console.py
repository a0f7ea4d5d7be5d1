"""How soon a person at the terminal sees something: the prompt, the first entries, the answer.

`python -m benchmarks.console [--runs 5] [--command "make run"]` prints one JSON line a run and a
table last. Each run starts the program anew on a terminal of its own and asks at once, so that the
first question comes while model and vectors are still being loaded; the second comes after.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import pty
import re
import select
import shlex
import signal
import statistics
import subprocess
import time

QUESTIONS = ("Can I still join after the course has started?", "How do I save a model locally?")
PROMPT = "you ›"
MATCHES = "match best"
SOURCES = "Sources:"
PATIENCE_S = 120.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]")


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command: list[str]) -> None:
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="60")
            os.execvp(command[0], command)
        self._text = ""

    def until(self, *wanted: str) -> tuple[str, float]:
        """Read until one of the texts appears; which, and the moment it did."""
        deadline = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < deadline:
            for text in wanted:
                if text in self._text:
                    self._text = self._text.split(text, 1)[1]
                    return text, time.perf_counter()
            if select.select([self._fd], [], [], 0.5)[0]:
                self._take(os.read(self._fd, 65536))
        raise TimeoutError(f"none of {wanted} within {PATIENCE_S:.0f} s: {self._text[-500:]!r}")

    def _take(self, data: bytes) -> None:
        if b"\x1b[6n" in data:  # where is the cursor? A real terminal answers.
            os.write(self._fd, b"\x1b[1;1R")
        self._text += _ESCAPES.sub("", data.decode(errors="replace"))

    def type(self, text: str) -> float:
        """Type a line; the moment it was sent."""
        os.write(self._fd, text.encode() + b"\r")
        return time.perf_counter()

    def end(self) -> None:
        """Ask to leave, then insist."""
        self.type("/quit")
        for _ in range(100):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            time.sleep(0.1)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def run(command: list[str]) -> dict[str, float]:
    """One start with two questions; seconds."""
    terminal = Terminal(command)
    _, prompt = terminal.until(PROMPT)
    figures = {"prompt_s": prompt - terminal.started}
    for question, when in zip(QUESTIONS, ("loading", "loaded"), strict=True):
        asked = terminal.type(question)
        text, at = terminal.until(MATCHES, SOURCES)
        figures[f"first_entries_{when}_s"] = at - asked
        if text == MATCHES:
            _, at = terminal.until(SOURCES)
        figures[f"answer_{when}_s"] = at - asked
        terminal.until(PROMPT)
    terminal.end()
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--command", default="make --silent run")
    options = parser.parse_args()
    command = shlex.split(options.command)
    rows = []
    for _ in range(options.runs):
        rows.append(run(command))
        print(json.dumps(rows[-1]), flush=True)
    cores = os.cpu_count()
    kernel = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True)
    print(f"\n{cores} cores, {kernel.stdout.strip()}, Python {platform.python_version()}")
    print(f"{'':28}{'median':>8}{'worst':>8}")
    for name in rows[0]:
        values = [row[name] for row in rows]
        print(f"{name:28}{statistics.median(values):8.2f}{max(values):8.2f}")


if __name__ == "__main__":
    main()
