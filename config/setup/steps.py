"""The steps of the set-up. Killed at any moment, the next call goes on where this one was."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from config.setup.__main__ import supported
from config.setup.driver import objection, read_capability, read_driver
from config.setup.environment import BEGUN, PYTHON, Environment, SetUpError
from config.setup.packages import install, remove

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = {
    "torch": "requirements-torch.lock",
    "runtime": "requirements.lock",
    "tests": "requirements-test.lock",
}
#: Beside the steps: which TORCH_INDEX_URL PyTorch came from, as a fingerprint; empty for none.
TORCH_INDEX = "torch_index"
#: Beside the steps: where the model was looked for, if it was prepared and is not there.
MODEL = "model"
DEFAULT_MODEL = "smollm2-135m"


class SetUp:
    """What a checkout needs, held against what its environment holds."""

    def __init__(
        self,
        environment: Environment,
        environ: Mapping[str, str],
        *,
        tests: bool = False,
        root: Path = ROOT,
        say: Callable[[str], None],
    ) -> None:
        self._environment = environment
        self._environ = environ
        self._root = root
        self._say = say
        self._index = environ.get("TORCH_INDEX_URL", "").strip()
        data = root / (environ.get("FAQ_DATA_DIR") or "data")
        self._model = data.resolve() / "models" / DEFAULT_MODEL
        steps = ("torch", "runtime", "tests") if tests else ("torch", "runtime")
        #: The steps that install, in order, each with what it is done for.
        self._wanted = {step: _fingerprint((root / LOCKS[step]).read_bytes()) for step in steps}

    def is_ready(self, python: str) -> bool:
        """Whether nothing remains to be done for that Python, such as 3.12."""
        return self._has_packages(python) and self._has_model()

    def run(self) -> None:
        """Do what remains. Raises SetUpError."""
        if not self._has_packages(self._environment.version()):
            with self._environment.locked(self._say):
                self._environment.make(supported(), self._say)
                self._install_missing()
        if not self._has_model():
            self._prepare_model()
        self._say("Set-up done.")

    def _has_packages(self, python: str) -> bool:
        return self._environment.done().get(PYTHON) == python and not self._missing()

    def _has_model(self) -> bool:
        return self._model.exists() or self._environment.done().get(MODEL) == str(self._model)

    def _install_missing(self) -> None:
        if BEGUN in self._environment.done().values():
            self._environment.forget_half_installed()
        while missing := self._missing():
            step = missing[0]
            if step == "torch":
                self._install_torch()
            else:
                self._environment.record(**{step: BEGUN})
                self._install(step)
                self._environment.record(**{step: self._wanted[step]})

    def _missing(self) -> list[str]:
        done = self._environment.done()
        steps = [step for step, wanted in self._wanted.items() if done.get(step) != wanted]
        # A shell without the variable keeps the PyTorch that one with it chose.
        other = self._index and done.get(TORCH_INDEX) != _fingerprint(self._index.encode())
        return ["torch", *steps] if other and "torch" not in steps else steps

    def _install_torch(self) -> None:
        """First, and without hashes: pip keeps this build when the rest comes."""
        environment, chosen = self._environment, self._environment.done().get(TORCH_INDEX)
        if chosen and not self._index:
            raise SetUpError(
                "PyTorch has to be installed anew, and so far it came from an address of yours: "
                "set TORCH_INDEX_URL to it again and run make again."
            )
        if not self._index and not environment.holds(*self._torch()):
            self._look_at_driver()
        environment.record(torch=BEGUN)
        if self._index and environment.holds(*self._torch()):
            # To pip all builds of a version are the same.
            remove(environment, "torch")
        self._say(f"Installing PyTorch into {environment.folder} (once, gigabytes) …")
        install(environment, self._root / LOCKS["torch"], index=self._index, environ=self._environ)
        environment.record(
            torch=self._wanted["torch"],
            torch_index=_fingerprint(self._index.encode()) if self._index else "",
            # What PyTorch brought along need not be of the versions that the lock names.
            runtime=BEGUN,
        )

    def _look_at_driver(self) -> None:
        """Before gigabytes are fetched that this machine cannot use."""
        driver = read_driver(self._environ)
        capability = read_capability(self._environ) if driver else ""
        if problem := objection(driver, capability):
            raise SetUpError(
                "Nothing was fetched: the PyTorch of the package index could not use the GPU here, "
                f"since {problem}. For the CPU alone, set TORCH_INDEX_URL to the address for the "
                "CPU."
            )
        if not driver and sys.platform == "linux":
            self._say(
                "nvidia-smi shows no GPU here. PyTorch takes 2 GB instead of 6 if TORCH_INDEX_URL "
                "is set to the address that its install page names for the CPU."
            )

    def _install(self, step: str) -> None:
        self._say(f"Installing the packages of {LOCKS[step]} …")
        lock = self._root / LOCKS[step]
        # The lock names every package: pip has nothing left to resolve.
        install(self._environment, lock, "--require-hashes", "--no-deps", environ=self._environ)

    def _prepare_model(self) -> None:
        self._say("Preparing the default model …")
        pull = [str(self._environment.python), "main.py", "models", "pull", DEFAULT_MODEL]
        # Its standard output is for what `make run` answers.
        ended = subprocess.run(
            pull, cwd=self._root, stdin=subprocess.DEVNULL, stdout=2, env=self._environ
        )
        if ended.returncode:
            raise SetUpError("The default model could not be prepared; the reason is above.")
        if not self._model.exists():
            # `.env` names another folder for it, or the hub's cache has it. It is looked for again
            # each time where that cannot be noted.
            with suppress(SetUpError, OSError), self._environment.locked(self._say):
                self._environment.record(**{MODEL: str(self._model)})

    def _torch(self) -> tuple[str, str]:
        text = (self._root / LOCKS["torch"]).read_text(encoding="utf-8")
        found = re.search(r"(?m)^(torch)==(\S+)", text)
        assert found
        return found[1], found[2]


def _fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _say(line: str) -> None:
    # Standard output is for what `make run` answers.
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> int:
    """Returns the exit status: with --ready whether the set-up is done, else whether it worked."""
    parser = argparse.ArgumentParser(prog="python3 -m config.setup", description=__doc__)
    parser.add_argument("--ready", action="store_true", help="only look: exit 0 if all is there")
    parser.add_argument("--tests", action="store_true", help="what the tests need as well")
    arguments = parser.parse_args()
    environment = Environment(Path(os.environ.get("VENV") or ".venv"))
    set_up = SetUp(environment, os.environ, tests=arguments.tests, say=_say)
    if arguments.ready:
        return 0 if set_up.is_ready("{}.{}".format(*sys.version_info)) else 1
    try:
        set_up.run()
    except SetUpError as error:
        _say(str(error))
        return 1
    except OSError as error:
        _say(f"The set-up cannot go on: {error}. Mend that and run make again.")
        return 1
    except KeyboardInterrupt:
        _say("Stopped. The next call goes on from here.")
        return 130
    return 0
