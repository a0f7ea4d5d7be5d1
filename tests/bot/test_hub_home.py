"""Where models are downloaded to may stand in `.env`: it counts in every process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

CODE = """\
import os, sys
from bot.cli.app import app
from bot.cli.options import set_up
set_up(None)
from engine.models.child_process import engine_environment, fetch_environment
for given in (os.environ, engine_environment(os.environ), fetch_environment(os.environ)):
    print(given["HF_HOME"])
# The hub's library reads it once, when it is imported.
from huggingface_hub.constants import HF_HUB_CACHE
print(HF_HUB_CACHE)
"""


def test_hf_home_in_the_env_file_counts_in_bot_engine_and_download(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HF_HOME=/large/huggingface\n", encoding="utf-8")

    seen = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    assert seen.stdout.splitlines() == ["/large/huggingface"] * 3 + ["/large/huggingface/hub"]
