"""The folder that gets the packages: who made it and what it holds; one set-up at a time."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: What the folder holds so far, by step. A step that was begun and not ended has BEGUN.
STATE = "set-up.json"
LOCK = ".set-up.lock"
BEGUN = "begun"
#: Steps of the folder itself: that this program made it, and for which Python.
OURS, PYTHON = "ours", "python"


class SetUpError(Exception):
    """What went wrong and what to do, in a line."""


class Environment:
    """A virtual environment and the record of what was done in it.

    Only a folder that this program made is ever emptied; in another one packages are installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"

    def done(self) -> dict[str, str]:
        """What was done, by step; empty where nothing was."""
        try:
            found = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def record(self, **steps: str) -> None:
        """Set these steps and keep the others."""
        self._write({**self.done(), **steps})

    def _write(self, done: dict[str, str]) -> None:
        # A kill leaves the old state or the new one.
        part = self.folder / f"{STATE}.part"
        part.write_text(json.dumps(done, indent=1), encoding="utf-8")
        part.replace(self.folder / STATE)

    @contextmanager
    def locked(self, say: Callable[[str], None]) -> Iterator[None]:
        """Make the folder, and wait until no other set-up works in it.

        Raises SetUpError where the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / LOCK).open("a")
        except OSError as error:
            raise SetUpError(
                f"{self.folder} cannot be written ({error.strerror}). Name folders elsewhere: "
                'make VENV="$HOME/faq-desk/venv" FAQ_DATA_DIR="$HOME/faq-desk/data"'
            ) from None
        with lock:
            # pip holds it as well: it goes on for a while if only this process is killed.
            os.set_inheritable(lock.fileno(), True)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"Another set-up works in {self.folder}; waiting for it to end.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            except OSError:
                say(f"{self.folder} is on a disk without locks; run one set-up at a time.")
            yield

    def holds(self, package: str, version: str) -> bool:
        """Whether any build of that version is installed."""
        packages = "lib/python*/site-packages"
        return any(
            any(self.folder.glob(f"{packages}/{package}-{version}{build}.dist-info"))
            for build in ("", "+*")
        )

    def make(
        self, pythons: tuple[tuple[int, int], tuple[int, int]], say: Callable[[str], None]
    ) -> None:
        """Make the environment unless there is one with a working pip and one of these Pythons.

        Raises SetUpError where it cannot be made, or is a folder of somebody else's.
        """
        done, version = self.done(), self.version()
        works = bool(version) and pythons[0] <= tuple(map(int, version.split("."))) <= pythons[1]
        if works and done.get(PYTHON) == version:
            return
        empty = {entry.name for entry in self.folder.iterdir()} <= {LOCK, f"{STATE}.part"}
        if OURS not in done and not empty:
            if not works:
                raise SetUpError(
                    f"{self.folder} is there, and is no environment of Python "
                    f"3.{pythons[0][1]} to 3.{pythons[1][1]} with pip. Delete it (make clean "
                    "deletes .venv), or name another folder: make VENV=…"
                )
            self._write({PYTHON: version})
            return
        if importlib.util.find_spec("ensurepip") is None:
            raise SetUpError(
                "Python's venv module is missing. On Debian and Ubuntu: "
                "sudo apt install python3-venv"
            )
        say(f"Making an environment in {self.folder} …")
        self._write({OURS: "yes"})
        self._empty()
        ended = run([sys.executable, "-I", "-m", "venv", str(self.folder)])
        if ended.returncode:
            raise SetUpError(
                f"No environment could be made in {self.folder} ({last_line(ended.stdout)}). "
                "Mend that, or name another folder: make VENV=…"
            )
        self.record(python=self.version())

    def scratch(self) -> Path:
        """An empty folder for what is not to stay."""
        folder = self.folder.absolute() / "tmp"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def forget_half_installed(self) -> None:
        """Have pip install anew what it was in the middle of when it was killed.

        pip takes a package for installed once its metadata is there, and copies more after it.
        It ends with a RECORD that lists the file INSTALLER.
        """
        for metadata in self.folder.glob("lib/python*/site-packages/*.dist-info"):
            record = metadata / "RECORD"
            if not record.is_file() or b"/INSTALLER," not in record.read_bytes():
                shutil.rmtree(metadata)
        # What an upgrade had set aside.
        for aside in self.folder.glob("lib/python*/site-packages/~*"):
            _delete(aside)

    def version(self) -> str:
        """The environment's Python, such as 3.12; empty if it or its pip does not work."""
        code = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
        try:
            ended = run([str(self.python), "-I", "-c", code])
        except OSError:
            return ""
        return "" if ended.returncode else ended.stdout.strip()

    def _empty(self) -> None:
        for entry in self.folder.iterdir():
            if entry.name not in (STATE, LOCK):
                _delete(entry)


def run(
    command: list[str], env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it with nothing to read; what it writes is kept as text. It inherits the lock."""
    return subprocess.run(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        close_fds=False,
    )


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason")


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
