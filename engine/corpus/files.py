"""Reads one listed file or folder: finds the files, picks the parser, names course and section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from engine.corpus.corpus import Problem
from engine.corpus.course_names import CourseNames, parse_metadata, section_name
from engine.corpus.entry import Entry, Parsed
from engine.corpus.formats.parsers import PARSERS
from engine.corpus.formats.topics import without_topics
from engine.corpus.listing import METADATA, Listing, advice_for
from engine.corpus.published import Published, published_file
from engine.corpus.text import machine_name, slug
from engine.errors import CorpusError, NotAnFaq

#: Several of these make up a course: the folder holds the section, and one file may be one entry.
MARKDOWN = {".md", ".markdown", ".mdx", ".rst", ".txt", ".ipynb"}
_SECTION_FOLDER = re.compile(r"\d+[-_]")
_MOST_NAMED = 3
#: Of all texts of a source: they stay in memory, and twice while they are read anew.
_MOST_CHARS = 100_000_000
_TOO_MUCH = "The source holds more text than can be kept; list smaller folders."


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
    published: Published
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


def read_source(
    source: Path,
    listing: Listing,
    previous: Reading,
    max_bytes: int,
    base_url: str = "",
    most_chars: int = _MOST_CHARS,
) -> Reading:
    """Read every listed file. One that fails now keeps the entries it had in `previous`.

    `base_url` is where readers open what the source holds; a course's own `_metadata.yaml` may
    say it better.
    """
    files = {p: kept for p, kept in previous.files.items() if _is_below(p, listing.failed)}
    problems = [
        _problem(
            failed, why + still_served(kept for p, kept in files.items() if _is_below(p, [failed]))
        )
        for failed, why in listing.failed.items()
    ]
    names = _names(listing, previous, max_bytes, problems)
    no_faq: dict[str, list[Path]] = {}
    num_chars = 0
    for path in (path for path in listing.files if path.name not in METADATA):
        before = previous.files.get(path)
        try:
            parsed = _parse(path, max_bytes)
        except CorpusError as error:
            # What never held an entry and lies in a folder is no fault; a file that is listed,
            # or had entries, was meant to be an FAQ.
            if isinstance(error, NotAnFaq) and path != source and not before:
                no_faq.setdefault(str(error), []).append(path)
                continue
            problems.append(_problem(path, str(error) + still_served([before] if before else [])))
            if before:
                files[path] = before
            continue
        num_chars += sum(len(each.question) + len(each.answer) for each in parsed.entries)
        if num_chars > most_chars:
            problems.append(_problem(path, f"{_TOO_MUCH} It and the files after it are not read."))
            break
        problems += [_problem(path, reason) for reason in parsed.problems]
        files[path] = placed(
            parsed,
            _place(path, source, names),
            published=_published(path, source, names, base_url),
            source=_shown(path),
            read_at=datetime.now(UTC),
        )
    if not listing.files and not listing.failed:
        problems.append(_problem(source, "The folder holds no FAQ files."))
    passed_over = [_problem(source, sentence) for sentence in listing.passed_over]
    passed_over += [_no_faq(source, paths, why) for why, paths in no_faq.items()]
    return Reading(
        files=files, names=names, problems=tuple(problems), passed_over=tuple(passed_over)
    )


def placed(
    parsed: Parsed, place: Place, *, published: Published, source: str, read_at: datetime
) -> Readable:
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
        published=published,
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


def _names(
    listing: Listing, previous: Reading, max_bytes: int, problems: list[Problem]
) -> dict[Path, CourseNames]:
    """What each `_metadata.yaml` says, by its folder; one that turned bad says what it did."""
    names = {p: kept for p, kept in previous.names.items() if _is_below(p, listing.failed)}
    for path in (path for path in listing.files if path.name in METADATA):
        try:
            names[path.parent] = parse_metadata(_read(path, max_bytes))
        except CorpusError as error:
            problems.append(_problem(path, str(error)))
            if path.parent in previous.names:
                names[path.parent] = previous.names[path.parent]
    return names


def _no_faq(source: Path, paths: list[Path], why: str) -> Problem:
    """What is said of files that are no FAQ for the same reason."""
    if len(paths) == 1:
        return _problem(paths[0], why)
    named = ", ".join(_shown(path.relative_to(source)) for path in paths[:_MOST_NAMED])
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return _problem(source, f"{len(paths)} files are no FAQ ({named}{more}). {why}")


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def _problem(path: Path, reason: str) -> Problem:
    return Problem(source=_shown(path), reason=reason)


def _shown(path: Path) -> str:
    # A file name need not be valid UTF-8; what is shown must be.
    return str(path).encode(errors="backslashreplace").decode()


def _parse(path: Path, max_bytes: int) -> Parsed:
    parser = PARSERS.get(path.suffix.lower())
    if parser is None:
        raise CorpusError(
            f"Files of this kind cannot be read{advice_for(path.suffix.lower())}; supported are "
            f"{', '.join(PARSERS)} and folders of these."
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
    if path == source or path.suffix.lower() not in MARKDOWN:
        return Place(course=slug(path.stem) or "faq")
    folders = path.relative_to(source).parts[:-1]
    if len(folders) == 1 and _SECTION_FOLDER.match(folders[0]):
        folders = ("", folders[0])
    course = (folders[0] if folders else "") or source.resolve().name
    return Place(
        course=slug(course) or "faq",
        section=section_name(folders[1], None) if len(folders) > 1 else "",
        rank=(str(source / course), 0),
    )


def _published(
    path: Path, source: Path, names: Mapping[Path, CourseNames], base_url: str
) -> Published:
    """The nearest `_metadata.yaml` that gives an address decides; without one, the settings do."""
    for folder in path.parents:
        if folder in names and names[folder].url:
            return published_file(path, folder, names[folder].url)
        if folder == source:
            break
    return published_file(path, source, base_url)


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
