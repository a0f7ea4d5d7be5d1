"""The entry point: hands over to the command line in `bot/cli`."""

from __future__ import annotations

import sys

try:
    from bot.cli.app import app
except KeyboardInterrupt:  # Ctrl-C while the libraries are imported
    sys.exit(130)

if __name__ == "__main__":
    app()
