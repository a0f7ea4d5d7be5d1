"""`corpus`: what is read of an FAQ, before anything is served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app

GOOD = [{"question": "Are there recordings?", "answer": "Yes, a day later."}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "FAQ, für alle"
    folder.mkdir()
    (folder / "ml.json").write_text(json.dumps(GOOD), encoding="utf-8")
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["corpus", *map(str, arguments)])


def test_a_folder_that_is_named_is_read_instead_of_the_configured_one(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("1 entry in 1 course.")
    assert "“Are there recordings?” (ml)" in result.output


def test_what_is_to_be_mended_comes_first_and_ends_with_1(folder: Path) -> None:
    (folder / "de.yaml").write_text(
        "- question: Why?\n  answer: So.\n- question: When?\n", encoding="utf-8"
    )
    result = run(folder)
    assert result.exit_code == 1
    assert result.output.splitlines()[2] == "To be mended: 1"
    assert "has no answer" in result.output.splitlines()[3]


def test_a_file_that_is_no_faq_is_passed_over_and_said(folder: Path) -> None:
    (folder / "error.json").write_text('{"detail": "Not found"}', encoding="utf-8")
    result = run(folder)
    assert result.exit_code == 0
    assert "Passed over, no FAQ: 1" in result.output


def test_as_json_everything_is_told(folder: Path) -> None:
    told = json.loads(run(folder, "--json").output)
    assert told["num_entries"] == 1
    assert [file["source"] for file in told["files"]] == [str(folder / "ml.json")]
    assert told["without_link"][0]["question"] == "Are there recordings?"


def test_the_entries_of_a_folder_with_a_file_each_are_one_line(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.json").write_text(
            json.dumps([{"question": f"Is {number} enough?", "answer": "Yes."}]), encoding="utf-8"
        )
    assert f"{tmp_path}: 12 entries, a file each" in run(tmp_path).output


def test_a_file_that_holds_the_only_single_entry_of_its_folder_has_its_own_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "handbook.md").write_text("# Fees\n\n## Is it free?\n\nYes.\n", encoding="utf-8")

    output = run(tmp_path).output

    assert f"{tmp_path / 'handbook.md'}: 1 entry" in output
    assert "a file each" not in output


def test_a_folder_that_is_not_there_is_named_and_ends_with_1(tmp_path: Path) -> None:
    result = run(tmp_path / "nosuch")
    assert result.exit_code == 1
    assert "nosuch" in result.output
