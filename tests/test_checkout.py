"""The program started from another folder, out of a checkout with an awkward name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: Seconds until a test gives up; a machine may be slow.
PATIENCE_S = 120
ASKED = ("ask", "Can I join late?", "--course", "nosuch")


@pytest.fixture(params=["with spaces", "Übung, größer"])
def checkout(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A copy of the program; nothing may be written into it."""
    copy = tmp_path / request.param
    for part in ("bot", "engine", "config"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "main.py", copy)
    before = sorted(copy.rglob("*"))
    yield copy
    written = set(copy.rglob("*")) - set(before) - {copy / ".env"}
    assert {path for path in written if "__pycache__" not in path.parts} == set()


def started(
    checkout: Path, folder: Path, *words: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """What the program of `checkout` says when it is started in `folder`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FAQ_")}
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, str(checkout / "main.py"), *words],
        cwd=folder,
        env=inherited | {"FAQ_RETRIEVAL__EMBEDDER": "none", "PYTHONPATH": ""} | env,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
    )


def test_the_sample_faq_and_the_catalogue_are_found_from_anywhere(
    checkout: Path, tmp_path: Path
) -> None:
    here, data = tmp_path / "here", str(tmp_path / "state, mine")

    asked = started(checkout, here, *ASKED, FAQ_DATA_DIR=data)
    models = started(checkout, here, "models", "list", FAQ_DATA_DIR=data)

    assert asked.returncode == 1
    assert asked.stderr == (
        "There is no course 'nosuch'. Known: course-organisation, open-llm-course.\n"
    )
    assert models.returncode == 0, models.stderr
    assert "smollm2-135m" in models.stdout
    assert list(here.iterdir()) == []


def test_the_env_file_beside_main_counts_and_its_paths_lie_there(
    checkout: Path, tmp_path: Path
) -> None:
    (checkout / "faq").mkdir()
    (checkout / "faq" / "a.json").write_text(
        '[{"course": "mine", "question": "Late?", "text": "Yes, join at any time."}]'
    )
    (checkout / ".env").write_text("FAQ_DATA_DIR=state\nFAQ_CORPUS__SOURCES=faq\n")

    asked = started(checkout, tmp_path / "here", *ASKED, FAQ_DATA_DIR=str(tmp_path / "state"))
    gaps = started(checkout, tmp_path / "here", "gaps")
    shutil.rmtree(checkout / "faq")

    assert asked.stderr.splitlines()[-1] == "There is no course 'nosuch'. Known: mine."
    assert f"No questions are stored in {checkout / 'state'}:" in gaps.stderr


def test_what_is_typed_is_relative_to_where_one_is(checkout: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "a.json").write_text('[{"course": "mine", "question": "Late?", "text": "Yes, join."}]')
    (here / "my.yaml").write_text("corpus: {sources: [a.json]}\ndata_dir: state\n")

    asked = started(checkout, here, *ASKED, "--config", "my.yaml")

    assert asked.stderr.splitlines()[-1] == "There is no course 'nosuch'. Known: mine."
    assert not (checkout / "data").exists()
