"""No token reaches the log, whichever way it got into a line."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from config.logging import set_up_logging
from config.settings import LoggingSettings

TOKENS = [
    "123456789:AAF-canary_canary_canary_canary_canar",
    "xoxb-123456789012-canarycanary",
    "xapp-1-A0123-canary-canary",
    "hf_canarycanarycanary",
]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logging(LoggingSettings(level="DEBUG"), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_in_message_argument_or_traceback_is_replaced(
    token: str, written: io.StringIO
) -> None:
    log = logging.getLogger("engine.somewhere")

    log.info("message with " + token)  # noqa: G003 - the careless way is what is tested
    log.info("argument %s", token)
    try:
        raise ValueError(token)
    except ValueError:
        log.exception("failed")

    text = written.getvalue()
    assert "canary" not in text
    assert text.count("[secret]") >= 3
    assert "ValueError" in text
