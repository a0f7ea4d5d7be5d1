"""Whether the hub is within reach, found out in seconds: its library would wait for minutes."""

from __future__ import annotations

import queue
import threading

from engine.errors import ModelLoadError
from engine.models.catalog import ModelEntry

#: Seconds for an answer, of whatever kind.
PATIENCE_S = 8.0


def require_reachable(
    entry: ModelEntry, *, endpoint: str = "", patience_s: float = PATIENCE_S
) -> None:
    """Raise ModelLoadError unless the hub answers in time; nothing when it was switched off."""
    from huggingface_hub.constants import ENDPOINT, HF_HUB_OFFLINE

    if HF_HUB_OFFLINE and not endpoint:  # its library has a word for that
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
