"""Whether the files of a model are whole: their beginnings and headers, or every byte."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.models.folder import useful_files
from engine.models.repository import INDEX, WEIGHTS, parts_of, read_object

#: What stands in a large file's place where Git LFS has not fetched it.
_POINTER = b"version https://git-lfs.github.com/spec/"
_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<\?xml)", re.IGNORECASE)
#: JSON of more bytes is not parsed: a tokenizer may have 30 MB.
_SMALL = 1_000_000
#: The hub names what it keeps by SHA-256, or by what Git calls it: SHA-1 with a head.
_SHA256, _GIT = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that is not what it should be; `what` is the rest of a sentence."""

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}"


def find_damage(folder: Path) -> Damage | None:
    """The first file of a model that is missing, cut short or something else.

    Reads the headers of the weights, not the weights.
    """
    if not (folder / "config.json").is_file():
        return Damage(folder / "config.json", "is missing")
    for path in useful_files(folder):
        what = _other_content(path)
        if what:
            return Damage(path, what)
    parts = parts_of(folder)
    if parts is None:
        return Damage(folder / WEIGHTS, f"is missing, and {INDEX} lists no parts")
    tensors: set[str] = set()
    for part in sorted(parts):
        if "/" in part or not (folder / part).is_file():
            return Damage(folder / part, "is missing: it is a part of the weights")
        try:
            tensors |= _tensors(folder / part)
        except (OSError, ValueError) as error:
            return Damage(folder / part, f"is cut short or damaged ({error})")
    if WEIGHTS not in parts:
        return _gap(folder, tensors)
    return None if tensors else Damage(folder / WEIGHTS, "holds no weights")


def hub_sum(path: Path) -> str | None:
    """The sum that the hub gave for a file in its cache, which names the content by it."""
    content = path.resolve()
    known = _SHA256.fullmatch(content.name) or _GIT.fullmatch(content.name)
    return content.name if content.parent.name == "blobs" and known else None


def find_changed(folder: Path, sums: Mapping[str, str]) -> list[Damage]:
    """The files whose content has another sum than the hub's; reads every byte."""
    changed = []
    for name, expected in sorted(sums.items()):
        path = folder / name
        if not path.is_file():
            changed.append(Damage(path, "is missing"))
        elif not _has_sum(path, expected):
            changed.append(Damage(path, "is not what the hub has: its sum differs"))
    return changed


def drop(path: Path) -> None:
    """Delete a file of the hub's cache with its content, so that it is fetched anew."""
    content = path.resolve()
    for each in (path, content if content.parent.name == "blobs" else path):
        with suppress(FileNotFoundError):
            each.unlink()


def _has_sum(path: Path, expected: str) -> bool:
    if _SHA256.fullmatch(expected):
        digest = hashlib.sha256()
    elif _GIT.fullmatch(expected):
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    else:  # a mirror may call its files what it likes
        return True
    with path.open("rb") as file:
        while chunk := file.read(4 * 1024**2):
            digest.update(chunk)
    return digest.hexdigest() == expected


def _other_content(path: Path) -> str:
    """What the file holds in place of what its name says; empty where nothing is wrong."""
    with path.open("rb") as file:
        head = file.read(512)
        if head.startswith(_POINTER):
            return "is a pointer of Git LFS and not the file itself (`git lfs pull` fetches it)"
        if _PAGE.match(head):
            return "is a web page"
        if path.suffix not in {".json", ".safetensors", ".model"}:
            return ""
        if not head:
            return "is empty"
        if path.suffix != ".json":
            return ""
        if path.stat().st_size > _SMALL:
            file.seek(-64, 2)
            whole = head.lstrip()[:1] in b"{[" and file.read().rstrip()[-1:] in (b"}", b"]")
            return "" if whole else "ends before its end: it is no whole JSON"
    try:
        json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return "is no valid JSON"
    return ""


def _tensors(path: Path) -> set[str]:
    """Names of the tensors in the file; the library holds its size against its header."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return set(file.keys())
    except SafetensorError as error:
        raise ValueError(str(error)) from None


def _gap(folder: Path, tensors: set[str]) -> Damage | None:
    """The index names tensors that no part has."""
    missing = sorted(read_object(folder / INDEX)["weight_map"].keys() - tensors)
    if not missing:
        return None
    return Damage(folder / INDEX, f"names {len(missing)} tensors that no part has ({missing[0]})")
