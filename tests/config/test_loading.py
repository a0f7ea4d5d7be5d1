"""Where settings come from, and that mistakes in them are told without their values."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config.loading import foreign_variables, load_secrets, load_settings
from config.settings import ConfigError


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("FAQ_"):
            monkeypatch.delenv(name)


def load(config: Path | None = None, **overrides: object):
    return load_settings(config, overrides=dict(overrides), env_file=Path("does-not-exist"))


def test_the_defaults_are_valid() -> None:
    settings = load()

    assert settings.engine.model == "auto"
    assert settings.corpus.sources == ("config/faq",)


def test_a_tilde_is_the_home_of_whoever_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "my.yaml"
    file.write_text("data_dir: ~/faq\nengine: {catalog: ~/models.yaml}\n")

    settings = load(file)

    assert settings.data_dir == tmp_path / "faq"
    assert settings.engine.catalog == tmp_path / "models.yaml"


def test_a_file_beats_the_defaults_and_leaves_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("engine:\n  max_new_tokens: 7\n")

    settings = load(file)

    assert settings.engine.max_new_tokens == 7
    assert settings.engine.model == "auto"


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("engine:\n  max_new_tokens: 7\n")
    monkeypatch.setenv("FAQ_ENGINE__MAX_NEW_TOKENS", "8")

    assert load(file).engine.max_new_tokens == 8


def test_the_command_line_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_ENGINE__MODEL", "phi-3-mini")

    assert load(engine={"model": "flan-t5-xl"}).engine.model == "flan-t5-xl"


def test_a_dotenv_file_counts_as_environment(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("FAQ_DATA_DIR=elsewhere\nUNRELATED=1\nHF_TOKEN=hf_fromfile\n")

    settings = load_settings(env_file=env_file)

    assert settings.data_dir == Path("elsewhere")
    token = load_secrets(env_file).hf_token
    assert token is not None
    assert token.get_secret_value() == "hf_fromfile"


def test_lists_are_comma_separated_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_ADMINS__TELEGRAM", "11, 22")
    monkeypatch.setenv("FAQ_CORPUS__SOURCES", "a.json,https://example.org/b.csv")

    settings = load()

    assert settings.admins.telegram == (11, 22)
    assert settings.corpus.sources == ("a.json", "https://example.org/b.csv")


@pytest.mark.parametrize(
    "name",
    [
        "FAQ_ENGIN__MODEL",
        "FAQ_ENGINE__MODLE",
        "FAQ_ENGINE",
        "FAQ_COURSES__X__TITLE",
        "FAQ_MODEL__A",
        "FAQ_DATADIR",
        "FAQ_ENGINE_MODEL",
        "FAQ_CORPUS_SOURCES",
        "faq_corpus__source",
        "FAQ_SLAK__MODE",
    ],
)
def test_an_unknown_variable_is_named_and_its_value_is_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "hunter2")

    with pytest.raises(ConfigError) as caught:
        load()

    assert name in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["FAQ_URL", "FAQ_TITLE", "FAQ_DB_HOST", "FAQ_API_KEY", "FAQ_", "FAQ_ConnStr__Default"]
)
def test_a_variable_of_another_program_is_told_and_stops_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "hunter2")

    assert load().engine.model == "auto"
    assert foreign_variables(Path("does-not-exist")) == (name,)


def test_our_own_variables_are_not_foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_DATA_DIR", "x")
    monkeypatch.setenv("FAQ_ENGINE__MODEL", "x")

    assert foreign_variables(Path("does-not-exist")) == ()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("engin:\n  model: x\n", "engin"),
        ("engine:\n  modle: hunter2\n", "engine.modle"),
        ("retrieval:\n  gate: hunter2\n", "retrieval.gate"),
        ("retrieval:\n  lexical_gate: hunter2\n", "retrieval.lexical_gate"),
        ("retrieval:\n  lexical_weight: hunter2\n", "retrieval.lexical_weight"),
        ("answer:\n  num_related: hunter2\n", "answer.num_related"),
        ("answer:\n  num_related: 0\n", "answer.num_related"),
        ("secrets:\n  hf_token: hunter2\n", "secrets"),
        ("- hunter2\n", "keys and values"),
        ("a: [hunter2\n", "not valid YAML"),
    ],
)
def test_a_mistake_in_a_file_is_named_and_its_value_is_not(
    content: str, named: str, tmp_path: Path
) -> None:
    file = tmp_path / "my.yaml"
    file.write_text(content)

    with pytest.raises(ConfigError) as caught:
        load(file)

    assert named in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_missing_settings_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.yaml cannot be read"):
        load(tmp_path / "missing.yaml")


def test_a_secret_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456:canary")

    secrets = load_secrets(Path("does-not-exist"))

    assert "canary" not in repr(secrets)
    assert "canary" not in str(secrets.model_dump())


def test_a_secret_can_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("123456:from-file\n")
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN_FILE", str(file))

    token = load_secrets(Path("does-not-exist")).telegram_bot_token

    assert token is not None
    assert token.get_secret_value() == "123456:from-file"


def test_an_empty_secret_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "")

    assert load_secrets(Path("does-not-exist")).slack_bot_token is None


def test_the_contact_of_a_course_is_its_own_or_the_general_one(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("answer: {contact: everyone}\ncourses:\n  a: {contact: '#a-help'}\n  b: {}\n")

    settings = load(file)

    assert settings.contact("a") == "#a-help"
    assert settings.contact("b") == "everyone"
    assert settings.contact(None) == "everyone"


def test_a_byte_order_mark_does_not_hide_the_first_line_of_the_env_file(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("SLACK_BOT_TOKEN=xoxb-1\nFAQ_ENGINE__MODEL=other\n", encoding="utf-8-sig")

    secrets = load_secrets(env)
    settings = load_settings(env_file=env)

    assert secrets.slack_bot_token is not None
    assert settings.engine.model == "other"


@pytest.mark.parametrize("read", [load_secrets, lambda env: load_settings(env_file=env)])
def test_an_env_file_that_is_no_text_is_named(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    env = tmp_path / ".env"
    env.write_bytes("FAQ_ENGINE__MODEL=other".encode("utf-16"))

    with pytest.raises(ConfigError, match=r"\.env is not UTF-8 text"):
        read(env)


def test_a_course_may_include_others(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("courses:\n  a: {includes: [general, b]}\n  b: {}\n  c: {includes: []}\n")

    includes = load(file).includes

    assert includes["a"] == ("general", "b")
    assert "b" not in includes
    assert "c" not in includes


def test_who_judges_an_entry_is_told_by_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().answer.relevance == "auto"
    monkeypatch.setenv("FAQ_ANSWER__RELEVANCE", "cross-encoder/ms-marco-MiniLM-L6-v2")

    assert load().answer.relevance == "cross-encoder/ms-marco-MiniLM-L6-v2"


def test_who_checks_statements_is_told_by_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().answer.support == "lexical"
    monkeypatch.setenv("FAQ_ANSWER__SUPPORT", "cross-encoder/nli-MiniLM2-L6-H768")

    assert load().answer.support == "cross-encoder/nli-MiniLM2-L6-H768"
