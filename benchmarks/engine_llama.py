"""llama.cpp as a side of benchmarks/engine.py: a process in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.engine_sides import Moment, Prompts, Run

CHILD = Path(__file__).with_name("llama_child.py")


class LlamaCpp:
    """Answers one question after the other; the model is loaded once, when it is entered."""

    name = "llama.cpp"

    def __init__(self, python: Path, model: Path, *, threads: int, num_tokens: int) -> None:
        # The path as it is: resolved, a virtual environment's python would be the system's.
        self._command = [str(python), str(CHILD), "serve", str(model), str(threads)]
        self._command.append(str(num_tokens))
        #: What llama.cpp says of the processor's abilities that it uses.
        self.system = ""

    def __enter__(self) -> LlamaCpp:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            self.system = str(self._read()["system"])
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def run(self, prompts: Prompts, new: int) -> Run:
        """All of them, each with exactly `new` tokens."""
        answers = [self._ask({"prompt": list(prompt), "new": new}) for prompt in prompts]
        return Run(
            sum(answer["seconds"] for answer in answers),
            len(prompts),
            [answer["tokens"] for answer in answers],
            [Moment(answer["first_s"], answer["first_cpu_s"]) for answer in answers],
            cpu_seconds=sum(answer["cpu_seconds"] for answer in answers),
        )

    def _stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, order: Mapping[str, object]) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(
                "llama.cpp's process ended; what it wrote is above. --llama-python must have "
                "the package llama-cpp-python, and --llama-model must be a GGUF file."
            )
        answer: dict[str, Any] = json.loads(line)
        return answer
