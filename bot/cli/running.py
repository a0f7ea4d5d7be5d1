"""`gpu` and `health`: how the assistant that runs on this machine is."""

from __future__ import annotations

import sys
from time import sleep
from typing import Annotated

import typer

from bot.cli.errors import say_error
from bot.cli.options import ConfigOption, set_up
from bot.operations.heartbeat import ALIVE, find_trouble
from bot.operations.published import STATUS, StatusHidden, read_published
from bot.operations.reports import device_report, health_report
from engine.models.hardware import Machine

#: `--watch`: seconds in all, and between two looks.
WATCH_S, WATCH_EVERY_S = 60.0, 3.0


def gpu(
    config: ConfigOption = None,
    watching: Annotated[
        bool, typer.Option("--watch", help="Look again and again, for a minute.")
    ] = False,
) -> None:
    """The same as /gpu: GPUs, the running model, its speed, queue and last error."""
    from bot.cli.terminal import watch

    settings, _ = set_up(config, quiet=True)
    pauses = iter(range(round(WATCH_S / WATCH_EVERY_S) if watching else 0))

    def pause() -> bool:
        if next(pauses, None) is None:
            return False
        sleep(WATCH_EVERY_S)
        return True

    def look() -> str:
        published = read_published(settings.data_dir / STATUS)
        return device_report(published, settings.data_dir, Machine())

    watch(look, sys.stdout, pause)


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
