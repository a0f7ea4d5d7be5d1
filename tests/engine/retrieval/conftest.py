"""What several test modules of this folder start from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fake_embedder import FakeEmbedder


@pytest.fixture(params=[None, FakeEmbedder], ids=["words", "words and vectors"])
def embedder(request: pytest.FixtureRequest) -> FakeEmbedder | None:
    make: Callable[[], FakeEmbedder] | None = request.param
    return make() if make else None
