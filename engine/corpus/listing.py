"""Finds the files of a source that may hold entries, and counts those that are passed over."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from engine.corpus.formats.parsers import PARSERS
from engine.corpus.repository import is_about_the_repository, is_never_looked_into

METADATA = {"_metadata.yaml", "_metadata.yml"}
#: Made by a program where one of the files that direct it lies beside.
_MADE = {"build", "dist", "site"}
_DIRECTS = {
    *("makefile", "package.json", "pyproject.toml", "setup.py", "conf.py", "mkdocs.yml"),
    *("mkdocs.yaml", "book.toml", "_config.yml"),
}
_AS_TABLE = "export each sheet as .csv"
_AS_DOCUMENT = "save or export it as .docx"
_AS_TEXT = "copy the questions and answers into a document or Markdown"
_UNPACK = "unpack it into the folder"
_CONVERT = "convert it to Markdown"
#: What to do with a file of a kind that is not read and may well hold an FAQ.
ADVICE = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".ods", ".numbers", ".gsheet"), _AS_TABLE),
    **dict.fromkeys((".doc", ".odt", ".rtf", ".pages", ".gdoc", ".wpd"), _AS_DOCUMENT),
    **dict.fromkeys((".pptx", ".ppt", ".odp", ".key", ".gslides"), _AS_TEXT),
    **dict.fromkeys((".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"), _UNPACK),
    **dict.fromkeys((".adoc", ".asciidoc", ".org", ".tex", ".textile", ".wiki"), _CONVERT),
    **dict.fromkeys((".epub", ".mhtml"), _AS_TEXT),
}
_MOST_FILES = 20_000
#: Files and folders of any kind: a source may be the root of a disk.
_MOST_NAMES = 200_000
_MOST_NAMED = 3

#: Differs when a file was written, replaced or made readable.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of a source at one moment; two are equal when nothing changed."""

    files: dict[Path, Stamp]
    #: Path that could not be looked at → why.
    failed: dict[Path, str]
    #: Sentences that count the files that are not read, by kind.
    passed_over: tuple[str, ...] = field(default=(), compare=False)


def list_files(source: Path, most_files: int = _MOST_FILES) -> Listing:
    """Every file below `source` that may hold entries; hidden ones and links in a loop are not."""
    files: dict[Path, Stamp] = {}
    failed: dict[Path, str] = {}
    passed_over = _PassedOver()
    seen: set[tuple[int, int]] = set()
    num_names = 0
    waiting = [source]
    while waiting:
        path = waiting.pop()
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    names = os.listdir(path)
                    num_names += len(names)
                    waiting += _wanted(path, names, passed_over)
            elif not stat.S_ISREG(status.st_mode):
                failed[path] = "It is neither a file nor a folder; list another path."
            else:
                files[path] = (
                    *(status.st_mtime_ns, status.st_ctime_ns),
                    *(status.st_size, status.st_ino),
                )
        except FileNotFoundError:
            failed[path] = "There is no such file or folder; put it there or correct the path."
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            why = getattr(error, "strerror", None) or error
            failed[path] = f"It cannot be read ({why}); check the path and its permissions."
        if len(files) > most_files or num_names > _MOST_NAMES:
            # Any part of them would be one by chance.
            why = f"more than {most_files} files" if len(files) > most_files else "too many files"
            return Listing(files={}, failed={source: f"It holds {why}; list smaller folders."})
    return Listing(
        files=dict(sorted(files.items())), failed=failed, passed_over=passed_over.sentences()
    )


def advice_for(suffix: str) -> str:
    """What to do with a file of a kind that is not read."""
    return f"; {ADVICE[suffix]}" if suffix in ADVICE else ""


def _wanted(folder: Path, names: Collection[str], passed_over: _PassedOver) -> Iterator[Path]:
    """The folders, metadata and files of known kinds in a folder."""
    is_directed = any(name.lower() in _DIRECTS for name in names)
    if "pyvenv.cfg" in names:  # a virtual environment, whatever its name is
        return
    for name in names:
        path = folder / name
        if name in METADATA:
            yield path
        elif os.path.isdir(path):
            is_made = is_directed and name.lower() in _MADE
            if not is_made and not is_never_looked_into(name):
                yield path
        elif name.startswith((".", "~$")):
            continue
        elif path.suffix.lower() not in PARSERS:
            passed_over.of_other_kinds.append(name)
        elif name.startswith("_"):
            passed_over.kept_back.append(name)
        elif is_about_the_repository(path, names):
            passed_over.about_the_repository.append(name)
        else:
            yield path


@dataclass(slots=True)
class _PassedOver:
    """Names of the files of a source that are not read."""

    of_other_kinds: list[str] = field(default_factory=list)
    kept_back: list[str] = field(default_factory=list)
    about_the_repository: list[str] = field(default_factory=list)

    def sentences(self) -> tuple[str, ...]:
        """One a kind."""
        by_suffix: dict[str, list[str]] = {}
        for name in sorted(self.of_other_kinds):
            by_suffix.setdefault(PurePath(name).suffix.lower(), []).append(name)
        told = [
            f"{_counted(names, f'{suffix} file')} not read ({_some(names)}); {ADVICE[suffix]}."
            for suffix, names in by_suffix.items()
            if suffix in ADVICE
        ]
        others = {suffix: names for suffix, names in by_suffix.items() if suffix not in ADVICE}
        if others:
            names = [name for each in others.values() for name in each]
            by_number = sorted(others, key=lambda suffix: -len(others[suffix]))
            kinds = _some([suffix or "no suffix" for suffix in by_number])
            of_kinds = "of a kind that is" if len(names) == 1 else "of kinds that are"
            files = "file" if len(names) == 1 else "files"
            told.append(f"{len(names)} {files} {of_kinds} not read ({kinds}).")
        if names := sorted(self.about_the_repository):
            told.append(
                f"{_counted(names, 'file')} about the repository and not read ({_some(names)}); "
                "list the path of one to have it read."
            )
        if names := sorted(self.kept_back):
            told.append(
                f"{_counted(names, 'file')} kept back by the “_” before the name ({_some(names)}); "
                "rename it to have it read."
            )
        return tuple(told)


def _counted(names: Collection[str], noun: str) -> str:
    return f"1 {noun} is" if len(names) == 1 else f"{len(names)} {noun}s are"


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    # A file name need not be valid UTF-8; what is shown must be.
    shown = [name.encode(errors="backslashreplace").decode() for name in names[:_MOST_NAMED]]
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
