"""`corpus`: what is read of an FAQ, and what of it deserves a second look."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import ConfigOption, JsonOption, set_up
from config.settings import Settings
from engine.corpus.entry import shortened

if TYPE_CHECKING:
    from engine.corpus.corpus import Corpus, FileRead, Problem
    from engine.evaluation.corpus_report import CorpusReport, CourseCount, EntryNote

#: Lines of one kind that are printed; `--json` has all.
MOST_LINES = 8


def corpus(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders or addresses, instead of the configured ones."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the FAQ and tell what was found where, what was passed over, and what looks odd.

    No model is needed. Ends with 1 where something is to be mended or no entry was found.
    """
    from engine.evaluation.corpus_report import corpus_report

    settings, _ = set_up(config, quiet=True, sources=sources)
    report = corpus_report(asyncio.run(_read(settings)), datetime.now(UTC).date())
    if as_json:
        print(json.dumps(asdict(report), ensure_ascii=False, indent=2))
    else:
        print(_in_words(report))
    if report.problems:
        raise typer.Exit(1)


async def _read(settings: Settings) -> Corpus:
    """What the sources hold now: copies of addresses that an assistant keeps are left alone."""
    from bot.faq import corpus_loader

    with tempfile.TemporaryDirectory() as cache_dir:
        return await corpus_loader(settings, cache_dir=Path(cache_dir)).load()


def _in_words(report: CorpusReport) -> str:
    entries, courses = _entries(report.num_entries), len(report.courses)
    blocks = (
        f"{entries} in {courses} {'course' if courses == 1 else 'courses'}.",
        _block("To be mended", len(report.problems), _problems(report.problems)),
        _block("Courses", courses, map(_course, report.courses)),
        _block("Files read", len(report.files), _files(report.files)),
        _block("Passed over, no FAQ", len(report.passed_over), _problems(report.passed_over)),
        _block("Left out or changed", len(report.left_out), _problems(report.left_out)),
        _block("Shortest answers", len(report.shortest), _notes(report.shortest)),
        _block("Longest answers", len(report.longest), _notes(report.longest)),
        _block("More than once", len(report.duplicates), map(_group, report.duplicates)),
        _block("Without a link", len(report.without_link), map(_name, report.without_link)),
        _block("Dates in the past", len(report.past), _notes(report.past)),
    )
    return "\n\n".join(filter(None, blocks))


def _block(title: str, number: int, lines: Iterable[str]) -> str:
    found = list(lines)
    if not found:
        return ""
    shown = [f"  {line}" for line in found[:MOST_LINES]]
    if len(found) > MOST_LINES:
        shown.append(f"  … (--json has all {number:,})")
    return "\n".join([f"{title}: {number:,}", *shown])


def _course(course: CourseCount) -> str:
    return f"{course.name}, “{course.title}”: {_entries(course.num_entries)}"


def _files(files: Iterable[FileRead]) -> list[str]:
    """A line for each file; those of one entry, as a course has them, are counted by folder."""
    files = list(files)
    alone = Counter(str(Path(file.source).parent) for file in files if len(file.entry_ids) == 1)
    lines = [
        f"{file.source}: {_entries(len(file.entry_ids))}"
        for file in files
        if len(file.entry_ids) != 1 or alone[str(Path(file.source).parent)] == 1
    ]
    return lines + [
        f"{folder}: {_entries(number)}, a file each"
        for folder, number in alone.items()
        if number > 1
    ]


def _problems(problems: Iterable[Problem]) -> Iterable[str]:
    return (f"{problem.source}: {problem.reason}" for problem in problems)


def _notes(notes: Iterable[EntryNote]) -> Iterable[str]:
    return (f"{_name(note)}: {note.note}" for note in notes)


def _group(group: Sequence[EntryNote]) -> str:
    sources = dict.fromkeys(note.source for note in group)
    return f"{_name(group[0])}: {len(group)} with {group[0].note} in {', '.join(sources)}"


def _name(note: EntryNote) -> str:
    place = ", ".join(filter(None, (note.course, note.section)))
    return f"“{shortened(note.question)}” ({place})"


def _entries(number: int) -> str:
    return f"{number:,} {'entry' if number == 1 else 'entries'}"
