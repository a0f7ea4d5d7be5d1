"""Turns what goes wrong in a command into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from bot.adapter import PlatformLost
from bot.operations.published import StatusHidden
from config.logging import redact
from config.settings import ConfigError
from engine.errors import EngineError


class WrongInput(Exception):
    """What was typed cannot be used; the message says what to write."""


#: What ends a command with its own sentence.
OURS = (ConfigError, EngineError, PlatformLost, StatusHidden, WrongInput)


class ErrorReportingGroup(TyperGroup):
    """Runs a command; an error of ours becomes one sentence and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                return super().invoke(ctx)
            except BaseExceptionGroup as group:
                raise first_of(group) from None
        except OURS as error:
            say_error(redact(str(error)))
            raise typer.Exit(1) from None
        except typer.BadParameter as error:
            # A value that cannot be used, unlike a word that is no command or option (2).
            if type(error) is typer.BadParameter and error.param is not None:
                error.exit_code = 1
            raise
        except BrokenPipeError:  # whoever read our output has left, as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(1) from None
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            say_error(redact(f"{where}{error.strerror or error}."))
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def first_of(error: BaseException) -> BaseException:
    """The first error of a group, however deep; any other error itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def say_error(sentence: str) -> None:
    """Print to standard error: what is printed for programs goes to standard output alone."""
    print(sentence, file=sys.stderr, flush=True)
