"""A model comes from the hub: what is fetched, what is told meanwhile, and what is refused."""

from __future__ import annotations

import asyncio
import fcntl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants  # noqa: F401 - this process's cache is fixed here and now

from config.settings import ROOT
from engine.errors import ModelLoadError
from engine.models.fetch import LINE, ORDER, Order, Result
from engine.models.folder import Transfer, free_bytes, require_space
from engine.models.weights import prepare_weights
from tests.engine.models.hub_twin import (
    COMMIT,
    RESOLVE,
    WEIGHTS,
    HubTwin,
    hub_twin,
    small_files,
    weights,
)
from tests.engine.worker.tiny_models import entry
from tests.waits import within

SNAPSHOTS = "hf/hub/models--nobody--tiny/snapshots"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubTwin]:
    with hub_twin() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        for name in ("HF_HUB_CACHE", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        yield hub


def ignore(_: object) -> None:
    """Progress is not looked at."""


async def test_what_is_of_use_comes_and_is_told_of_on_its_way(tmp_path: Path, hub: HubTwin) -> None:
    told: list[Transfer] = []

    def hear(transfer: Transfer) -> None:
        told.append(transfer)
        if 0 < transfer.done < transfer.total:
            hub.go_on.set()

    folder = await prepare_weights(entry(), tmp_path / "models", on_progress=hear)

    assert folder == tmp_path / SNAPSHOTS / COMMIT
    assert {path.name for path in folder.iterdir()} == {*small_files(), "model.safetensors"}
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.go_on.is_set()
    assert str(told[1]) == "Downloading tiny: 0 of 25 MB"
    assert str(told[-2]) == "Downloading tiny: 25 of 25 MB"
    assert str(told[-1]) == "Checking tiny"


@pytest.mark.parametrize(
    ("variable", "folder"), [("HF_HOME", "there/hub"), ("HF_HUB_CACHE", "there")]
)
async def test_what_the_disk_cannot_hold_is_refused_before_the_weights_are_fetched(
    tmp_path: Path, hub: HubTwin, monkeypatch: pytest.MonkeyPatch, variable: str, folder: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "there"))
    hub.claimed["model.safetensors"] = 10**18

    with pytest.raises(ModelLoadError) as refused:
        await prepare_weights(entry(), tmp_path / "models", on_progress=ignore)

    assert f"needs 1000000000.0 GB in {tmp_path / folder}, " in str(refused.value)
    assert f"set {variable} to a folder on a larger disk" in str(refused.value)
    assert "model.safetensors" not in hub.fetched()


async def test_a_model_without_safetensors_is_refused_before_the_first_byte(
    tmp_path: Path, hub: HubTwin
) -> None:
    hub.files = {"config.json": b"{}", "pytorch_model.bin": b"a pickle"}

    with pytest.raises(ModelLoadError, match="has no weights in safetensors format"):
        await prepare_weights(entry(), tmp_path / "models", on_progress=ignore)

    assert hub.fetched() == []


async def test_a_pinned_commit_is_fetched_whatever_the_branch_is_at(
    tmp_path: Path, hub: HubTwin
) -> None:
    hub.go_on.set()

    folder = await prepare_weights(entry(revision=COMMIT), tmp_path / "models", on_progress=ignore)

    assert folder.name == COMMIT
    assert not [line for line in hub.asked if "main" in line]


def parts(tmp_path: Path) -> list[str]:
    blobs = tmp_path / "hf/hub/models--nobody--tiny/blobs"
    return sorted(path.name for path in blobs.glob("*.incomplete"))


async def test_what_a_stopped_download_has_left_is_gone_when_it_is_asked_for_again(
    tmp_path: Path, hub: HubTwin
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


async def test_what_another_program_is_downloading_stays(tmp_path: Path, hub: HubTwin) -> None:
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


SMALL = weights(1000)


async def pull(tmp_path: Path) -> Path:
    """As `models pull` does."""
    return await prepare_weights(entry(), tmp_path / "models", on_progress=ignore, thorough=True)


def cached(tmp_path: Path, name: str = "model.safetensors") -> Path:
    return tmp_path / SNAPSHOTS / COMMIT / name


async def test_wrong_bytes_are_deleted_and_come_right_the_next_time(
    tmp_path: Path, hub: HubTwin
) -> None:
    hub.files["model.safetensors"] = SMALL
    hub.sent["model.safetensors"] = weights(1000, b"\1")

    with pytest.raises(ModelLoadError, match=r"model.safetensors is not what the hub has.*twice"):
        await pull(tmp_path)

    assert not cached(tmp_path).exists()
    assert hub.fetched().count("model.safetensors") == 2
    assert not (tmp_path / "hf/hub/models--nobody--tiny/refs/main").exists()

    hub.sent.clear()
    await pull(tmp_path)
    assert cached(tmp_path).read_bytes() == SMALL
    assert hub.fetched().count("model.safetensors") == 3


@pytest.mark.parametrize(
    "content",
    [SMALL[:-10], weights(1000, b"\2")],
    ids=["cut short", "wrong"],
)
def test_what_is_damaged_in_the_cache_is_fetched_anew(
    tmp_path: Path, hub: HubTwin, content: bytes
) -> None:
    hub.files["model.safetensors"] = SMALL
    folder = cached(tmp_path).parent
    blobs = folder.parents[1] / "blobs"
    for path in (folder, blobs):
        path.mkdir(parents=True)
    for name in ("model.safetensors", *small_files()):
        listed = hub.listed(name)
        lfs = listed.get("lfs")
        blob = blobs / str(lfs["sha256"] if isinstance(lfs, dict) else listed["oid"])
        blob.write_bytes(content if name == "model.safetensors" else hub.files[name])
        (folder / name).symlink_to(blob)

    result = fetch_in_a_process(tmp_path, folder)

    assert result == Result(path=str(folder))
    assert cached(tmp_path).read_bytes() == SMALL
    assert hub.fetched() == ["model.safetensors"]


def test_what_is_damaged_in_a_folder_of_your_own_is_named_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    for name, content in (small_files() | {"model.safetensors": SMALL[:-1]}).items():
        (folder / name).write_bytes(content)

    result = fetch_in_a_process(tmp_path, folder)

    assert f"{folder}/model.safetensors is cut short or damaged" in str(result.error)
    assert "models pull tiny" in str(result.error)
    assert (folder / "model.safetensors").exists()


def fetch_in_a_process(tmp_path: Path, found: Path) -> Result:
    """What the fetching process says of a model that is here. In this one the hub's cache is fixed
    elsewhere, so that it would find none there.
    """
    order = Order(entry=entry(), models_dir=str(tmp_path), hf_token=None, found=str(found))
    done = subprocess.run(
        [sys.executable, "-m", "engine.models.fetch"],
        cwd=ROOT,
        input=ORDER.dump_json(order) + b"\n",
        stdout=subprocess.PIPE,
        check=False,
    )
    result = LINE.validate_json(done.stdout.splitlines()[-1])
    assert isinstance(result, Result)
    return result


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (small_files({"model_type": "from_the_future"}), "does not know"),
        (small_files(tokenizer={"chat_template": None}), "has no chat template"),
    ],
    ids=["architecture", "template"],
)
async def test_what_cannot_be_loaded_is_said_before_the_weights_are_fetched(
    tmp_path: Path, hub: HubTwin, files: dict[str, bytes], sentence: str
) -> None:
    hub.files |= files

    with pytest.raises(ModelLoadError, match=sentence):
        await pull(tmp_path)

    assert set(hub.fetched()) == set(small_files())


async def test_what_is_damaged_on_the_hub_itself_is_said_to_be_so(
    tmp_path: Path, hub: HubTwin
) -> None:
    hub.files["model.safetensors"] = SMALL[:-1]

    with pytest.raises(ModelLoadError, match=r"cut short or damaged .*, and so it is on the hub"):
        await pull(tmp_path)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_hub_that_gives_up_halfway_is_told_as_it_is(
    tmp_path: Path, hub: HubTwin, status: int
) -> None:
    hub.refused, hub.refusal = RESOLVE, (status, {"Retry-After": "0"}, b"{}")

    with pytest.raises(ModelLoadError, match=rf"the hub answered {status}.*try again in 0 s"):
        await pull(tmp_path)


async def test_terms_that_are_asked_for_halfway_are_told_of(tmp_path: Path, hub: HubTwin) -> None:
    """The list of a gated model is open to all, its files are not."""
    hub.refused, hub.refusal = RESOLVE, (401, {"X-Error-Code": "GatedRepo"}, b"{}")

    with pytest.raises(ModelLoadError, match="tiny is gated: accept its terms"):
        await pull(tmp_path)


async def test_a_mirror_that_sends_no_sums_is_said_to_be_no_hub(
    tmp_path: Path, hub: HubTwin
) -> None:
    hub.refused, hub.refusal = RESOLVE, (200, {"Content-Type": "text/html"}, b"<html></html>")

    with pytest.raises(ModelLoadError, match="is no hub"):
        await pull(tmp_path)
