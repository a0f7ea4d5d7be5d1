"""Asks Slack about its tokens for `check --online`: whom they belong to, and what they may do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import yaml
from pydantic import SecretStr

from bot.adapter import DeliveryError
from bot.findings import Finding
from bot.slack.client import SlackClient
from bot.slack.errors import SlackError
from bot.slack.pace import SlackPace
from bot.slack.parse import text_in
from config.platforms import slack_mode
from config.settings import ROOT, ConfigError, Secrets, SlackSettings

#: What the app asks for; the scopes that are needed stand there alone.
MANIFEST = ROOT / "config" / "slack_manifest.yaml"
TIMEOUT_S = 5

#: Slack's error → what to do. https://docs.slack.dev/reference/methods/auth.test#errors
_ADVICE = {
    "invalid_auth": "it is no token of Slack's, or was taken back; copy it again",
    "not_authed": "no token reached Slack; a proxy may take it out",
    "account_inactive": "the app was removed from the workspace, or its workspace is closed; "
    "install it again",
    "token_revoked": "it was taken back; install the app again and copy the new one",
    "token_expired": "it has expired; switch token rotation off, or copy the new one",
    "app_uninstalled": "the app was removed from the workspace; install it again",
    "team_access_not_granted": "the app is not approved for this workspace; ask its owners",
    "org_login_required": "the workspace is being moved to an organisation; try later",
    "two_factor_setup_required": "the account behind it must set up two factors",
    "not_allowed_token_type": "it is of another kind than is needed here",
    "missing_scope": "it lacks connections:write; make a new one with that scope",
    "ratelimited": "it was asked too often; try again in a minute",
}


async def probe_slack(
    settings: SlackSettings, secrets: Secrets, *, timeout_s: int = TIMEOUT_S
) -> list[Finding]:
    """What Slack says of the tokens; nothing where there is no bot token."""
    if secrets.slack_bot_token is None:
        return []
    token = secrets.slack_bot_token.get_secret_value()
    client = SlackClient(token, settings.base_url, SlackPace(), timeout_s=timeout_s)
    findings = await _probe("SLACK_BOT_TOKEN", _bot_token(client), timeout_s)
    try:
        mode = slack_mode(settings, secrets.slack_app_token, secrets.slack_signing_secret)
    except ConfigError:  # told without asking
        return findings
    if mode == "socket" and secrets.slack_app_token is not None:
        app = _app_token(client, secrets.slack_app_token)
        findings += await _probe("SLACK_APP_TOKEN", app, timeout_s)
    return findings


async def _bot_token(client: SlackClient) -> list[Finding]:
    answer, headers = await client.call_for_headers("auth.test")
    who = text_in(answer, "user") or text_in(answer, "user_id")
    where = text_in(answer, "team") or text_in(answer, "team_id")
    findings = [_found(True, f"SLACK_BOT_TOKEN is accepted: “{who}” in the workspace “{where}”.")]
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")} - {""}
    missing = sorted(needed_scopes() - granted)
    if granted and missing:
        sentence = f"the app lacks {', '.join(missing)}; add them under “OAuth & Permissions” and "
        findings.append(_found(False, sentence + "install it again."))
    return findings


async def _app_token(client: SlackClient, token: SecretStr) -> list[Finding]:
    # It hands out an address and opens no connection: a running assistant keeps its own.
    await client.call("apps.connections.open", app_token=token.get_secret_value())
    return [_found(True, "SLACK_APP_TOKEN is accepted: Socket Mode can be used.")]


async def _probe(variable: str, asking: Awaitable[list[Finding]], timeout_s: int) -> list[Finding]:
    try:
        async with asyncio.timeout(timeout_s):
            return await asking
    except SlackError as error:
        advice = _ADVICE.get(error.code, "see https://docs.slack.dev/reference/methods/auth.test")
        return [_found(False, f"Slack refuses {variable} ({error.code}): {advice}.")]
    except TimeoutError:
        reason = f"no answer within {timeout_s} seconds"
    except DeliveryError as error:
        reason = str(error)
    return [
        _found(
            False,
            f"{variable} could not be tried, since Slack cannot be reached ({reason}); check the "
            "network, the proxy and slack.base_url.",
        )
    ]


def needed_scopes(manifest: Path = MANIFEST) -> set[str]:
    """The scopes of the bot in the app's manifest; empty where it cannot be read."""
    try:
        content = yaml.safe_load(manifest.read_text(encoding="utf-8"))
        return set(content["oauth_config"]["scopes"]["bot"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return set()


def _found(good: bool, sentence: str) -> Finding:
    return Finding(subject="Slack", good=good, sentence=sentence)
