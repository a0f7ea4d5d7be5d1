"""Reads one listed file or folder: finds the files, picks the parser, names course and section."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from engine.corpus.corpus import Problem
from engine.corpus.course_names import CourseNames, parse_metadata, section_name
from engine.corpus.entry import Entry, Parsed
from engine.corpus.formats.parsers import PARSERS
from engine.corpus.formats.topics import without_topics
from engine.corpus.text import machine_name, slug
from engine.errors import CorpusError, NotAnFaq

_METADATA = {"_metadata.yaml", "_metadata.yml"}
#: Several of these make up a course: the folder holds the section, and one file may be one entry.
MARKDOWN = {".md", ".markdown", ".mdx", ".rst", ".txt", ".ipynb"}
#: Written for visitors of a repository; silently passed over in a folder.
_NO_ENTRY = re.compile(
    r"(README|readme|CONTRIBUTING|CHANGELOG|LICENSE|SECURITY|AGENTS|CLAUDE)(\.\w+)+"
)
_SECTION_FOLDER = re.compile(r"\d+[-_]")
_MOST_FILES = 20_000

#: Differs when a file was written, replaced or made readable.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of a source at one moment; two are equal when nothing changed."""

    files: dict[Path, Stamp]
    #: Path that could not be looked at → why.
    failed: dict[Path, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """The entries of one file that could be read, with course and section filled in."""

    entries: tuple[Entry, ...]
    #: Course machine name → title, where the file or its `_metadata.yaml` gives one.
    titles: Mapping[str, str]
    #: Sorts the files of a folder: the course's folder, then the section's place in it.
    rank: tuple[str, int] = ("", 0)
    read_at: datetime
    #: The file or address, as it is shown to the operator.
    source: str
    #: Sentences that count the entries which somebody keeps back.
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was last read of one source: the good files stay for when one turns bad."""

    files: dict[Path, Readable] = field(default_factory=dict)
    names: dict[Path, CourseNames] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    #: Files that are no FAQ, such as settings, and why.
    passed_over: tuple[Problem, ...] = ()

    def placed_entries(self) -> list[tuple[Path, Entry]]:
        """All entries in the order of the course, each with its file."""
        ranked = [
            (readable.rank, entry.sort_order, str(path), position, path, entry)
            for path, readable in self.files.items()
            for position, entry in enumerate(readable.entries)
        ]
        return [(row[4], row[5]) for row in sorted(ranked, key=lambda row: row[:4])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Course and section that a file's entries belong to unless they say otherwise."""

    course: str
    title: str = ""
    section: str = ""
    rank: tuple[str, int] = ("", 0)


def list_files(source: Path) -> Listing:
    """Every file below `source` that may hold entries; hidden ones and links in a loop are not."""
    files: dict[Path, Stamp] = {}
    failed: dict[Path, str] = {}
    seen: set[tuple[int, int]] = set()
    waiting = [source]
    while waiting:
        path = waiting.pop()
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    waiting += [path / name for name in os.listdir(path) if _is_wanted(path / name)]
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
        if len(files) > _MOST_FILES:
            failed[source] = f"It holds more than {_MOST_FILES} files; list smaller folders."
            break
    return Listing(files=dict(sorted(files.items())), failed=failed)


def read_source(source: Path, listing: Listing, previous: Reading, max_bytes: int) -> Reading:
    """Read every listed file. One that fails now keeps the entries it had in `previous`."""
    files = {p: kept for p, kept in previous.files.items() if _is_below(p, listing.failed)}
    names = {p: kept for p, kept in previous.names.items() if _is_below(p, listing.failed)}
    problems = [
        _problem(
            failed, why + still_served(kept for p, kept in files.items() if _is_below(p, [failed]))
        )
        for failed, why in listing.failed.items()
    ]
    passed_over: list[Problem] = []
    for path in (path for path in listing.files if path.name in _METADATA):
        try:
            names[path.parent] = parse_metadata(_read(path, max_bytes))
        except CorpusError as error:
            problems.append(_problem(path, str(error)))
            if path.parent in previous.names:
                names[path.parent] = previous.names[path.parent]
    for path in (path for path in listing.files if path.name not in _METADATA):
        before = previous.files.get(path)
        try:
            parsed = _parse(path, max_bytes)
        except CorpusError as error:
            # What never held an entry and lies in a folder is no fault; a file that is listed,
            # or had entries, was meant to be an FAQ.
            if isinstance(error, NotAnFaq) and path != source and not before:
                passed_over.append(_problem(path, str(error)))
                continue
            problems.append(_problem(path, str(error) + still_served([before] if before else [])))
            if before:
                files[path] = before
            continue
        problems += [_problem(path, reason) for reason in parsed.problems]
        place = _place(path, source, names)
        files[path] = placed(parsed, place, source=_shown(path), read_at=datetime.now(UTC))
    if not listing.files and not listing.failed:
        problems.append(_problem(source, "The folder holds no FAQ files."))
    return Reading(
        files=files, names=names, problems=tuple(problems), passed_over=tuple(passed_over)
    )


def placed(parsed: Parsed, place: Place, *, source: str, read_at: datetime) -> Readable:
    """The entries of a file with course and section filled in."""
    titles = {place.course: place.title} if place.title else {}
    entries = []
    for entry in parsed.entries:
        course = machine_name(entry.course) or place.course
        if entry.course and course != entry.course:
            titles.setdefault(course, entry.course)
        entries.append(replace(entry, course=course, section=entry.section or place.section))
    return Readable(
        entries=tuple(entries),
        titles=titles,
        rank=place.rank,
        read_at=read_at,
        source=source,
        left_out=parsed.left_out,
    )


def still_served(kept: Iterable[Readable]) -> str:
    """The end of a problem's sentence when older entries stand in."""
    kept = list(kept)
    if not kept:
        return ""
    number = sum(len(each.entries) for each in kept)
    read_at = max(each.read_at for each in kept)
    return f" Its {number} entries read at {read_at:%Y-%m-%d %H:%M} UTC stay in use."


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def _problem(path: Path, reason: str) -> Problem:
    return Problem(source=_shown(path), reason=reason)


def _shown(path: Path) -> str:
    # A file name need not be valid UTF-8; what is shown must be.
    return str(path).encode(errors="backslashreplace").decode()


def _is_wanted(path: Path) -> bool:
    """Whether a name inside a folder is worth a look: folders, metadata and known suffixes."""
    name = path.name
    if name in _METADATA:
        return True
    if name.startswith((".", "~$")) or name == "node_modules":
        return False
    suffix = path.suffix.lower()
    if suffix not in PARSERS:
        return path.is_dir()
    return not (name.startswith("_") or _NO_ENTRY.fullmatch(name)) or path.is_dir()


def _parse(path: Path, max_bytes: int) -> Parsed:
    parser = PARSERS.get(path.suffix.lower())
    if parser is None:
        raise CorpusError(
            f"Files of this kind cannot be read; supported are {', '.join(PARSERS)} "
            "and folders of these."
        )
    return without_topics(parser(_read(path, max_bytes), max_bytes), path)


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise CorpusError(f"It cannot be read ({error.strerror}); check its permissions.") from None
    if len(data) > max_bytes:
        raise CorpusError(f"It is larger than {max_bytes} bytes (corpus.max_bytes); split it.")
    return data


def _place(path: Path, source: Path, names: Mapping[Path, CourseNames]) -> Place:
    """`_metadata.yaml` of the nearest folder decides; without one, the folders' names do."""
    for folder in path.parents:
        if folder in names:
            return _named_place(path, folder, names[folder])
        if folder == source:
            break
    if path.suffix.lower() not in MARKDOWN:
        return Place(course=slug(path.stem) or "faq")
    root = path.parent if path == source else source
    folders = path.relative_to(root).parts[:-1]
    if len(folders) == 1 and _SECTION_FOLDER.match(folders[0]):
        folders = ("", folders[0])
    course = (folders[0] if folders else "") or root.resolve().name
    return Place(
        course=slug(course) or "faq",
        section=section_name(folders[1], None) if len(folders) > 1 else "",
        rank=(str(root / course), 0),
    )


def _named_place(path: Path, folder: Path, names: CourseNames) -> Place:
    inside = path.relative_to(folder).parts[:-1]
    section = inside[0] if inside else ""
    order = list(names.sections)
    return Place(
        course=machine_name(names.course) or slug(folder.resolve().name) or "faq",
        title=names.title,
        section=section_name(section, names) if section else "",
        rank=(str(folder), order.index(section) if section in order else len(order)),
    )
