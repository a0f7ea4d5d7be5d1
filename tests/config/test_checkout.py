"""Where paths lead when the program is started from another folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.loading import load_settings
from config.settings import ROOT

NO_ENV = Path("does-not-exist")


@pytest.fixture(params=["plain", "with spaces", "Übung, größer"])
def elsewhere(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Another folder, which is the current one."""
    folder = tmp_path / request.param
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("FAQ_DATA_DIR", raising=False)
    return folder


def test_the_defaults_are_those_of_the_checkout(elsewhere: Path) -> None:
    settings = load_settings(env_file=NO_ENV)

    assert settings.corpus.sources == (str(ROOT / "config/faq"),)
    assert settings.engine.catalog == ROOT / "config/models.yaml"
    assert settings.data_dir == ROOT / "data"


def test_what_a_person_writes_is_relative_to_where_they_are(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_DATA_DIR", "mine")
    (elsewhere / "my.yaml").write_text("corpus: {sources: [faq.json, 'https://example.org/f']}\n")

    settings = load_settings(Path("my.yaml"), env_file=NO_ENV)

    assert settings.data_dir == Path("mine")
    assert settings.corpus.sources == ("faq.json", "https://example.org/f")
    assert settings.engine.catalog == ROOT / "config/models.yaml"


def test_the_env_file_of_the_current_folder_counts(elsewhere: Path) -> None:
    (elsewhere / ".env").write_text("FAQ_DATA_DIR=mine\nFAQ_ENGINE__MODEL=other\n")

    settings = load_settings()

    assert settings.data_dir == Path("mine")
    assert settings.engine.model == "other"


def test_in_the_checkout_paths_stay_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("FAQ_DATA_DIR", raising=False)

    assert load_settings(env_file=NO_ENV).corpus.sources == ("config/faq",)
