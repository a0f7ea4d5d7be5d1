"""`run` and `chat`: the assistant until it is stopped."""

from __future__ import annotations

import asyncio

from bot.cli.options import ConfigOption, ModelOption, set_up


def run(config: ConfigOption = None, model: ModelOption = None) -> None:
    """Start the assistant: Telegram and Slack where tokens are set, else the console.

    Example: `main.py run --config my.yaml`
    """
    from bot.assistant import serve
    from bot.operations.platforms import refuse_wrong_platforms

    settings, secrets = set_up(config, model)
    refuse_wrong_platforms(settings, secrets)
    asyncio.run(serve(settings, secrets, console=not secrets.on_platforms))


def chat(config: ConfigOption = None, model: ModelOption = None) -> None:
    """Talk to the assistant here, whatever tokens are set."""
    from bot.assistant import serve

    settings, secrets = set_up(config, model)
    asyncio.run(serve(settings, secrets, console=True))
