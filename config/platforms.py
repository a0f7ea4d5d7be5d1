"""Whether the settings of a platform and its secrets go together; asked before anything starts."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from config.settings import ConfigError, Secrets, SlackSettings, TelegramSettings

#: Where Telegram's own servers deliver to: https://core.telegram.org/bots/api#setwebhook
_TELEGRAM_PORTS = (443, 80, 88, 8443)
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


def slack_mode(
    settings: SlackSettings, app_token: SecretStr | None, signing_secret: SecretStr | None
) -> Literal["socket", "http"]:
    """How Slack reaches us. Raises ConfigError where the secret for that is missing."""
    if settings.mode == "http" or (settings.mode == "auto" and app_token is None):
        if signing_secret is not None:
            return "http"
        raise ConfigError(
            "Slack needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP mode) "
            "beside SLACK_BOT_TOKEN."
            if settings.mode == "auto"
            else "Slack's HTTP mode needs SLACK_SIGNING_SECRET."
        )
    if app_token is None:
        raise ConfigError(
            "Slack's Socket Mode needs SLACK_APP_TOKEN, which starts with xapp-; "
            "HTTP mode needs SLACK_SIGNING_SECRET instead."
        )
    return "socket"


def require_bot_tokens(secrets: Secrets) -> None:
    """Raise ConfigError for another secret of Slack's without the bot token: what people meant to
    switch on would stay off."""
    other = secrets.slack_app_token or secrets.slack_signing_secret
    if other and not secrets.slack_bot_token:
        raise ConfigError("SLACK_BOT_TOKEN is missing beside the other Slack secret.")


def require_slack_address(settings: SlackSettings) -> None:
    """Raise ConfigError where the Web API's address is none."""
    _address("slack.base_url", settings.base_url)


def require_telegram_address(settings: TelegramSettings) -> None:
    """Raise ConfigError where the Bot API's address is none, or the token would be put into its
    host name."""
    _address("telegram.base_url", settings.base_url)
    if not (settings.base_url.endswith("/bot") or "{token}" in settings.base_url):
        raise ConfigError(
            "telegram.base_url must end with /bot: the token is put right behind it, as in "
            "https://api.telegram.org/bot."
        )


def require_usable_proxy() -> None:
    """Raise ConfigError for a proxy in the environment that Telegram's library cannot use."""
    import httpx

    try:
        httpx.Client().close()
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        # The address of a proxy may hold a password.
        raise ConfigError(
            "The proxy in HTTPS_PROXY or ALL_PROXY cannot be used for Telegram "
            f"({type(error).__name__}); give the address of an HTTP proxy there."
        ) from None


def require_webhook(settings: TelegramSettings, secret: str) -> None:
    """Raise ConfigError where Telegram could not call the webhook, or anybody could."""
    if not _WEBHOOK_SECRET.fullmatch(secret):
        raise ConfigError(
            "telegram.webhook_url needs TELEGRAM_WEBHOOK_SECRET: 16 to 256 letters, digits, "
            "`_` and `-`. Make one up, for example with `openssl rand -hex 32`."
        )
    address = _address("telegram.webhook_url", settings.webhook_url)
    if urlsplit(settings.base_url).hostname != "api.telegram.org":
        return  # a Bot API server of one's own calls any address
    if address.scheme != "https":
        raise ConfigError("telegram.webhook_url must start with https://; Telegram calls no other.")
    if address.port not in (None, *_TELEGRAM_PORTS):
        raise ConfigError(
            f"telegram.webhook_url: Telegram calls the ports 443, 80, 88 and 8443 only, not "
            f"{address.port}."
        )


def _address(setting: str, value: str) -> SplitResult:
    try:
        address = urlsplit(value)
        is_address = bool(address.scheme in ("http", "https") and address.hostname)
        is_address &= address.port != 0 and len(value.split()) == 1
    except ValueError:  # brackets, or a port that is none
        is_address = False
    if not is_address:
        raise ConfigError(f"{setting} is no address that starts with https://.")
    return address
