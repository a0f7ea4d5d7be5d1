"""The Hugging Face hub: what it has of a model, and the download, checked against that."""

from __future__ import annotations

import fcntl
import io
import os
import queue
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from engine.errors import ModelLoadError
from engine.models import hub_errors
from engine.models.catalog import COMMIT, ModelEntry
from engine.models.folder import NOT_NEEDED, PATTERNS, Transfer, is_useful, require_space
from engine.models.integrity import Damage, drop, find_changed, find_damage
from engine.models.repository import refuse_other_repository

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

#: Seconds for an answer of the hub; its library would wait for minutes.
PATIENCE_S = 8.0
#: A step of this part of the whole is told at once, a smaller one after so many seconds.
_STEP, _STEP_S = 0.01, 1.0
_WEIGHTS = "*.safetensors"


@dataclass(frozen=True, slots=True)
class _File:
    """A file that the hub offers."""

    size: int
    #: SHA-256, or what Git calls it; empty where the hub does not tell.
    sum: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A model as the hub has it at one moment."""

    commit: str
    files: dict[str, _File]


def download(
    entry: ModelEntry,
    token: str | None,
    on_progress: Callable[[Transfer], None],
    *,
    look_over: Callable[[ModelEntry, Path], None],
) -> Path:
    """Bring the model into the hub's cache; returns its folder there, with every file as the hub
    has it.

    A hub out of reach is found out within seconds. What is no model to be loaded, or does not fit
    on the disk, is refused before its weights are fetched: `look_over` gets the folder with the
    small files, and raises. Raises ModelLoadError.
    """
    changed: list[Damage] = []
    for _ in range(2):  # what came damaged, or was here and is, is fetched once more
        on_progress(Transfer(what=f"Asking the Hugging Face hub for {entry.alias}"))
        listing = ask(entry, token)
        refuse_other_repository(entry, listing.files)
        try:
            folder = _fetch(entry, token, listing, on_progress, look_over)
            on_progress(Transfer(what=f"Checking {entry.alias}"))
            sums = {name: file.sum for name, file in _useful(listing).items()}
            changed = find_changed(folder, sums)
            if not changed:
                break
            for damage in changed:
                drop(damage.path)
        except ModelLoadError:
            raise
        except Exception as error:
            broken = hub_errors.why_broken_off(
                entry, error, with_token=bool(token), environment=os.environ
            )
            raise ModelLoadError(broken) from error
    else:
        raise ModelLoadError(
            f"{entry.alias}: {changed[0]}, twice. It was deleted; ask for it again. If that does "
            "not help, something on the way changes files: a proxy, a mirror, or this disk."
        )
    # The same bytes as the hub has, so fetching them again would not help.
    flaw = find_damage(folder)
    if flaw is not None:
        raise ModelLoadError(
            f"{entry.alias}: {flaw.path.name} {flaw.what}, and so it is on the hub; "
            "choose another revision or model in the catalogue."
        )
    _note_commit(folder, entry.revision)
    return folder


def ask(
    entry: ModelEntry, token: str | None, *, endpoint: str = "", patience_s: float = PATIENCE_S
) -> Listing:
    """What the hub has of the model. Raises ModelLoadError with the reason where it has nothing, or
    does not answer in time.
    """
    from huggingface_hub import HfApi

    environment = os.environ | ({"HF_ENDPOINT": endpoint} if endpoint else {})
    answers: queue.SimpleQueue[ModelInfo | Exception] = queue.SimpleQueue()

    def wait_for_it() -> None:
        try:
            api = HfApi(endpoint=endpoint or None, token=token or False)
            answers.put(
                api.model_info(
                    entry.hub_id,
                    revision=entry.revision,
                    timeout=patience_s,
                    files_metadata=True,
                )
            )
        except Exception as error:  # noqa: BLE001 - told to the one who waits
            answers.put(error)

    # In a thread: looking up a name and trying its addresses in turn may take longer than that.
    threading.Thread(target=wait_for_it, name="hub-check", daemon=True).start()
    try:
        answer = answers.get(timeout=patience_s)
    except queue.Empty:
        raise ModelLoadError(hub_errors.no_answer(entry, patience_s, environment)) from None
    if isinstance(answer, Exception):
        reason = hub_errors.why(entry, answer, with_token=bool(token), environment=environment)
        raise ModelLoadError(reason) from answer
    # The commit becomes the name of a folder.
    if not COMMIT.fullmatch(answer.sha or "") or not answer.siblings:
        raise ModelLoadError(hub_errors.no_hub(entry, environment))
    return Listing(
        str(answer.sha),
        {
            each.rfilename: _File(
                each.size or 0, (each.lfs.sha256 if each.lfs else each.blob_id) or ""
            )
            for each in answer.siblings
        },
    )


def _useful(listing: Listing) -> dict[str, _File]:
    return {name: file for name, file in listing.files.items() if is_useful(name)}


def _fetch(
    entry: ModelEntry,
    token: str | None,
    listing: Listing,
    on_progress: Callable[[Transfer], None],
    look_over: Callable[[ModelEntry, Path], None],
) -> Path:
    """The small files first, and once they are approved, the weights."""
    from huggingface_hub import snapshot_download

    wanted = {
        "repo_id": entry.hub_id,
        "revision": listing.commit,
        "token": token or False,
        "allow_patterns": PATTERNS,
    }
    files = _useful(listing)
    start = Transfer(
        what=f"Downloading {entry.alias}", total=sum(file.size for file in files.values())
    )
    first = snapshot_download(
        **wanted,
        ignore_patterns=[*NOT_NEEDED, _WEIGHTS],
        tqdm_class=_bars(start, lambda _: None),
    )
    folder = Path(first)
    look_over(entry, folder)
    _clear_left_overs(folder.parents[1])
    missing = _missing(folder, files)
    _refuse_without_space(entry, sum(files[name].size for name in missing))
    start = replace(start, done=start.total - sum(files[name].size for name in missing))
    on_progress(start)
    snapshot_download(**wanted, ignore_patterns=NOT_NEEDED, tqdm_class=_bars(start, on_progress))
    on_progress(replace(start, done=start.total))
    return folder


def _missing(folder: Path, files: Collection[str]) -> list[str]:
    return [name for name in files if not (folder / name).is_file()]


def _refuse_without_space(entry: ModelEntry, num_bytes: int) -> None:
    from huggingface_hub.constants import HF_HUB_CACHE

    home = "HF_HUB_CACHE" if os.environ.get("HF_HUB_CACHE") else "HF_HOME"
    require_space(
        entry.alias,
        num_bytes,
        Path(HF_HUB_CACHE),
        remedy=f"set {home} to a folder on a larger disk",
    )


def _note_commit(folder: Path, revision: str) -> None:
    """Have the branch or tag mean this commit in the hub's cache, in the way of its library.

    Only now that all is here: until then a commit that was here before serves.
    """
    if folder.name == revision:
        return
    ref = folder.parents[1] / "refs" / revision
    with suppress(OSError, ValueError):
        if ref.read_text(encoding="utf-8") == folder.name:
            return
    ref.parent.mkdir(parents=True, exist_ok=True)
    part = folder.parents[1] / f".ref-{os.getpid()}"  # not beside it, where every file is a ref
    part.write_text(folder.name, encoding="utf-8")
    part.replace(ref)


def _clear_left_overs(storage: Path) -> None:
    """Delete what a download that was stopped has left: the library never takes it up again."""
    locks = storage.parent / ".locks" / storage.name
    for part in (storage / "blobs").glob("*.incomplete"):
        _delete_unless_held(part, locks / f"{part.name.partition('.')[0]}.lock")


def _delete_unless_held(part: Path, lock: Path) -> None:
    """The library locks each file while it comes, and the kernel lets go of the lock however that
    process ends. It is ours meanwhile, or another download might begin in between.
    """
    with suppress(OSError):  # held, or this disk does not tell
        if not lock.exists():
            part.unlink()
            return
        with lock.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()


def _bars(start: Transfer, on_progress: Callable[[Transfer], None]) -> type:
    """What the library takes for its progress bars. It has one for bytes that came, one for bytes
    that were written, and not every way of transfer moves both: the one ahead counts.
    """
    from tqdm import tqdm

    lock = threading.Lock()
    told, told_at = start, monotonic()

    class Bar(tqdm):  # type: ignore[misc] # untyped
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **(kwargs | {"file": io.StringIO()}))

        def update(self, n: float | None = 1) -> None:
            nonlocal told, told_at
            with lock:
                self.n += n or 0
                done = min(start.done + int(self.n), start.total)
                step = done - told.done
                if self.unit != "B" or step <= 0:
                    return
                if step >= _STEP * start.total or monotonic() - told_at >= _STEP_S:
                    told, told_at = replace(start, done=done), monotonic()
                    on_progress(told)

    return Bar
