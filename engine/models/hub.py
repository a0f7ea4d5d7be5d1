"""The Hugging Face hub: whether it is within reach, what a model takes, and the download."""

from __future__ import annotations

import fcntl
import io
import os
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from engine.errors import ModelLoadError
from engine.models.catalog import ModelEntry
from engine.models.folder import NOT_NEEDED, PATTERNS, Transfer, require_space

if TYPE_CHECKING:
    from huggingface_hub import DryRunFileInfo
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

#: Seconds for an answer of the hub; its library would wait for minutes.
PATIENCE_S = 8.0
#: A step of this part of the whole is told at once, a smaller one after so many seconds.
_STEP, _STEP_S = 0.01, 1.0


def download(
    entry: ModelEntry,
    token: str | None,
    on_progress: Callable[[Transfer], None],
) -> Path:
    """Bring the model into the hub's cache; returns its folder there.

    A hub out of reach is found out within seconds, and what does not fit on the disk is refused
    before anything is downloaded. Raises ModelLoadError.
    """
    from httpx2 import TransportError
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    on_progress(Transfer(what=f"Asking the Hugging Face hub for {entry.alias}"))
    require_reachable(entry)
    try:
        return _download(entry, token, on_progress)
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise ModelLoadError(_why_refused(entry, error)) from error
    except TransportError as error:
        raise ModelLoadError(
            f"{entry.alias}: the download broke off ({type(error).__name__}); ask for it again, "
            "files that have come are kept."
        ) from error


def _why_refused(entry: ModelEntry, error: HfHubHTTPError | LocalEntryNotFoundError) -> str:
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    where = f"https://huggingface.co/{entry.hub_id}"
    if isinstance(error, LocalEntryNotFoundError):
        return out_of_reach(entry)
    if isinstance(error, GatedRepoError):
        return f"{entry.alias} is gated: accept its terms at {where} and set HF_TOKEN."
    if isinstance(error, RevisionNotFoundError):
        return f"{entry.alias}: {where} has no revision {entry.revision!r}."
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"{entry.alias}: there is no {where}, or it is private; "
            "check hub_id in the catalogue, and HF_TOKEN."
        )
    code = error.response.status_code
    if code in {401, 403}:
        return f"{entry.alias}: the hub refused access to {where}; check HF_TOKEN."
    return f"{entry.alias}: the hub answered {code} for {where}; try again later."


def _download(
    entry: ModelEntry,
    token: str | None,
    on_progress: Callable[[Transfer], None],
) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import DryRunError

    wanted = {
        "repo_id": entry.hub_id,
        "revision": entry.revision,
        "token": token or False,
        "allow_patterns": PATTERNS,
        "ignore_patterns": NOT_NEEDED,
    }
    start = Transfer(what=f"Downloading {entry.alias}")
    try:
        files = snapshot_download(**wanted, dry_run=True)
    except DryRunError:
        pass  # the hub is out of reach or refuses; the download itself tells which
    else:
        _refuse_without_weights(entry, files)
        _refuse_without_space(entry, files)
        start = replace(
            start,
            done=_bytes(file for file in files if not file.will_download),
            total=_bytes(files),
        )
        on_progress(start)
    folder = snapshot_download(**wanted, tqdm_class=_bars(start, on_progress))
    if start.total:
        on_progress(replace(start, done=start.total))
    return Path(folder)


def _refuse_without_weights(entry: ModelEntry, files: Sequence[DryRunFileInfo]) -> None:
    if not any(file.filename.endswith(".safetensors") for file in files):
        raise ModelLoadError(
            f"{entry.alias}: https://huggingface.co/{entry.hub_id} has no weights in safetensors "
            f"format at revision {entry.revision!r}, and only those are loaded; choose another "
            "revision or model in the catalogue."
        )


def _refuse_without_space(entry: ModelEntry, files: Sequence[DryRunFileInfo]) -> None:
    from huggingface_hub.constants import HF_HUB_CACHE

    storage = Path(files[0].local_path).parents[2]
    _clear_left_overs(storage)
    home = "HF_HUB_CACHE" if os.environ.get("HF_HUB_CACHE") else "HF_HOME"
    require_space(
        entry.alias,
        _bytes(file for file in files if file.will_download),
        Path(HF_HUB_CACHE),
        remedy=f"set {home} to a folder on a larger disk",
    )


def _clear_left_overs(storage: Path) -> None:
    """Delete what a download that was stopped has left: the library never takes it up again."""
    locks = storage.parent / ".locks" / storage.name
    for part in (storage / "blobs").glob("*.incomplete"):
        if not _is_held(locks / f"{part.name.partition('.')[0]}.lock"):
            with suppress(OSError):
                part.unlink()


def _is_held(lock: Path) -> bool:
    """Whether some process has the lock that the library takes on each file while it comes. The
    kernel lets go of it however that process ends.
    """
    try:
        with lock.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # held, or this disk does not tell
        return True
    return False


def _bytes(files: Iterable[DryRunFileInfo]) -> int:
    return sum(file.file_size or 0 for file in files)


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


def require_reachable(
    entry: ModelEntry, *, endpoint: str = "", patience_s: float = PATIENCE_S
) -> None:
    """Raise ModelLoadError unless the hub answers in time; nothing when it was switched off."""
    from huggingface_hub.constants import ENDPOINT, HF_HUB_OFFLINE

    if HF_HUB_OFFLINE and not endpoint:  # its library says so in its own error
        return
    problem = _problem(f"{endpoint or ENDPOINT}/api/models/{entry.hub_id}", patience_s)
    if problem:
        raise ModelLoadError(out_of_reach(entry, f" ({problem[:200]})"))


def out_of_reach(entry: ModelEntry, why: str = "") -> str:
    """What to do about it."""
    return (
        f"{entry.alias} is not on this machine and the Hugging Face hub cannot be reached{why}; "
        f"copy a saved model to the models folder under {entry.alias}, or go online."
    )


def _problem(address: str, patience_s: float) -> str:
    from httpx2 import HTTPError
    from huggingface_hub.utils import get_session

    problems: queue.SimpleQueue[str] = queue.SimpleQueue()

    def ask() -> None:
        try:
            get_session().head(address, timeout=patience_s)
        except (HTTPError, OSError) as error:
            problems.put(str(error) or type(error).__name__)
        else:
            problems.put("")

    # In a thread: looking up a name and trying its addresses in turn may take longer than that.
    threading.Thread(target=ask, name="hub-check", daemon=True).start()
    try:
        return problems.get(timeout=patience_s)
    except queue.Empty:
        return f"no answer in {patience_s:g} s"
