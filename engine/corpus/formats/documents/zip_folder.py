"""Reads a zip as the folder that it holds: an export of Notion or Confluence, or a repository."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from os.path import commonpath
from pathlib import PurePosixPath

from engine.corpus.course_names import CourseNames, parse_metadata, section_name
from engine.corpus.entry import MOST_ENTRIES, TOO_MANY_ENTRIES, Entry, Parsed
from engine.corpus.formats.documents.archive import unzipped
from engine.corpus.formats.topics import without_topics
from engine.corpus.repository import is_about_the_repository, is_never_looked_into
from engine.corpus.text import pretty_name
from engine.errors import CorpusError, NotAnFaq

_METADATA = {"_metadata.yaml", "_metadata.yml"}
_PAGES = (".md", ".markdown")
#: Notion ends the name of every file and folder with the id of the page.
_NOTION_ID = re.compile(r"[ _-]+[0-9a-f]{32}(?=\.\w+\Z|_all\.csv\Z|\Z)")
#: What the columns of its tables hold stands below the title of each page.
_NOTION_PROPERTIES = re.compile(rb"(\A# [^\n]*\n\s*\n)((?:[A-Z][^:\n]{0,60}: [^\n]*\n)+)(?=\s*\n)")
_MOST_PROBLEMS = 50


def parse_export(
    data: bytes, max_bytes: int, parsers: Mapping[str, Callable[[bytes, int], Parsed]]
) -> Parsed:
    """The entries of every file in a zip that one of `parsers` reads.

    A `_metadata.yaml` names course and sections as it does in a folder; else folders do.
    Raises CorpusError when the zip is refused or no file in it holds an entry.
    """
    files = unzipped(
        data, max_bytes, lambda path: path.name in _METADATA or path.suffix.lower() in parsers
    )
    export = _Export(files)
    entries: list[Entry] = []
    problems: list[str] = []
    for path, content in export.pages():
        try:
            parsed = parsers[path.suffix.lower()](content, max_bytes)
            parsed = without_topics(parsed, path)
        except NotAnFaq:
            continue
        except CorpusError as error:
            problems.append(f"{path}: {error}")
            continue
        entries += (export.placed(entry, path) for entry in parsed.entries)
        problems += (f"{path}: {reason}" for reason in parsed.problems)
        if len(entries) > MOST_ENTRIES:
            raise CorpusError(TOO_MANY_ENTRIES)
    if not entries:
        first = f" {problems[0]}" if problems else ""
        raise CorpusError(f"None of the {len(files)} files of the zip holds a question.{first}")
    return Parsed(entries=tuple(entries), problems=tuple(problems[:_MOST_PROBLEMS]))


class _Export:
    """The files of a zip, and what its folders say of them."""

    def __init__(self, files: Mapping[PurePosixPath, bytes]) -> None:
        self._files: dict[PurePosixPath, bytes] = {}
        self._names: dict[PurePosixPath, CourseNames] = {}
        for path, content in files.items():
            if path.name in _METADATA:
                self._names[path.parent] = parse_metadata(content)
                continue
            plain = PurePosixPath(*(_NOTION_ID.sub("", name) or name for name in path.parts))
            if plain != path and path.suffix in _PAGES:
                content = _NOTION_PROPERTIES.sub(rb"\1", content)
            self._files[path if plain in self._files else plain] = content
        folders = [str(path.parent) for path in self._files]
        self._root = PurePosixPath(commonpath(folders)) if folders else PurePosixPath()

    def pages(self) -> Iterator[tuple[PurePosixPath, bytes]]:
        """All files but those about a repository, unless there are no others."""
        beside: dict[PurePosixPath, set[str]] = {}
        for path in self._files:
            beside.setdefault(path.parent, set()).add(path.name)
        pages = [
            path
            for path in sorted(self._files)
            if not is_about_the_repository(path, beside[path.parent])
            and not any(map(is_never_looked_into, path.parts[:-1]))
        ]
        for path in pages or sorted(self._files):
            yield path, self._files[path]

    def placed(self, entry: Entry, path: PurePosixPath) -> Entry:
        """The entry with the course and section of its folder, where it names none."""
        course, section = self._place(path)
        return replace(
            entry, course=entry.course or course, section=entry.section or section, anchor=""
        )

    def _place(self, path: PurePosixPath) -> tuple[str, str]:
        for folder in path.parents:
            if names := self._names.get(folder):
                inside = path.relative_to(folder).parts[:-1]
                section = section_name(inside[0], names) if inside else ""
                return names.course or names.title or folder.name, section
        inside = path.parent.relative_to(self._root).parts
        if inside:
            return "", pretty_name(inside[0])
        return "", pretty_name(path.stem) if path.suffix not in _PAGES else ""
