"""`health`: whether the assistant that runs is well, as an exit code."""

from __future__ import annotations

import typer

from bot.cli.errors import say_error
from bot.cli.options import ConfigOption, set_up
from bot.operations.heartbeat import ALIVE, find_trouble
from bot.operations.published import STATUS, StatusHidden, read_published
from bot.operations.reports import health_report


def health(config: ConfigOption = None) -> None:
    """Exit 0 while the assistant of this data folder is well, else say why not and exit 1."""
    settings, _ = set_up(config, quiet=True)
    trouble = find_trouble(settings.data_dir / ALIVE)
    try:
        published = read_published(settings.data_dir / STATUS)
    except StatusHidden:  # it only says more than the file that tells whether all is well
        published = None
    report = health_report(trouble, published)
    if trouble:
        say_error(report)
        raise typer.Exit(1)
    print(report)
