"""`check`: everything that must be right before people are let in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from bot.cli.options import ConfigOption, ModelOption, set_up
from config.settings import Secrets, Settings

if TYPE_CHECKING:
    from bot.operations.checkup import Finding


def check(config: ConfigOption = None, model: ModelOption = None) -> None:
    """Look at settings, FAQ, model, GPU and tokens; name every problem; exit 1 if there is one."""
    settings, secrets = set_up(config, model, quiet=True)
    findings = asyncio.run(_findings(settings, secrets))
    for finding in findings:
        print(f"{'ok     ' if finding.good else 'PROBLEM'}  {finding.subject}: {finding.sentence}")
    problems = sum(not finding.good for finding in findings)
    print(f"\n{problems} problem{'' if problems == 1 else 's'}.")
    if problems:
        raise typer.Exit(1)


async def _findings(settings: Settings, secrets: Secrets) -> list[Finding]:
    from bot.assistant import running_assistant
    from bot.operations.checkup import examine

    async with running_assistant(settings, secrets) as assistant:
        return await examine(
            settings,
            secrets,
            assistant.retriever,
            assistant.engine,
            assistant.relevance,
            assistant.support,
        )
