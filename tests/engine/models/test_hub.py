"""A hub that cannot be reached is found out before anything is asked of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from engine.errors import ModelLoadError
from engine.models.hub import require_reachable
from tests.engine.worker.tiny_models import entry


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes every call and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_hub_that_says_nothing_is_given_up_in_time(silent: socket.socket) -> None:
    with pytest.raises(ModelLoadError, match=r"hub cannot be reached \(.+\); copy a saved"):
        require_reachable(entry(), endpoint=address(silent), patience_s=0.2)


def test_a_hub_that_is_not_there_is_given_up_at_once(silent: socket.socket) -> None:
    gone = address(silent)
    silent.close()

    with pytest.raises(ModelLoadError, match=r"hub cannot be reached \(.*refused.*\)"):
        require_reachable(entry(), endpoint=gone, patience_s=600)
