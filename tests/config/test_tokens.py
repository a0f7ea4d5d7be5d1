"""Tokens as people paste them: cleaned, or refused by the variable's name, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.loading import load_secrets
from config.settings import ConfigError, Secrets

NONE = Path("does-not-exist")
GOOD = {
    "TELEGRAM_BOT_TOKEN": "1234567:AAcanary_canary-canary",
    "TELEGRAM_WEBHOOK_SECRET": "canary_canary-canary",
    "SLACK_BOT_TOKEN": "xoxb-12-34-canary",
    "SLACK_APP_TOKEN": "xapp-1-A12-34-canary",
    "SLACK_SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
    "HF_TOKEN": "hf_canary",
}


def read(secrets: Secrets, name: str) -> str | None:
    value = getattr(secrets, name.lower())
    return None if value is None else value.get_secret_value()


def refusal(env_file: Path = NONE) -> str:
    with pytest.raises(ConfigError) as caught:
        load_secrets(env_file)
    assert "canary" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    "around",
    [
        "{}\n",
        "{}\r\n",
        "  {}\t",
        "\ufeff{}",
        "{}\u200b",
        "\u00a0{}\u2003",
        "\u202a{}\u202c\n",
        "{}\0",
    ],
    ids=ascii,
)
def test_what_is_around_a_token_is_taken_off(
    name: str, around: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pasted = around.format(GOOD[name])
    file = tmp_path / "token"
    file.write_text(pasted, encoding="utf-8", newline="")
    monkeypatch.setenv(f"{name}_FILE", str(file))
    from_file = read(load_secrets(NONE), name)
    if "\0" not in pasted:  # no environment can hold it
        monkeypatch.setenv(name, pasted)
    from_environment = read(load_secrets(NONE), name)

    assert from_file == from_environment == GOOD[name]


@pytest.mark.parametrize("name", GOOD)
def test_a_character_that_shows_nothing_may_be_inside(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, GOOD[name][:9] + "\u200b\u00ad\u2060" + GOOD[name][9:])

    assert read(load_secrets(NONE), name) == GOOD[name]


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("blank", ["", "  ", "\n", "\ufeff", '""', "''"], ids=ascii)
def test_a_blank_token_is_none(name: str, blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, blank)

    assert read(load_secrets(NONE), name) is None


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ('"{}"', "quotation mark"),
        ("'{}'", "quotation mark"),
        ("“{}”", "quotation mark"),
        ("{} {}", "white space"),
        ("{}\n{}", "white space"),
        ("{} # canary", "white space"),
        ("{}…", "no token has"),
        ("{}é", "no token has"),
    ],
    ids=ascii,
)
def test_what_cannot_be_a_token_is_refused_by_its_name(
    name: str, wrong: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, wrong.format(GOOD[name], GOOD[name]))

    told = refusal()

    assert told.startswith(name)
    assert reason in told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SLACK_BOT_TOKEN", GOOD["SLACK_APP_TOKEN"], "app-level token (xapp-…), which belongs"),
        ("SLACK_APP_TOKEN", GOOD["SLACK_BOT_TOKEN"], "which belongs in SLACK_BOT_TOKEN"),
        ("SLACK_BOT_TOKEN", "xoxp-12-canary", "another kind of Slack token; it starts with xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxe-1-canary", "another kind of Slack token"),
        ("SLACK_BOT_TOKEN", "canary", "SLACK_BOT_TOKEN cannot be right: it starts with xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxb-...", "SLACK_BOT_TOKEN cannot be right"),
        ("SLACK_BOT_TOKEN", "Bearer:xoxb-1", "SLACK_BOT_TOKEN cannot be right"),
        ("SLACK_APP_TOKEN", "canary", "it starts with xapp-"),
        ("SLACK_SIGNING_SECRET", GOOD["SLACK_APP_TOKEN"], "which belongs in SLACK_APP_TOKEN"),
        ("SLACK_SIGNING_SECRET", "Canary0123456789canary01", "copy the “Signing Secret”"),
        ("TELEGRAM_BOT_TOKEN", "canary", "as in 1234567:AA…"),
        ("TELEGRAM_BOT_TOKEN", "bot1234567:AAcanary", "TELEGRAM_BOT_TOKEN cannot be right"),
        ("TELEGRAM_BOT_TOKEN", GOOD["HF_TOKEN"], "which belongs in HF_TOKEN"),
        ("TELEGRAM_WEBHOOK_SECRET", GOOD["SLACK_BOT_TOKEN"], "which belongs in SLACK_BOT_TOKEN."),
        ("HF_TOKEN", "canary", "HF_TOKEN cannot be right: it starts with hf_"),
        ("HF_TOKEN", GOOD["TELEGRAM_BOT_TOKEN"], "a Telegram bot token"),
    ],
)
def test_a_value_of_another_shape_is_refused_with_what_it_should_be(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    assert told in refusal()


def test_every_wrong_token_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", GOOD["SLACK_APP_TOKEN"])
    monkeypatch.setenv("SLACK_APP_TOKEN", GOOD["SLACK_BOT_TOKEN"])
    monkeypatch.setenv("HF_TOKEN_FILE", "/nowhere/token")

    first, second, third = refusal().split("\n")

    assert first.startswith("SLACK_BOT_TOKEN holds a Slack app-level token")
    assert second.startswith("SLACK_APP_TOKEN holds a Slack bot token")
    assert third == "HF_TOKEN_FILE: /nowhere/token cannot be read (No such file or directory)."


def test_another_hub_may_have_other_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://models.example.org")
    monkeypatch.setenv("HF_TOKEN", "eyJhbGciOi.canary=")

    assert read(load_secrets(NONE), "HF_TOKEN") == "eyJhbGciOi.canary="


def test_a_rotated_slack_token_is_a_bot_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxe.xoxb-1-canary")

    assert read(load_secrets(NONE), "SLACK_BOT_TOKEN") == "xoxe.xoxb-1-canary"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00c", b"\x80canary"])
def test_a_token_file_that_is_no_text_is_refused(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    monkeypatch.setenv("HF_TOKEN_FILE", str(file))

    assert refusal() == f"HF_TOKEN_FILE: {file} cannot be read (it is not UTF-8 text)."


def test_a_token_file_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN_FILE", "/dev/zero")

    assert read(load_secrets(NONE), "HF_TOKEN") is None


def test_the_env_file_may_name_a_token_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hf_canary\n")
    env = tmp_path / ".env"
    env.write_text(f"HF_TOKEN=\nHF_TOKEN_FILE={tmp_path / 'token'}\n")

    assert read(load_secrets(env), "HF_TOKEN") == "hf_canary"


def test_the_environment_beats_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = tmp_path / ".env"
    env.write_text("HF_TOKEN=hf_fromfile\n")
    monkeypatch.setenv("HF_TOKEN", "hf_fromenvironment")

    assert read(load_secrets(env), "HF_TOKEN") == "hf_fromenvironment"
