"""A model saved once: whole or not at all, and refused when anything in it has changed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import ModelError, ModelLoadError
from engine.models.catalog import ModelEntry, PromptStyle, Task
from engine.models.folder import Transfer
from engine.models.saved import (
    MANIFEST,
    commit_of,
    describe_saved,
    read_manifest,
    refuse_other_commit,
    remove_model,
    save_model,
    saved_bytes,
    verify_saved,
)
from engine.worker.loading import load_model
from tests.engine.models.hub_twin import small_files, weights

ENTRY = ModelEntry(
    alias="small",
    hub_id="owner/small",
    task=Task.CAUSAL,
    prompt=PromptStyle.CHAT,
    context_window=256,
    licence="MIT",
    memory_gb=1,
)
COMMIT = "c0ffee" * 6 + "abcd"
FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights" * 1000,
    "tokenizer.json": b'{"a": 1}',
    "README.md": b"no use",
    "pytorch_model.bin": b"a pickle",
}


def ignore(_: Transfer) -> None:
    pass


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "models--owner--small" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def saved(source: Path, tmp_path: Path) -> Path:
    target = tmp_path / "saved" / "small"
    save_model(ENTRY, source, target, on_progress=ignore)
    return target


def test_a_saved_folder_holds_weights_and_tokenizer_and_no_pickle(saved: Path) -> None:
    names = {path.name for path in saved.iterdir()}

    assert names == {"config.json", "model.safetensors", "tokenizer.json", MANIFEST}


def test_the_manifest_names_origin_and_sums(saved: Path) -> None:
    manifest = read_manifest(saved)

    assert manifest is not None
    assert (manifest.hub_id, manifest.revision) == ("owner/small", COMMIT)
    weights = manifest.files["model.safetensors"]
    assert weights.size == 7000
    assert weights.sha256 == hashlib.sha256(FILES["model.safetensors"]).hexdigest()


def test_an_untouched_folder_is_accepted(saved: Path) -> None:
    verify_saved(saved)


def test_a_folder_without_a_manifest_is_not_judged(source: Path) -> None:
    verify_saved(source)


def test_progress_adds_up_to_what_was_announced(source: Path, tmp_path: Path) -> None:
    told: list[Transfer] = []

    save_model(ENTRY, source, tmp_path / "new", on_progress=told.append)

    assert told[-1].done == told[-1].total == saved_bytes(source)
    assert [transfer.done for transfer in told] == sorted(transfer.done for transfer in told)


def test_what_does_not_fit_on_the_disk_is_refused_with_the_numbers(
    source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "far" / "new"

    with pytest.raises(
        ModelError, match=r"needs 0.0 GB in .*/far, 0.1 GB are free .* name a folder on a larger"
    ):
        save_model(ENTRY, source, target, on_progress=ignore, free=lambda _: 100_000_000)

    assert not target.parent.exists()


def test_a_commit_is_known_of_the_hubs_cache_and_of_what_was_saved_from_it(
    source: Path, saved: Path, tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()

    assert (commit_of(source), commit_of(saved)) == (COMMIT, COMMIT)
    assert commit_of(tmp_path / "plain") is None


@pytest.mark.parametrize("revision", ["main", "v1.0", COMMIT])
def test_a_branch_takes_any_commit_and_a_pinned_one_takes_itself(
    saved: Path, revision: str
) -> None:
    refuse_other_commit(replace(ENTRY, revision=revision), saved)


def test_a_saved_folder_of_another_commit_than_the_pinned_one_is_refused(saved: Path) -> None:
    pinned = replace(ENTRY, revision="0" * 40)

    with pytest.raises(ModelLoadError, match=f"holds commit {COMMIT} .* wants {'0' * 40}"):
        refuse_other_commit(pinned, saved)


def test_a_folder_that_tells_no_commit_is_refused_where_one_is_pinned(
    source: Path, tmp_path: Path
) -> None:
    plain = source.rename(tmp_path / "plain")
    save_model(ENTRY, plain, tmp_path / "branch", on_progress=ignore)
    pinned = replace(ENTRY, revision=COMMIT)

    for folder in (plain, tmp_path / "branch"):
        refuse_other_commit(ENTRY, folder)
        with pytest.raises(ModelLoadError, match=f"Nothing tells which commit .* {COMMIT}"):
            refuse_other_commit(pinned, folder)


def truncate(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(FILES["model.safetensors"][:-1])


def flip_a_bit(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"Weights" + FILES["model.safetensors"][7:])


def lose_a_file(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def add_a_file(folder: Path) -> None:
    (folder / "adapter_config.json").write_bytes(b"{}")


def spoil_the_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"{")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (truncate, "model.safetensors does not have its 7000 bytes"),
        (flip_a_bit, "model.safetensors was changed"),
        (lose_a_file, "tokenizer.json is missing"),
        (add_a_file, "adapter_config.json is not in its manifest"),
        (spoil_the_manifest, "cannot be read"),
    ],
)
def test_a_changed_folder_is_refused_at_load_and_the_file_named(
    saved: Path, damage: object, said: str
) -> None:
    assert callable(damage)
    damage(saved)

    with pytest.raises(ModelLoadError, match=said):
        load_model(ENTRY, saved, device="cpu")


def test_a_saved_folder_tells_its_origin_and_state(saved: Path, source: Path) -> None:
    assert f"from owner/small at {COMMIT}, licence MIT; every file" in describe_saved(saved)


def test_a_folder_without_a_manifest_is_told_as_far_as_its_files_tell(tmp_path: Path) -> None:
    for name, content in (small_files() | {"model.safetensors": weights(100)}).items():
        (tmp_path / name).write_bytes(content)

    told = describe_saved(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(weights(100)[:-1])

    assert "no file is missing or cut short. Without a manifest" in told
    with pytest.raises(ModelLoadError, match=r"model.safetensors is cut short .*`models pull`"):
        describe_saved(tmp_path)


def test_a_saved_folder_can_be_saved_again_with_its_origin(saved: Path, tmp_path: Path) -> None:
    again = save_model(ENTRY, saved, tmp_path / "again", on_progress=ignore)

    assert again.revision == COMMIT


def test_a_damaged_folder_is_not_saved_again(saved: Path, tmp_path: Path) -> None:
    flip_a_bit(saved)

    with pytest.raises(ModelError, match="was changed"):
        save_model(ENTRY, saved, tmp_path / "again", on_progress=ignore)

    assert not (tmp_path / "again").exists()


def test_a_damaged_download_is_not_saved(source: Path, tmp_path: Path) -> None:
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    blob = blobs / hashlib.sha256(FILES["model.safetensors"]).hexdigest()
    blob.write_bytes(b"half of it")
    (source / "model.safetensors").unlink()
    (source / "model.safetensors").symlink_to(blob)

    with pytest.raises(ModelError, match=r"model\.safetensors was changed"):
        save_model(ENTRY, source, tmp_path / "new", on_progress=ignore)


def test_nothing_is_left_when_saving_fails_halfway(source: Path, tmp_path: Path) -> None:
    def fail(_: Transfer) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_model(ENTRY, source, tmp_path / "out" / "new", on_progress=fail)

    assert list((tmp_path / "out").iterdir()) == []


def test_an_existing_folder_is_never_overwritten(source: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data", encoding="utf-8")

    with pytest.raises(ModelError, match="exists already"):
        save_model(ENTRY, source, tmp_path, on_progress=ignore)


def test_an_unwritable_place_is_a_sentence(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(ModelError, match="could not be saved to"):
        save_model(ENTRY, source, tmp_path / "file" / "new", on_progress=ignore)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/b", ""])
def test_a_manifest_names_files_of_its_own_folder_only(saved: Path, name: str) -> None:
    text = (saved / MANIFEST).read_text(encoding="utf-8")
    (saved / MANIFEST).write_text(text.replace("tokenizer.json", name), encoding="utf-8")

    with pytest.raises(ModelLoadError, match="cannot be read"):
        verify_saved(saved)


def test_removing_frees_the_saved_folder(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "empty"))
    models_dir = tmp_path / "models"
    save_model(ENTRY, source, models_dir / "small", on_progress=ignore)

    freed = remove_model(ENTRY, models_dir)

    assert freed > 7000
    assert not (models_dir / "small").exists()


def test_removing_follows_no_link(source: Path, saved: Path, tmp_path: Path) -> None:
    models_dir = tmp_path / "models"
    models_dir.mkdir()
    (models_dir / "small").symlink_to(saved)

    remove_model(ENTRY, models_dir)

    assert not (models_dir / "small").is_symlink()
    verify_saved(saved)
