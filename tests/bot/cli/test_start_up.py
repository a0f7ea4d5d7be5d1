"""What the command line imports: a container asks `health` every half minute."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = {"torch", "transformers", "slack_sdk", "slack_bolt", "telegram", "numpy", "minsearch"}


@pytest.mark.parametrize("command", ["--help", "health", "nonsense", "models list"])
def test_what_answers_no_question_loads_nothing_heavy(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_DATA_DIR", str(tmp_path))
    code = (
        "import sys, main\n"
        "try:\n"
        f"    main.app({command.split()!r})\n"
        "finally:\n"
        "    print('loaded:', *sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert HEAVY & set(told.stdout.partition("loaded:")[2].split()) == set()
    assert "bot.cli.app" in told.stdout
