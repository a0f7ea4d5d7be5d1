"""`main.py check` as it is typed. With a model that the catalogue lacks no process is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.cli.app import app
from tests.slack_workspace import APP_TOKEN, BOT_TOKEN


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAQ_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FAQ_RETRIEVAL__EMBEDDER", "none")
    monkeypatch.setenv("FAQ_ENGINE__MODEL", "gpt-17")
    return tmp_path / "data"


def check(*options: str) -> Result:
    return CliRunner().invoke(app, ["check", *options])


def test_what_run_would_end_with_is_a_problem_beside_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("FAQ_ADMINS__SLACK", "ada")

    result = check()

    assert result.exit_code == 1
    assert "PROBLEM  start: There is no model called 'gpt-17'. Known: " in result.stdout
    assert "PROBLEM  Slack: Slack needs SLACK_APP_TOKEN" in result.stdout
    assert "PROBLEM  ids: admins.slack: 'ada' cannot be right" in result.stdout
    assert "ok       Telegram: off (no TELEGRAM_BOT_TOKEN)." in result.stdout
    assert result.stdout.endswith("\n3 problems.\n")


def test_a_catalogue_that_is_gone_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_ENGINE__CATALOG", str(tmp_path / "gone.yaml"))

    result = check()

    assert result.exit_code == 1
    assert f"PROBLEM  start: The model catalogue {tmp_path}/gone.yaml cannot be" in result.stdout


def test_programs_are_told_the_same() -> None:
    result = check("--json")

    content = json.loads(result.stdout)
    assert result.exit_code == 1
    assert content["problems"] == 1
    assert content["findings"][0] == {"subject": "settings", "good": True, "sentence": "valid."}
    (problem,) = (finding for finding in content["findings"] if not finding["good"])
    assert problem["subject"] == "start"


def test_tokens_are_tried_only_when_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("SLACK_APP_TOKEN", APP_TOKEN)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "424242:AAcanary")
    monkeypatch.setenv("FAQ_SLACK__BASE_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("FAQ_TELEGRAM__BASE_URL", "http://127.0.0.1:1/bot")

    offline, online = check(), check("--online")

    assert "ok       Slack: on.\n" in offline.stdout
    assert "ok       tokens: they look right and were not tried" in offline.stdout
    assert "could not be tried" not in offline.stdout
    for variable in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "TELEGRAM_BOT_TOKEN"):
        assert f"{variable} could not be tried" in online.stdout
    assert "were not tried" not in online.stdout
    assert "canary" not in online.output
