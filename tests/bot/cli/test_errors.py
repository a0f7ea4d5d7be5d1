"""How the command line fails: one sentence, an exit code, and never a secret."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from bot.adapter import PlatformLost
from bot.cli.errors import ErrorReportingGroup
from bot.operations.published import StatusHidden
from config.settings import ConfigError
from engine.errors import StoreError

TOKEN = "123456:" + "a" * 35


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("corpus.sorces: there is no such setting."), 1, "corpus.sorces: there is no"),
        (StoreError(f"The store has {TOKEN}."), 1, "The store has [secret].\n"),
        (PlatformLost("Telegram refuses the token."), 1, "Telegram refuses the token.\n"),
        (StatusHidden("It cannot be read."), 1, "It cannot be read.\n"),
        (OSError(28, "No space left on device"), 1, "No space left on device.\n"),
        (KeyboardInterrupt(), 130, ""),
        (
            BaseExceptionGroup("", [BaseExceptionGroup("", [ConfigError("No."), OSError(2, "")])]),
            1,
            "No.\n",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
@pytest.mark.parametrize("words", [["fail"], ["group", "fail"]], ids=len)
def test_an_error_of_ours_is_a_sentence_and_an_exit_code(
    error: BaseException, code: int, said: str, words: list[str]
) -> None:
    app, group = typer.Typer(cls=ErrorReportingGroup), typer.Typer()
    app.add_typer(group, name="group")

    @app.command()
    @group.command()
    def fail() -> None:
        raise error

    @app.command()
    @group.command()
    def other() -> None: ...

    result = CliRunner().invoke(app, words)

    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith(said)
    assert "Traceback" not in result.output


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    app = typer.Typer(cls=ErrorReportingGroup)

    @app.command()
    def fail() -> None:
        raise BaseExceptionGroup("", [ZeroDivisionError("division by zero")])

    @app.command()
    def other() -> None: ...

    assert isinstance(CliRunner().invoke(app, ["fail"]).exception, ZeroDivisionError)
