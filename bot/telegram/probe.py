"""Asks Telegram about its token for `check --online`: whose it is, and what it may see."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from bot.adapter import DeliveryError
from bot.findings import Finding
from bot.telegram.client import TelegramClient
from bot.telegram.errors import TokenRejected
from bot.telegram.pace import TelegramPace
from bot.telegram.values import BotFacts
from config.settings import ConfigError, Secrets, TelegramSettings

TIMEOUT_S = 5


async def probe_telegram(
    settings: TelegramSettings, secrets: Secrets, *, timeout_s: float = TIMEOUT_S
) -> list[Finding]:
    """What Telegram says of the bot; nothing where there is no token."""
    if secrets.telegram_bot_token is None:
        return []
    try:
        client = TelegramClient(
            secrets.telegram_bot_token, settings.base_url, TelegramPace(), timeout_s=timeout_s
        )
    except ConfigError as error:
        return [_found(False, str(error))]
    try:
        async with asyncio.timeout(timeout_s):
            facts = await client.facts()
    except TokenRejected:
        return [
            _found(
                False,
                "Telegram refuses TELEGRAM_BOT_TOKEN; copy it again from BotFather, or get a new "
                "one there with /token.",
            )
        ]
    except (DeliveryError, TimeoutError) as error:
        reason = str(error).rstrip(".") or f"no answer within {timeout_s:.0f} seconds"
        return [
            _found(
                False,
                f"TELEGRAM_BOT_TOKEN could not be tried ({reason}); check the network, the proxy "
                "and telegram.base_url.",
            )
        ]
    finally:
        with suppress(DeliveryError):
            await client.close()
    return _findings(settings, facts)


def _findings(settings: TelegramSettings, facts: BotFacts) -> list[Finding]:
    findings = [_found(True, f"TELEGRAM_BOT_TOKEN is accepted: @{facts.username}.")]
    if not facts.reads_groups:
        findings.append(
            _found(
                True,
                "in groups it sees only what mentions it or answers it (privacy mode), which is "
                "enough; BotFather's /setprivacy changes that.",
            )
        )
    if not facts.joins_groups:
        findings.append(_found(True, "it cannot be added to groups; BotFather's /setjoingroups."))
    if settings.webhook_url and facts.webhook_error:
        sentence = f"Telegram could not deliver to the webhook last: {facts.webhook_error}."
        findings.append(_found(False, sentence))
    if facts.webhook_url and facts.webhook_url != settings.webhook_url:
        host = urlsplit(facts.webhook_url).hostname or "another server"
        findings.append(
            _found(
                True,
                f"its messages go to a webhook on {host} now, which `run` ends. Should another "
                "program use this bot, stop it or get a bot of its own.",
            )
        )
    return findings


def _found(good: bool, sentence: str) -> Finding:
    return Finding(subject="Telegram", good=good, sentence=sentence)
