"""What every test gets: no network, quick property tests, and the default model on request."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from engine.models.catalog import load_catalog
from engine.models.weights import prepare_weights
from tests.harness import FakeAdapter
from tests.quick import QuickRun

ROOT = Path(__file__).resolve().parent.parent

#: A busy machine is no fault of a test's.
_UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
# The same examples in every run: what `usual` finds, the author of a change finds. New ones are
# for `deep`: make test ARGS="--hypothesis-profile=deep".
settings.register_profile("quick", max_examples=5, derandomize=True, **_UNTIMED)
settings.register_profile("usual", max_examples=100, derandomize=True, **_UNTIMED)
settings.register_profile("deep", max_examples=100_000, **_UNTIMED)
settings.load_profile("usual")

# The developer's proxy, tokens and settings are none of the tests'.
_FOREIGN = re.compile(r".*_proxy|(hf|slack|telegram)_.*|faq_(?!data_dir$).*", re.IGNORECASE)
for _name in filter(_FOREIGN.fullmatch, list(os.environ)):
    del os.environ[_name]


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """Let nothing in this process connect to another machine."""
    if event != "socket.connect" or not isinstance(arguments[1], tuple):
        return
    host = str(arguments[1][0])
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise ConnectionRefusedError(f"tests may not connect to {host}")


sys.addaudithook(_refuse_network)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="leave out tests that load PyTorch, start a process or open a port",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("quick"):
        config.pluginmanager.register(QuickRun())
        settings.load_profile("quick")
        # A test that is ended where it stands leaves its sockets open.
        for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
            config.addinivalue_line("filterwarnings", f"ignore::{warning}")


@pytest.fixture(scope="session")
def default_model(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of SmolLM2-135M: the one `make` prepared, else converted once for all workers."""
    entry = load_catalog(ROOT / "config" / "models.yaml").get("smollm2-135m")
    prepared = Path(os.environ.get("FAQ_DATA_DIR", ROOT / "data")) / "models"
    mine = tmp_path_factory.getbasetemp()
    shared = mine if worker_id == "master" else mine.parent
    models = prepared if (prepared / entry.alias).is_dir() else shared / "models"
    with FileLock(shared / "models.lock"):
        return asyncio.run(prepare_weights(entry, models, on_progress=lambda _: None))


@pytest.fixture
def adapter() -> FakeAdapter:
    """A platform that keeps what it is sent."""
    return FakeAdapter()
