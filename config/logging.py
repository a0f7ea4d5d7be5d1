"""Sets up logging to standard error once, without secrets in it."""

from __future__ import annotations

import logging
import re
import sys
from typing import TextIO

from config.settings import LoggingSettings

#: Shapes of the tokens this program handles: Telegram, Slack, Slack app level, Hugging Face.
_TOKENS = re.compile(r"\d{6,}:[\w-]{30,}|xox[a-z]-[\w-]{6,}|xapp-[\w-]{6,}|hf_[A-Za-z0-9]{8,}")
#: Libraries that log addresses (Telegram's hold the token) or every request.
_CHATTY = ("httpx", "httpcore", "telegram", "slack_bolt", "slack_sdk", "aiohttp", "asyncio")


def redact(text: str) -> str:
    """`text` with everything that looks like a token replaced."""
    return _TOKENS.sub("[secret]", text)


class _RedactingFormatter(logging.Formatter):
    """Formatting is the last step: message, arguments and traceback all pass through it."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def set_up_logging(settings: LoggingSettings, stream: TextIO | None = None) -> None:
    """Send log lines of this process to `stream`, standard error by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
