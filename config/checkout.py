"""Where the program's own paths lie when it is started from another folder.

What a person writes in the environment, in a settings file or on the command line is relative to
the folder they are in. The defaults, and the `.env` beside main.py, are relative to the checkout.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.settings import ROOT, CorpusSettings, EngineSettings, Settings

CHECKOUT_ENV = ROOT / ".env"
#: Defaults that are paths and that default.yaml does not name.
DEFAULT_PATHS = {
    "data_dir": Settings.model_fields["data_dir"].default,
    "engine": {"catalog": EngineSettings.model_fields["catalog"].default},
}


def find_env() -> Path:
    """The `.env` that counts: that of the current folder, else the one beside main.py."""
    here = Path(".env")
    return here if os.path.isfile(here) else CHECKOUT_ENV


def in_checkout(content: dict[str, Any]) -> dict[str, Any]:
    """Settings whose relative paths are of the checkout, as they read from the current folder."""
    if _is_current(ROOT):
        return content
    moved = dict(content)
    if "data_dir" in content:
        moved["data_dir"] = path_in_checkout(content["data_dir"])
    engine, corpus = content.get("engine"), content.get("corpus")
    if isinstance(engine, dict) and "catalog" in engine:
        moved["engine"] = engine | {"catalog": path_in_checkout(engine["catalog"])}
    if isinstance(corpus, dict) and "sources" in corpus:
        with suppress(ValidationError):  # it is told when all settings are read
            sources = CorpusSettings(sources=corpus["sources"]).sources
            moved["corpus"] = corpus | {"sources": tuple(map(path_in_checkout, sources))}
    return moved


def path_in_checkout(path: str | Path) -> str:
    """A path or address as it reads from the current folder; addresses and ~ stay as they are."""
    written = str(path)
    is_free = not written or written.startswith("~") or "://" in written or _is_current(ROOT)
    return written if is_free else str(ROOT / written)


def _is_current(folder: Path) -> bool:
    try:
        return folder.samefile(".")
    except OSError:  # the current folder is gone, or not ours to look into
        return False
