"""What stands against serving the platforms: `run` refuses to start for it, `check` names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from bot.findings import Finding
from bot.http_server import listen_address, require_free
from bot.operations.published import STATUS, StatusHidden, read_published
from config.platforms import (
    require_bot_tokens,
    require_slack_address,
    require_telegram_address,
    require_usable_proxy,
    require_webhook,
    slack_mode,
)
from config.settings import ConfigError, Secrets, Settings


def refuse_wrong_platforms(settings: Settings, secrets: Secrets) -> None:
    """Raise ConfigError with everything for which the platforms could not be served."""
    problems = platform_problems(settings, secrets)
    if problems:
        raise ConfigError("\n".join(problem.sentence for problem in problems))


def platform_problems(settings: Settings, secrets: Secrets) -> list[Finding]:
    """Everything for which the platforms could not be served, without asking them."""
    problems = []
    for subject, check in _checks(settings, secrets):
        try:
            check()
        except ConfigError as error:
            problems.append(Finding(subject=subject, good=False, sentence=str(error)))
    taken: dict[tuple[str, int], str] = {}
    for setting, listen in _servers(settings, secrets):
        try:
            address = listen_address(setting, listen)
            if address[1] and address in taken:
                raise ConfigError(f"{setting} and {taken[address]} are the same; change one.")
            taken[address] = setting
            if not is_running(settings):  # whose ports they are
                require_free(setting, listen)
        except ConfigError as error:
            subject = setting.partition(".")[0].capitalize()
            problems.append(Finding(subject=subject, good=False, sentence=str(error)))
    return problems


def _checks(settings: Settings, secrets: Secrets) -> Iterator[tuple[str, Callable[[], object]]]:
    telegram, slack = settings.telegram, settings.slack
    if secrets.telegram_bot_token:
        yield "Telegram", lambda: require_telegram_address(telegram)
        yield "Telegram", require_usable_proxy
        if telegram.webhook_url:
            secret = secrets.telegram_webhook_secret
            shown = secret.get_secret_value() if secret else ""
            yield "Telegram", lambda: require_webhook(telegram, shown)
    yield "Slack", lambda: require_bot_tokens(secrets)
    if secrets.slack_bot_token:
        yield "Slack", lambda: require_slack_address(slack)
        yield (
            "Slack",
            lambda: slack_mode(slack, secrets.slack_app_token, secrets.slack_signing_secret),
        )


def _servers(settings: Settings, secrets: Secrets) -> Iterator[tuple[str, str]]:
    """The settings that say where we shall listen, with what they say."""
    if secrets.telegram_bot_token and settings.telegram.webhook_url:
        yield "telegram.webhook_listen", settings.telegram.webhook_listen
    if secrets.slack_bot_token:
        with suppress(ConfigError):  # told by _checks
            app_token, secret = secrets.slack_app_token, secrets.slack_signing_secret
            if slack_mode(settings.slack, app_token, secret) == "http":
                yield "slack.listen", settings.slack.listen


def is_running(settings: Settings) -> bool:
    """Whether an assistant serves from this data folder, as far as can be told."""
    try:
        return read_published(settings.data_dir / STATUS) is not None
    except StatusHidden:  # somebody else's
        return True
