"""A small checkout with stand-ins for Python, pip and nvidia-smi: `make` sets up in a moment.

The stand-ins leave behind what the real ones do at each of their steps, and can kill everything
there: make, the set-up and themselves, as a power cut would.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAND_IN = Path(__file__).resolve().parent / "setup_stand_in.py"

LOCKS = {
    "requirements-torch.lock": "torch==2.13.0\n",
    "requirements.lock": "# Wheels for Python 3.11 to 3.14.\nalpha==1.0\nbeta==2.0\n",
    "requirements-test.lock": "gamma==3.0\n",
}
#: What is installed by a set-up that nobody disturbed, with the tests' packages.
PACKAGES = {"pip", "torch", "alpha", "beta", "gamma"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A folder with Makefile, set-up, locks and a program that tells what it is given."""

    folder: Path
    #: Programs before all others on PATH.
    programs: Path

    def make(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run make there with these variables in a process group of its own."""
        return subprocess.run(
            ["make", "--no-print-directory", "-C", str(self.folder), *arguments],
            env={
                "PATH": f"{self.programs}:/usr/bin:/bin",
                "HOME": str(self.programs),
                "STAND_IN_LOG": str(self.log),
                **environ,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            start_new_session=True,
            timeout=60,
        )

    @property
    def log(self) -> Path:
        return self.programs / "log"

    def calls(self) -> list[str]:
        """What pip and the program were called with, a line each."""
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []

    def installed(self, venv: str = ".venv") -> dict[str, str]:
        """What works in the environment, by package, and its version."""
        return {
            path.name.removesuffix(".works"): path.read_text(encoding="utf-8")
            for path in (self.folder / venv).glob("site/*.works")
        }

    def done(self, venv: str = ".venv") -> dict[str, str]:
        """The record of the set-up."""
        return json.loads((self.folder / venv / "set-up.json").read_text(encoding="utf-8"))


def checkout(folder: Path, programs: Path) -> Checkout:
    """A new one in `folder`, which may have any name."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "config" / "setup", folder / "config" / "setup")
    shutil.copy(ROOT / "config" / "__init__.py", folder / "config")
    for name, content in LOCKS.items():
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "main.py").write_text("", encoding="utf-8")
    programs.mkdir(parents=True, exist_ok=True)
    program(programs / "python3", f'exec "{sys.executable}" "{STAND_IN}" outside "$@"')
    return Checkout(folder=folder, programs=programs)


def last_line(ended: subprocess.CompletedProcess[str]) -> str:
    """What the set-up said last; make itself adds a line of its own."""
    return [line for line in ended.stderr.splitlines() if not line.startswith("make:")][-1]


def program(path: Path, script: str) -> None:
    """A shell script that can be run."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
