"""What `run` refuses to start for and `check` names: one list."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.http_server import listen_address
from bot.operations.platforms import platform_problems, refuse_wrong_platforms
from bot.operations.published import STATUS, publish
from config.settings import ConfigError, Secrets, Settings
from tests.harness import FakeModels

SECRET = "a-secret-of-24-characters"
TOKENS = {
    "telegram_bot_token": "1:a",
    "slack_bot_token": "xoxb-1",
    "slack_app_token": "xapp-1",
    "slack_signing_secret": "0" * 32,
    "telegram_webhook_secret": SECRET,
}
BOT, APP, SIGNING = "slack_bot_token", "slack_app_token", "slack_signing_secret"
TELEGRAM, WEBHOOK = "telegram_bot_token", "telegram_webhook_secret"
URL = "https://faq.example.org/hook"


def parts(
    names: tuple[str, ...], data_dir: Path = Path("nowhere"), **sections: dict[str, object]
) -> tuple[Settings, Secrets]:
    settings = Settings.model_validate({"data_dir": data_dir, **sections})
    return settings, Secrets.model_validate({name: TOKENS[name] for name in names})


@pytest.fixture
def taken() -> Iterator[str]:
    """An address at which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("names", "sections"),
    [
        ((), {}),
        ((TELEGRAM,), {}),
        ((BOT, APP), {}),
        ((BOT, APP), {"slack": {"mode": "socket"}}),
        ((BOT, SIGNING), {"slack": {"listen": "127.0.0.1:0"}}),
        ((BOT, APP, SIGNING), {"slack": {"mode": "http", "listen": "0"}}),
        ((BOT, APP), {"slack": {"listen": "nonsense"}}),
        ((TELEGRAM, WEBHOOK), {"telegram": {"webhook_url": URL, "webhook_listen": ":0"}}),
        (
            (TELEGRAM, WEBHOOK),
            {
                "telegram": {
                    "webhook_url": "https://faq.example.org:8443/hook",
                    "webhook_listen": "localhost:0",
                }
            },
        ),
        (
            (TELEGRAM, WEBHOOK),
            {
                "telegram": {
                    "base_url": "http://127.0.0.1:8081/bot",
                    "webhook_url": "http://127.0.0.1:9999/hook",
                    "webhook_listen": "127.0.0.1:0",
                }
            },
        ),
    ],
    ids=range(10),
)
def test_what_can_be_served_is_no_problem(
    names: tuple[str, ...], sections: dict[str, dict[str, object]]
) -> None:
    settings, secrets = parts(names, **sections)

    assert platform_problems(settings, secrets) == []
    refuse_wrong_platforms(settings, secrets)


WRONG = [
    ((APP,), {}, "SLACK_BOT_TOKEN is missing beside the other Slack secret."),
    ((SIGNING,), {}, "SLACK_BOT_TOKEN is missing"),
    ((BOT,), {}, "Slack needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP mode)"),
    ((BOT, APP), {"slack": {"mode": "http"}}, "Slack's HTTP mode needs SLACK_SIGNING_SECRET."),
    ((BOT, SIGNING), {"slack": {"mode": "socket"}}, "Socket Mode needs SLACK_APP_TOKEN"),
    ((BOT, APP), {"slack": {"base_url": "slack.com"}}, "slack.base_url is no address"),
    ((BOT, APP), {"slack": {"base_url": "https://a:b"}}, "slack.base_url is no address"),
    ((BOT, SIGNING), {"slack": {"listen": "3000a"}}, "slack.listen: write a host and a port"),
    ((BOT, SIGNING), {"slack": {"listen": "a:99999"}}, "slack.listen: write a host and a port"),
    ((BOT, SIGNING), {"slack": {"listen": "192.0.2.1:0"}}, "slack.listen: 192.0.2.1:0 cannot be"),
    ((TELEGRAM,), {"telegram": {"base_url": "https://api.telegram.org"}}, "must end with /bot"),
    ((TELEGRAM,), {"telegram": {"base_url": "/bot"}}, "telegram.base_url is no address"),
    ((TELEGRAM,), {"telegram": {"webhook_url": URL}}, "needs TELEGRAM_WEBHOOK_SECRET"),
    (
        (TELEGRAM, WEBHOOK),
        {"telegram": {"webhook_url": "http://faq.example.org/hook"}},
        "telegram.webhook_url must start with https://",
    ),
    (
        (TELEGRAM, WEBHOOK),
        {"telegram": {"webhook_url": "https://faq.example.org:3000/"}},
        "443, 80, 88 and 8443 only, not 3000",
    ),
    (
        (TELEGRAM, WEBHOOK),
        {"telegram": {"webhook_url": "faq.example.org/hook"}},
        "telegram.webhook_url is no address",
    ),
]


@pytest.mark.parametrize(("names", "sections", "told"), WRONG, ids=[told for *_, told in WRONG])
def test_what_cannot_be_served_is_named_and_refused(
    names: tuple[str, ...], sections: dict[str, dict[str, object]], told: str
) -> None:
    settings, secrets = parts(names, **sections)
    if "telegram" in sections:
        assert "webhook_listen" not in sections["telegram"]
        free = {"webhook_listen": "127.0.0.1:0", **sections["telegram"]}
        settings, secrets = parts(names, telegram=free)

    (problem,) = platform_problems(settings, secrets)

    assert told in problem.sentence
    with pytest.raises(ConfigError) as caught:
        refuse_wrong_platforms(settings, secrets)
    assert str(caught.value) == problem.sentence


@pytest.mark.parametrize("proxy", ["socks5://ada:canary@127.0.0.1:1", "http://canary:x:y"])
def test_a_proxy_that_cannot_be_used_is_a_problem(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)

    (problem,) = platform_problems(*parts((TELEGRAM,)))

    assert problem.sentence.startswith("The proxy in HTTPS_PROXY or ALL_PROXY cannot be used")
    assert "canary" not in problem.sentence
    assert platform_problems(*parts((BOT, APP))) == []


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:3000", ("127.0.0.1", 3000)),
        ("[::1]:3000", ("::1", 3000)),
        (":3000", ("127.0.0.1", 3000)),
        ("3000", ("127.0.0.1", 3000)),
        (" faq.example.org:0 ", ("faq.example.org", 0)),
    ],
)
def test_where_to_listen_is_a_host_and_a_port(listen: str, address: tuple[str, int]) -> None:
    assert listen_address("slack.listen", listen) == address


def test_a_port_that_is_taken_is_a_problem(taken: str) -> None:
    (problem,) = platform_problems(*parts((BOT, SIGNING), slack={"listen": taken}))

    assert problem.sentence.startswith(f"slack.listen: {taken} cannot be listened on (Address alr")
    assert "choose another port" in problem.sentence


async def test_the_port_of_a_running_assistant_is_no_problem(taken: str, tmp_path: Path) -> None:
    settings, secrets = parts((BOT, SIGNING), tmp_path, slack={"listen": taken})
    stop = asyncio.Event()

    async def queue_length() -> int:
        return 0

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(
            publish(tmp_path / STATUS, stop, engine=FakeModels(), queue_length=queue_length)
        )
        while not (tmp_path / STATUS).exists():
            await asyncio.sleep(0)
        problems = platform_problems(settings, secrets)
        stop.set()

    assert problems == []


def test_two_servers_cannot_have_one_port(taken: str) -> None:
    settings, secrets = parts(
        (BOT, SIGNING, TELEGRAM, WEBHOOK),
        slack={"listen": "127.0.0.1:3000"},
        telegram={"webhook_url": URL, "webhook_listen": "127.0.0.1:3000"},
    )

    told = [problem.sentence for problem in platform_problems(settings, secrets)]

    assert "slack.listen and telegram.webhook_listen are the same; change one." in told


def test_run_ends_at_once_with_every_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAQ_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:a")
    monkeypatch.setenv("FAQ_TELEGRAM__BASE_URL", "https://api.telegram.org")

    result = CliRunner().invoke(app, ["run"])

    assert (result.exit_code, result.stdout) == (1, "")
    first, second = result.stderr.splitlines()
    assert first.startswith("telegram.base_url must end with /bot")
    assert second == "SLACK_BOT_TOKEN is missing beside the other Slack secret."
    assert not (tmp_path / "data").exists()
