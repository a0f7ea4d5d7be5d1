"""A model comes from the hub: what is fetched, what is told meanwhile, and what is refused."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants  # noqa: F401 - this process's cache is fixed here and now

from engine.errors import ModelLoadError
from engine.models.folder import Transfer, free_bytes, require_space
from engine.models.weights import prepare_weights
from tests.engine.models.hub_twin import COMMIT, WEIGHTS, HubTwin, hub_twin, small_files
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
