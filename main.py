"""The entry point: hands over to the command line in `bot/cli`."""

from __future__ import annotations

from bot.cli.app import app

if __name__ == "__main__":
    app()
