"""`check`: everything that must be right before people are let in."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli.errors import OURS, first_of
from bot.cli.options import ConfigOption, JsonOption, ModelOption, set_up
from bot.findings import Finding
from config.logging import redact
from config.settings import Secrets, Settings
from engine.errors import ModelError


def check(
    config: ConfigOption = None,
    model: ModelOption = None,
    online: Annotated[
        bool,
        typer.Option("--online", help="Ask Slack, Telegram and the hub about their tokens, too."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Look at settings, FAQ, model, GPU and tokens; name every problem; exit 1 if there is one.

    Example: `main.py check --online`
    """
    settings, secrets = set_up(config, model, quiet=True)
    findings = asyncio.run(_findings(settings, secrets, online=online))
    problems = sum(not finding.good for finding in findings)
    if as_json:
        content = {"problems": problems, "findings": [asdict(finding) for finding in findings]}
        print(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            state = "ok     " if finding.good else "PROBLEM"
            print(f"{state}  {finding.subject}: {finding.sentence}")
        print(f"\n{problems} problem{'' if problems == 1 else 's'}.")
    if problems:
        raise typer.Exit(1)


async def _findings(settings: Settings, secrets: Secrets, *, online: bool) -> list[Finding]:
    from bot.assistant import running_assistant
    from bot.operations.checkup import examine, examine_settings

    try:
        async with running_assistant(settings, secrets) as assistant:
            findings = await examine(
                settings,
                secrets,
                assistant.retriever,
                assistant.engine,
                assistant.relevance,
                assistant.support,
            )
    except (*OURS, BaseExceptionGroup) as error:
        reason = first_of(error)
        if not isinstance(reason, OURS):
            raise
        # `run` would end with this; what can be looked at all the same is.
        stopped = Finding(subject="start", good=False, sentence=redact(str(reason)))
        findings = [*await examine_settings(settings, secrets), stopped]
    return findings + (await _ask_platforms(settings, secrets) if online else _untried(secrets))


def _untried(secrets: Secrets) -> list[Finding]:
    if not (secrets.on_platforms or secrets.hub_token):
        return []
    sentence = "they look right and were not tried; `check --online` does that."
    return [Finding(subject="tokens", good=True, sentence=sentence)]


async def _ask_platforms(settings: Settings, secrets: Secrets) -> list[Finding]:
    from bot.slack.probe import probe_slack
    from bot.telegram.probe import probe_telegram

    findings = await asyncio.gather(
        probe_telegram(settings.telegram, secrets),
        probe_slack(settings.slack, secrets),
        _ask_hub(secrets),
    )
    return [finding for several in findings for finding in several]


async def _ask_hub(secrets: Secrets) -> list[Finding]:
    from engine.models.hub_token import owner_of_token

    if secrets.hub_token is None:
        return []
    try:
        owner = await asyncio.to_thread(owner_of_token, secrets.hub_token)
    except ModelError as error:
        return [Finding(subject="hub", good=False, sentence=redact(str(error)))]
    return [Finding(subject="hub", good=True, sentence=f"HF_TOKEN is accepted: “{owner}”.")]
