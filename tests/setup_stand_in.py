"""Stands in for Python, venv and pip in tests of the set-up: see `tests/setup_checkout.py`.

`outside ARGUMENTS` is the machine's Python, `inside FOLDER ARGUMENTS` that of an environment.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
import signal
import sys
from pathlib import Path

LOG = Path(os.environ["STAND_IN_LOG"])
RECORDS = "lib/python3/site-packages"


def moment(what: str) -> None:
    """A moment at which everything may end: with KILL_AT=N, the Nth kills make and all below it."""
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"{what}\n")
    moments = LOG.with_name("moments")
    with moments.open("a", encoding="utf-8") as file:
        file.write("x")
    if str(moments.stat().st_size) == os.environ.get("KILL_AT"):
        os.killpg(os.getpgrp(), signal.SIGKILL)


def make_environment(folder: Path) -> int:
    for name in ("bin", "site", RECORDS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    moment("venv: folders")
    python = folder.absolute() / "bin" / "python"
    python.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" inside "${{0%/bin/python}}" "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    (folder / "pyvenv.cfg").write_text("", encoding="utf-8")
    moment("venv: python without pip")
    install_package(folder, "pip", "1.0")
    return 0


def install_package(folder: Path, name: str, version: str) -> None:
    records = folder / RECORDS
    # To pip, what has metadata is there, and all builds of a version are the same.
    if list(records.glob(f"{name}-{version}*.dist-info")):
        return
    moment(f"pip: {name} is fetched")
    build = Path(os.environ.get("PIP_INDEX_URL", "")).name
    metadata = records / f"{name}-{version}{f'+{build}' if build else ''}.dist-info"
    metadata.mkdir()
    (metadata / "RECORD").write_text(f"{metadata.name}/METADATA,,\n", encoding="utf-8")
    moment(f"pip: {name} is half there")
    (folder / "site" / f"{name}.works").write_text(f"{version}{build}", encoding="utf-8")
    (metadata / "RECORD").write_text(f"{metadata.name}/INSTALLER,,\n", encoding="utf-8")
    moment(f"pip: {name} is there")


def pip(folder: Path, arguments: list[str]) -> int:
    says = LOG.with_name("pip-says")
    if says.exists():
        sys.stderr.write(says.read_text(encoding="utf-8"))
        return 1
    if "uninstall" in arguments:
        for metadata in (folder / RECORDS).glob(f"{arguments[-1]}-*"):
            shutil.rmtree(metadata)
        (folder / "site" / f"{arguments[-1]}.works").unlink(missing_ok=True)
        moment(f"pip: {arguments[-1]} is removed")
        return 0
    # As pip does it: what is on the way lies there for a while, and stays after a kill.
    Path(os.environ["TMPDIR"], f"pip-unpack-{os.getpid()}").mkdir()
    lock = Path(arguments[-1]).read_text(encoding="utf-8")
    for name, version in re.findall(r"(?m)^(\w+)==(\S+)", lock):
        install_package(folder, name, version)
    return 0


def run_program(arguments: list[str]) -> int:
    if arguments[:2] != ["models", "pull"]:
        sys.stdout.write(f"{' '.join(arguments)} was told {sys.stdin.read()!r}\n")
        return 0
    # What main.py holds stands for what its own settings say.
    own = Path("main.py").read_text(encoding="utf-8").strip()
    models = Path(own or os.environ.get("FAQ_DATA_DIR") or "data") / "models"
    moment("model: read")
    models.mkdir(parents=True, exist_ok=True)
    (models / arguments[2]).write_text("", encoding="utf-8")
    moment("model: written")
    sys.stdout.write("The model is ready.\n")
    return 0


def outside(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        return 0
    if arguments[:2] == ["-m", "venv"]:
        return make_environment(Path(arguments[-1]))
    if arguments[:2] == ["-m", "config.setup"]:
        # The set-up itself is the real one. It calls "its" Python to make the environment.
        sys.executable = str(LOG.with_name("python3"))
        sys.path[0] = os.getcwd()
        sys.argv[:] = arguments[1:]
        runpy.run_module("config.setup", run_name="__main__")
    raise SystemExit(f"The stand-in does not know {arguments}.")


def inside(folder: Path, arguments: list[str]) -> int:
    if arguments[0] == "-c":
        if (folder / "site" / "pip.works").exists():
            sys.stdout.write("{}.{}\n".format(*sys.version_info))
            return 0
        sys.stderr.write("No module named pip\n")
        return 1
    if arguments[:2] == ["-m", "pip"]:
        return pip(folder, arguments[2:])
    if arguments[0] == "main.py":
        return run_program(arguments[1:])
    if arguments[:2] == ["-m", "config.setup"]:
        return outside(arguments)
    sys.stdout.write(f"{' '.join(arguments)}\n")
    return 0


if __name__ == "__main__":
    place, *rest = (argument for argument in sys.argv[1:] if argument != "-I")
    sys.exit(outside(rest) if place == "outside" else inside(Path(rest[0]), rest[1:]))
