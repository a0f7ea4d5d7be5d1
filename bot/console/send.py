"""Shows replies: in place in a terminal, the final versions alone in a file or a pipe."""

from __future__ import annotations

from typing import NoReturn, TextIO

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from bot.console.render import render
from bot.delivery.render import plain_text
from bot.messages import Reply, ReplyState


class _Terminal(Console):
    """rich would end the whole process on its own when the reader of a pipe leaves."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


class ConsoleSender:
    """The output. Methods raise BrokenPipeError when nobody reads it any more."""

    def __init__(self, stdout: TextIO, *, interactive: bool) -> None:
        self._terminal = _Terminal(file=stdout, highlight=False, soft_wrap=not stdout.isatty())
        self._interactive = interactive
        self._live: Live | None = None

    def introduce(self, text: str) -> None:
        """Print a line above what follows."""
        self._terminal.print(Text(text, style="dim"))

    def print_markdown(self, text: str) -> None:
        self._terminal.print(Markdown(text))

    def show(self, reply: Reply) -> None:
        """Show the reply in place of the version before it."""
        final = reply.state is ReplyState.FINAL
        if not self._interactive:
            if final:
                self._terminal.print(Text(plain_text(reply)), end="\n\n")
        elif final:
            self.end()
            self._terminal.print(render(reply))
        else:
            self._begin().update(render(reply))

    def end(self) -> None:
        """Take away the version that is not final."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _begin(self) -> Live:
        if self._live is None:
            self._live = Live(console=self._terminal, transient=True, refresh_per_second=8)
            self._live.start()
        return self._live
