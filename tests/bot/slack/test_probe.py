"""What `check --online` tells of Slack's tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.findings import Finding
from bot.slack.probe import needed_scopes, probe_slack
from config.settings import Secrets, SlackSettings
from tests.slack_twin import APP_TOKEN, BOT_TOKEN, Fault, SlackTwin

TOKENS = {"slack_bot_token": BOT_TOKEN, "slack_app_token": APP_TOKEN}


async def probe(
    base_url: str, tokens: Mapping[str, str] = TOKENS, *, timeout_s: int = 30
) -> list[Finding]:
    secrets = Secrets.model_validate(dict(tokens))
    found = await probe_slack(SlackSettings(base_url=base_url), secrets, timeout_s=timeout_s)
    assert not any(token in str(found) for token in tokens.values())
    return found


async def test_good_tokens_are_told_with_whose_they_are() -> None:
    async with SlackTwin() as slack:
        bot, app = await probe(slack.base_url)

    assert bot == Finding(
        subject="Slack",
        good=True,
        sentence="SLACK_BOT_TOKEN is accepted: “UBOT” in the workspace “Twin”.",
    )
    assert app.good
    assert app.sentence == "SLACK_APP_TOKEN is accepted: Socket Mode can be used."
    assert slack.sockets == []


async def test_http_mode_asks_about_the_bot_token_alone() -> None:
    async with SlackTwin() as slack:
        tokens = {"slack_bot_token": BOT_TOKEN, "slack_signing_secret": "0" * 32}
        found = await probe(slack.base_url, tokens)

    assert [finding.good for finding in found] == [True]
    assert slack.called("apps.connections.open") == []


async def test_without_a_bot_token_nobody_is_asked() -> None:
    assert await probe("http://127.0.0.1:1/", {"slack_app_token": APP_TOKEN}) == []


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("invalid_auth", "copy it again"),
        ("account_inactive", "install it again"),
        ("token_revoked", "copy the new one"),
        ("token_expired", "it has expired"),
        ("team_access_not_granted", "ask its owners"),
        ("something_new", "see https://docs.slack.dev"),
    ],
)
async def test_a_refused_token_is_told_with_what_to_do(code: str, told: str) -> None:
    async with SlackTwin() as slack:
        slack.fail("auth.test", Fault(error=code))
        bot, app = await probe(slack.base_url)

    assert (bot.good, app.good) == (False, True)
    assert bot.sentence.startswith(f"Slack refuses SLACK_BOT_TOKEN ({code}): ")
    assert told in bot.sentence


async def test_an_app_token_without_its_scope_is_told() -> None:
    async with SlackTwin() as slack:
        slack.fail("apps.connections.open", Fault(error="missing_scope"))
        _, app = await probe(slack.base_url)

    assert not app.good
    assert "SLACK_APP_TOKEN (missing_scope): it lacks connections:write" in app.sentence


@pytest.mark.parametrize(
    "fault", [Fault(cut=True), Fault(status=503, body="<html>"), Fault(body="x")]
)
async def test_a_slack_that_cannot_be_reached_is_no_fault_of_the_token(fault: Fault) -> None:
    async with SlackTwin() as slack:
        slack.fail("auth.test", fault)
        bot, _ = await probe(slack.base_url)

    assert not bot.good
    assert bot.sentence.startswith("SLACK_BOT_TOKEN could not be tried, since Slack cannot be")


async def test_nobody_at_the_address_is_told() -> None:
    bot, _ = await probe("http://127.0.0.1:1/api")

    assert "cannot be reached (auth.test: ClientConnectorError); check the network" in bot.sentence


async def test_a_slack_that_never_answers_is_not_waited_for() -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked.wait()
        writer.close()

    asked = asyncio.Event()
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        bot, _ = await probe(f"http://127.0.0.1:{port}/api", timeout_s=1)
        asked.set()

    assert "SLACK_BOT_TOKEN could not be tried" in bot.sentence


async def test_missing_scopes_are_named() -> None:
    granted = ",".join(sorted(needed_scopes() - {"users:read", "im:write"}))
    async with SlackTwin() as slack:
        slack.fail("auth.test", Fault(after=True, headers={"X-OAuth-Scopes": granted}))
        bot, scopes, _ = await probe(slack.base_url)

    assert bot.good
    assert not scopes.good
    assert scopes.sentence.startswith("the app lacks im:write, users:read; add them")


def test_a_manifest_that_is_gone_asks_for_nothing(tmp_path: Path) -> None:
    assert "chat:write" in needed_scopes()
    assert needed_scopes(tmp_path / "gone.yaml") == set()
