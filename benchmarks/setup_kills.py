"""What the next call makes of a set-up that was killed: `python -m benchmarks.setup_kills`.

`make setup` is killed at random moments in a copy of this checkout, each time from nothing, and
called again. Then every file of every package must be as its wheel has it. Python, venv and pip are
the real ones. The packages are small and made here, and the program that prepares the model is a
stand-in, so that a round takes seconds; with --real both are those of the locks, which takes
minutes a round. Every fourth kill hits make alone, and what it started goes on.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: The small packages, each with as many modules and a script, which pip copies last.
PACKAGES, MODULES = 25, 250
PROGRAM = """\
import fcntl, pathlib, time
models = pathlib.Path("data/models")
models.mkdir(parents=True, exist_ok=True)
with (models / "lock").open("w") as lock:  # as the conversion of the real model has one
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not (models / "smollm2-135m").exists():
        time.sleep(2)
        (models / "part").write_bytes(bytes(10**7))
        (models / "part").replace(models / "smollm2-135m")
"""


def copy_checkout(folder: Path) -> None:
    """What git knows of, as it lies here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def write_wheel(folder: Path, name: str) -> str:
    """A wheel with metadata before its script, as many have it; returns its line of the lock."""
    files = {f"{name}/m{num}.py": f"VALUE = {num}\n" * 50 for num in range(MODULES)}
    info = f"{name}-1.0.dist-info"
    files |= {
        f"{name}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-1.0.data/scripts/{name}": "#!python\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{name}==1.0 --hash=sha256:{digest}\n"


def shrink(checkout: Path, wheels: Path) -> dict[str, str]:
    """Small packages and a stand-in for the program; returns the variables that pip needs."""
    wheels.mkdir()
    lines = [write_wheel(wheels, f"small{num}") for num in range(PACKAGES)]
    header = next(
        line
        for line in (checkout / "requirements.lock").read_text(encoding="utf-8").splitlines(True)
        if line.startswith("# Wheels for")
    )
    torch = write_wheel(wheels, "torch").partition(" --hash")[0]
    (checkout / "requirements-torch.lock").write_text(f"{torch}\n", encoding="utf-8")
    (checkout / "requirements.lock").write_text(header + "".join(lines), encoding="utf-8")
    (checkout / "main.py").write_text(PROGRAM, encoding="utf-8")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels.as_uri(), "PIP_CONFIG_FILE": os.devnull}


def damaged(venv: Path) -> tuple[int, list[str]]:
    """How many files pip recorded, and which of them are not as recorded."""
    num_files, wrong = 0, []
    for record in venv.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as lines:
            for path, digest, _ in csv.reader(lines):
                num_files += 1
                file = record.parent.parent / path
                if not file.is_file():
                    wrong.append(path)
                elif digest:
                    found = hashlib.sha256(file.read_bytes()).digest()
                    if base64.urlsafe_b64encode(found).decode().rstrip("=") != digest[7:]:
                        wrong.append(path)
    return num_files, wrong


class Rounds:
    """Set-ups of one checkout, each from nothing."""

    def __init__(self, checkout: Path, environ: dict[str, str]) -> None:
        self._checkout = checkout
        self._environ = {**os.environ, **environ}
        self._said = checkout.parent / "said"

    def start(self) -> subprocess.Popen[bytes]:
        with self._said.open("wb") as said:
            return subprocess.Popen(
                ["make", "-C", str(self._checkout), "setup"],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def clear(self) -> None:
        for name in (".venv", "data"):
            shutil.rmtree(self._checkout / name, ignore_errors=True)

    def last_words(self) -> str:
        lines = self._said.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1][:60] if lines else "nothing yet"

    def recover(self) -> tuple[float, str]:
        """Call it again; seconds, and what is wrong afterwards or an empty text."""
        begin = time.monotonic()
        status = self.start().wait(timeout=3600)
        seconds = time.monotonic() - begin
        if status:
            return seconds, f"exit {status}: {self.last_words()}"
        state = (self._checkout / ".venv" / "set-up.json").read_text(encoding="utf-8")
        num_files, wrong = damaged(self._checkout / ".venv")
        if wrong or "begun" in json.loads(state).values() or not num_files:
            return seconds, f"{len(wrong)} files damaged, such as {wrong[:1]}; {state}"
        if not (self._checkout / "data" / "models" / "smollm2-135m").exists():
            return seconds, "the model is missing"
        return seconds, ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.setup_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--real", action="store_true", help="the locks' packages and model")
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="setup-kills-") as folder:
        checkout = Path(folder) / "checkout"
        copy_checkout(checkout)
        environ = {} if arguments.real else shrink(checkout, Path(folder) / "wheels")
        rounds = Rounds(checkout, environ)
        whole, wrong = rounds.recover()
        print(f"undisturbed: {whole:.0f} s, load {os.getloadavg()[0]:.1f} {wrong}", flush=True)
        print("| killed after | what | it was at | next call | then |\n|---|---|---|---|---|")
        recovered = 0
        for num in range(arguments.kills):
            rounds.clear()
            after, alone = moments.uniform(0, whole), num % 4 == 3
            make = rounds.start()
            time.sleep(after)
            (os.kill if alone else os.killpg)(make.pid, signal.SIGKILL)
            make.wait()
            at = rounds.last_words()
            seconds, wrong = rounds.recover()
            recovered += not wrong
            what = "make alone" if alone else "all"
            print(
                f"| {after:.1f} s | {what} | {at} | {seconds:.0f} s | {wrong or 'complete'} |",
                flush=True,
            )
        print(f"{recovered} of {arguments.kills} recovered")
    return 0 if recovered == arguments.kills else 1


if __name__ == "__main__":
    raise SystemExit(main())
