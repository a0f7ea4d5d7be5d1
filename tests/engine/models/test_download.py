"""A model comes from the hub: what is fetched, what is told meanwhile, and what is refused."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants  # noqa: F401 - this process's cache is fixed here and now

from engine.errors import ModelLoadError
from engine.models.folder import Transfer, free_bytes, require_space
from engine.models.weights import prepare_weights
from tests.engine.worker.tiny_models import entry
from tests.waits import within

COMMIT = "c0ffee" * 6 + "abcd"
#: More than the library reads at once.
WEIGHTS = bytes(25_000_000)
FILES = {
    "config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "consolidated.safetensors": b"the same once more",
    "modeling_tiny.py": b"raise SystemExit",
    "onnx/config.json": b"{}",
    "pytorch_model.bin": b"a pickle",
}
RESOLVE = f"/nobody/tiny/resolve/{COMMIT}/"


class Hub(BaseHTTPRequestHandler):
    """A hub on this machine with one model."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes] = FILES
    #: The size it claims of files that are not as long as that.
    claimed: dict[str, int] = {}  # noqa: RUF012 - each test has its own class
    asked: list[str] = []  # noqa: RUF012
    #: Half of a long file is sent before somebody sets this.
    go_on = threading.Event()

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        self.asked.append(f"{self.command} {path}")
        name = path.removeprefix(RESOLVE)
        if name != path:
            body = self.files[name]
        elif "/tree/" in path:
            body = json.dumps([self._listed(name) for name in self.files]).encode()
        else:
            body = json.dumps({"id": "nobody/tiny", "sha": COMMIT, "siblings": []}).encode()
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(self.claimed.get(name, len(body))))
        self.end_headers()
        if with_body:
            with suppress(ConnectionError):  # a download that was stopped
                self._send(body)

    def _send(self, body: bytes) -> None:
        self.wfile.write(body[: len(body) // 2])
        if len(body) == len(WEIGHTS):
            self.go_on.wait(60)
        self.wfile.write(body[len(body) // 2 :])

    def _listed(self, name: str) -> dict[str, object]:
        body = self.files[name]
        size = self.claimed.get(name, len(body))
        return {"type": "file", "path": name, "size": size, "oid": hashlib.sha1(body).hexdigest()}

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    class OwnHub(Hub):
        claimed: dict[str, int] = {}  # noqa: RUF012
        asked: list[str] = []  # noqa: RUF012
        go_on = threading.Event()

    server = ThreadingHTTPServer(("127.0.0.1", 0), OwnHub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    yield OwnHub
    OwnHub.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


def ignore(_: object) -> None:
    """Progress is not looked at."""


async def test_what_is_of_use_comes_and_is_told_of_on_its_way(
    tmp_path: Path, hub: type[Hub]
) -> None:
    told: list[Transfer] = []

    def hear(transfer: Transfer) -> None:
        told.append(transfer)
        if 0 < transfer.done < transfer.total:
            hub.go_on.set()

    folder = await prepare_weights(entry(), tmp_path / "models", on_progress=hear)

    assert folder == tmp_path / "hf/hub/models--nobody--tiny/snapshots" / COMMIT
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.go_on.is_set()
    assert str(told[1]) == "Downloading tiny: 0 of 25 MB"
    assert (told[-1].done, told[-1].total) == (25_000_002, 25_000_002)


@pytest.mark.parametrize(
    ("variable", "folder"), [("HF_HOME", "there/hub"), ("HF_HUB_CACHE", "there")]
)
async def test_what_the_disk_cannot_hold_is_refused_before_the_first_byte(
    tmp_path: Path, hub: type[Hub], monkeypatch: pytest.MonkeyPatch, variable: str, folder: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "there"))
    hub.claimed["model.safetensors"] = 10**18

    with pytest.raises(ModelLoadError) as refused:
        await prepare_weights(entry(), tmp_path / "models", on_progress=ignore)

    assert f"needs 1000000000.0 GB in {tmp_path / folder}, " in str(refused.value)
    assert f"set {variable} to a folder on a larger disk" in str(refused.value)
    assert not [line for line in hub.asked if line.startswith(f"GET {RESOLVE}")]


async def test_a_model_without_safetensors_is_refused_before_the_first_byte(
    tmp_path: Path, hub: type[Hub]
) -> None:
    hub.files = {"config.json": b"{}", "pytorch_model.bin": b"a pickle"}

    with pytest.raises(ModelLoadError, match="has no weights in safetensors format"):
        await prepare_weights(entry(), tmp_path / "models", on_progress=ignore)

    assert not [line for line in hub.asked if line.startswith(f"GET {RESOLVE}")]


async def test_a_pinned_commit_is_fetched_whatever_the_branch_is_at(
    tmp_path: Path, hub: type[Hub]
) -> None:
    hub.go_on.set()

    folder = await prepare_weights(entry(revision=COMMIT), tmp_path / "models", on_progress=ignore)

    assert folder.name == COMMIT
    assert not [line for line in hub.asked if "main" in line]


def parts(tmp_path: Path) -> list[str]:
    blobs = tmp_path / "hf/hub/models--nobody--tiny/blobs"
    return sorted(path.name for path in blobs.glob("*.incomplete"))


async def test_what_a_stopped_download_has_left_is_gone_when_it_is_asked_for_again(
    tmp_path: Path, hub: type[Hub]
) -> None:
    begun = asyncio.Event()

    def hear(transfer: Transfer) -> None:
        if transfer.done > 1_000_000:
            begun.set()

    stopped = asyncio.create_task(prepare_weights(entry(), tmp_path / "models", on_progress=hear))
    await within(begun.wait())
    stopped.cancel()
    await asyncio.wait({stopped})
    left = parts(tmp_path)
    hub.claimed["model.safetensors"] = 10**18

    with pytest.raises(ModelLoadError, match="does not fit on the disk"):
        await prepare_weights(entry(), tmp_path / "models", on_progress=ignore)

    assert left
    assert parts(tmp_path) == []


async def test_what_another_program_is_downloading_stays(tmp_path: Path, hub: type[Hub]) -> None:
    hub.go_on.set()
    for name in ("hub/models--nobody--tiny/blobs", "hub/.locks/models--nobody--tiny"):
        (tmp_path / "hf" / name).mkdir(parents=True)
    for name in ("held.1.incomplete", "free.2.incomplete", "bare.incomplete"):
        (tmp_path / "hf/hub/models--nobody--tiny/blobs" / name).touch()
    locks = tmp_path / "hf/hub/.locks/models--nobody--tiny"
    (locks / "free.lock").touch()

    with (locks / "held.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        await prepare_weights(entry(), tmp_path / "models", on_progress=ignore)

    assert parts(tmp_path) == ["held.1.incomplete"]


@pytest.mark.parametrize(
    ("needed", "fits"), [(0, True), (800_000_000, True), (800_000_001, False), (10**12, False)]
)
def test_some_room_is_left_for_the_questions(tmp_path: Path, needed: int, fits: bool) -> None:
    def ask() -> None:
        require_space("tiny", needed, tmp_path, remedy="buy a disk", free=lambda _: 10**9)

    if fits:
        ask()
    else:
        with pytest.raises(ModelLoadError, match=r"1\.0 GB are free .* or buy a disk"):
            ask()


def test_the_room_of_a_folder_to_be_is_that_of_its_disk(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet" / "there") > 0


@pytest.mark.parametrize(
    ("transfer", "words"),
    [
        (Transfer(what="Converting tiny"), "Converting tiny"),
        (Transfer(what="Saving tiny", done=9_400_000, total=10**8), "Saving tiny: 9 of 100 MB"),
        (
            Transfer(what="Downloading phi", done=2_100_000_000, total=7_600_000_000),
            "Downloading phi: 2.1 of 7.6 GB",
        ),
    ],
)
def test_a_transfer_reads_as_words(transfer: Transfer, words: str) -> None:
    assert str(transfer) == words
