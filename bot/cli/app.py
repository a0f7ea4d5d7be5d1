"""Puts the commands together."""

from __future__ import annotations

import typer

from bot.cli.ask import ask
from bot.cli.check import check
from bot.cli.corpus import corpus
from bot.cli.errors import ErrorReportingGroup
from bot.cli.eval import eval_app
from bot.cli.gaps import gaps
from bot.cli.models import models_app
from bot.cli.run import chat, run
from bot.cli.running import gpu, health

app = typer.Typer(
    cls=ErrorReportingGroup,
    help="FAQ Desk answers course questions from the FAQ: in Slack, Telegram or a terminal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (run, chat, ask, corpus, check, gpu, health, gaps):
    app.command()(command)
app.add_typer(models_app, name="models")
app.add_typer(eval_app, name="eval")
