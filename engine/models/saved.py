"""Model folders with a manifest: written by `models save`, checked each time one is loaded."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from engine.errors import ModelError, ModelLoadError
from engine.models.catalog import COMMIT, ModelEntry
from engine.models.folder import (
    MANIFEST,
    Transfer,
    free_bytes,
    new_folder,
    require_space,
    useful_files,
)
from engine.models.integrity import find_damage, hub_sum
from engine.models.memory import GB

#: A name in the manifest is a file in the folder itself and never a way out of it.
_FILE_NAME = r"^[^/\\\x00]+$"
_CHUNK = 4 * 1024**2
#: hashlib works outside Python's lock; more threads than this only make the disk seek.
_HASHING_THREADS = 4
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFile:
    """One file as it was saved."""

    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a saved folder holds and where it came from."""

    alias: str
    hub_id: str
    #: Commit on the hub where it is known, else the revision asked for.
    revision: str
    licence: str
    #: ISO 8601, UTC.
    saved_at: str
    files: dict[Annotated[str, Field(pattern=_FILE_NAME)], SavedFile]


_MANIFEST = TypeAdapter(Manifest)


def saved_bytes(source: Path) -> int:
    """How much `save_model` would write."""
    return sum(path.stat().st_size for path in useful_files(source))


def refuse_existing(target: Path) -> None:
    """Raise ModelError if a model cannot be saved to `target` because something is there."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ModelError(f"{target} exists already; name a new folder.")


def save_model(
    entry: ModelEntry,
    source: Path,
    target: Path,
    *,
    on_progress: Callable[[Transfer], None],
    free: Callable[[Path], int] = free_bytes,
) -> Manifest:
    """Copy the weights in `source` to the new folder `target`, with a manifest.

    The folder appears at once and whole. What does not fit on its disk is refused before anything
    is written. Raises ModelError with a sentence.
    """
    refuse_existing(target)
    start = Transfer(what=f"Saving {entry.alias}", total=saved_bytes(source))
    remedy = "name a folder on a larger disk"
    done = 0

    def count(num_bytes: int) -> None:
        nonlocal done
        done += num_bytes
        on_progress(replace(start, done=done))

    try:
        require_space(entry.alias, start.total, target.parent, remedy=remedy, free=free)
        target.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(target) as part:
            return _copy(entry, source, part, count)
    except OSError as error:
        raise ModelError(
            f"{entry.alias} could not be saved to {target} ({error.strerror or error}); "
            "check its owner and the free space."
        ) from error


def read_manifest(folder: Path) -> Manifest | None:
    """What the manifest says; None without one. Raises ModelLoadError when it is unreadable."""
    try:
        return _MANIFEST.validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise ModelLoadError(
            f"{folder / MANIFEST} cannot be read, so the model cannot be checked; save it again."
        ) from None


def verify_saved(folder: Path) -> None:
    """Compare the folder with its manifest; without one there is nothing to compare.

    Guards against damage and half copies, not against somebody who rewrites the manifest too.
    Raises ModelLoadError naming the first file that is missing, changed or not part of it.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return
    present = {path.name for path in folder.iterdir()} - {MANIFEST}
    for name in sorted(manifest.files.keys() - present):
        raise _refused(folder, f"{name} is missing")
    for name in sorted(present - manifest.files.keys()):
        raise _refused(folder, f"{name} is not in its manifest")
    for name, file in manifest.files.items():
        if (folder / name).stat().st_size != file.size:
            raise _refused(folder, f"{name} does not have its {file.size} bytes")
    with ThreadPoolExecutor(_HASHING_THREADS) as pool:
        sums = pool.map(_sha256, [folder / name for name in manifest.files])
        for (name, file), found in zip(manifest.files.items(), sums, strict=True):
            if found != file.sha256:
                raise _refused(folder, f"{name} was changed")


def describe_saved(folder: Path) -> str:
    """Size, origin and state of a model's folder, for people; reads every byte of a saved one.

    Raises ModelLoadError as `verify_saved` does, and for a folder without a manifest where a file
    is missing or cut short.
    """
    size = f"{saved_bytes(folder) / GB:.2f} GB in {folder}"
    manifest = read_manifest(folder)
    if manifest is None:
        if damage := find_damage(folder):
            raise ModelLoadError(f"{damage}; fetch it again with `models pull`, or copy it anew.")
        return (
            f"{size}; no file is missing or cut short. Without a manifest nothing tells whether "
            "each byte is as it came."
        )
    verify_saved(folder)
    day = manifest.saved_at.partition("T")[0]
    return (
        f"{size}; saved on {day} from {manifest.hub_id} at {manifest.revision}, "
        f"licence {manifest.licence}; every file is as it was saved."
    )


def commit_of(folder: Path) -> str | None:
    """The hub's commit that the weights in `folder` are of; None where nothing tells.

    Raises ModelLoadError when the manifest is unreadable.
    """
    manifest = read_manifest(folder)
    revision = manifest.revision if manifest else _commit(folder)
    return revision if revision and COMMIT.fullmatch(revision) else None


def refuse_other_commit(entry: ModelEntry, folder: Path) -> None:
    """Raise ModelLoadError if the catalogue names one commit and `folder` holds another, or does
    not tell which.
    """
    if not entry.is_pinned:
        return
    found = commit_of(folder)
    if found is None:
        raise ModelLoadError(
            f"Nothing tells which commit of {entry.hub_id} {folder} holds, but the catalogue wants "
            f"{entry.revision}; remove it (`python main.py models remove {entry.alias}`) and fetch "
            "or save that one, or take revision out of the catalogue."
        )
    if found != entry.revision:
        raise ModelLoadError(
            f"{folder} holds commit {found} of {entry.hub_id}, but the catalogue wants "
            f"{entry.revision}; save that one in its place, or change revision in the catalogue."
        )


def remove_model(entry: ModelEntry, models_dir: Path) -> int:
    """Delete this machine's copies: the saved folder and the hub's cache, in all revisions.

    Returns the bytes freed; 0 when there was nothing. Raises ModelError with a sentence.
    """
    folder = models_dir / entry.alias
    freed = 0
    try:
        if folder.is_symlink():  # somebody's own folder elsewhere: only the link is ours
            folder.unlink()
        elif folder.is_dir():
            freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            shutil.rmtree(folder)
        return freed + _remove_cached(entry.hub_id)
    except OSError as error:
        raise ModelError(
            f"{entry.alias} could not be removed ({error.strerror or error}); "
            f"check the owner of {folder}."
        ) from error


def _remove_cached(hub_id: str) -> int:
    from huggingface_hub import CacheNotFound, scan_cache_dir

    try:
        cache = scan_cache_dir()
    except CacheNotFound:
        return 0
    commits = [
        revision.commit_hash
        for repo in cache.repos
        if repo.repo_type == "model" and repo.repo_id == hub_id
        for revision in repo.revisions
    ]
    if not commits:
        return 0
    strategy = cache.delete_revisions(*commits)
    strategy.execute()
    return int(strategy.expected_freed_size)


def _copy(entry: ModelEntry, source: Path, part: Path, on_bytes: Callable[[int], None]) -> Manifest:
    before = read_manifest(source)
    files = {}
    for path in useful_files(source):
        saved = _copy_file(path, part / path.name, on_bytes)
        if saved.sha256 != (_known_sha256(path, before) or saved.sha256):
            raise _refused(source, f"{path.name} was changed")
        files[path.name] = saved
    if before and files.keys() != before.files.keys():
        raise _refused(source, "it holds other files than its manifest says")
    manifest = Manifest(
        alias=entry.alias,
        hub_id=entry.hub_id,
        revision=before.revision if before else _commit(source) or entry.revision,
        licence=entry.licence,
        saved_at=datetime.now(UTC).isoformat(timespec="seconds"),
        files=files,
    )
    (part / MANIFEST).write_bytes(_MANIFEST.dump_json(manifest, indent=2) + b"\n")
    return manifest


def _copy_file(source: Path, target: Path, on_bytes: Callable[[int], None]) -> SavedFile:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
            size += len(chunk)
            on_bytes(len(chunk))
    return SavedFile(size=size, sha256=digest.hexdigest())


def _known_sha256(path: Path, manifest: Manifest | None) -> str | None:
    """The sum the file must have, where its origin tells."""
    if manifest is not None:
        saved = manifest.files.get(path.name)
        return saved.sha256 if saved else None
    known = hub_sum(path)
    return known if known and len(known) == _SHA256_DIGITS else None


def _commit(source: Path) -> str | None:
    return source.name if source.parent.name == "snapshots" else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refused(folder: Path, what: str) -> ModelLoadError:
    return ModelLoadError(
        f"The model in {folder} is not as it was saved: {what}. Delete the folder and copy or "
        "save it again."
    )
