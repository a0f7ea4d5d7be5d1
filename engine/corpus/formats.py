"""Reads entries out of JSON, YAML, CSV and Markdown files, and the `_metadata.yaml` of a course."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import yaml

from engine.corpus.entry import EntryList, Parsed, as_text
from engine.corpus.text import clean_line, decode
from engine.errors import CorpusError

if TYPE_CHECKING:
    from _csv import Reader
from dataclasses import dataclass

from engine.corpus.text import pretty_name

_DELIMITERS = ",;\t|"
_DEEPEST = 20
#: Objects in JSON, events in YAML: some 500 bytes of memory each, whatever the file's size.
_MOST_PARTS = 500_000
_TOO_MANY = "The file has too many parts for an FAQ; split it."
_NO_ENTRIES = "The file holds no entries; write a list of entries with question and answer."
_CONTAINERS = {"entries", "faq", "items", "questions"}
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the C one is ten times faster
_FRONT_MATTER = re.compile(
    r"\A\s*---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S | re.M
)


def parse_json(data: bytes) -> Parsed:
    """The zoomcamps' `documents.json`, nested or flat, or any list or mapping of entries.

    Raises CorpusError when it is not JSON or holds no such thing.
    """
    if data.count(b"{") + data.count(b"[") > _MOST_PARTS:
        raise CorpusError(_TOO_MANY)
    try:
        content: object = json.loads(decode(data))
    except json.JSONDecodeError as error:
        raise CorpusError(
            f"The file is not valid JSON (line {error.lineno}, column {error.colno}: {error.msg})."
        ) from None
    except (ValueError, RecursionError):  # a number of thousands of digits; nesting
        raise CorpusError(
            "The file is not JSON that can be read: nested too deeply, or a number is too long."
        ) from None
    return _entries(content)


def parse_yaml(data: bytes) -> Parsed:
    """A list of entries, or questions mapped to answers.

    Raises CorpusError when it is not YAML or holds no such thing.
    """
    return _entries(load_yaml(decode(data)))


def load_yaml(text: str) -> object:
    """The content of a YAML text: dicts, lists and strings only, so ids stay as written.

    Raises CorpusError when malformed, nested deeply, or holding anchors or aliases: a few lines
    of those unfold into gigabytes, and an FAQ needs none.
    """
    try:
        _refuse_bombs(text)
        content: object = yaml.load(text, Loader=_LOADER)  # BaseLoader makes no objects
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}: {getattr(error, 'problem', '')})" if mark else ""
        raise CorpusError(
            f"The file is not valid YAML{where}; put texts with special characters in quotes."
        ) from None
    return content


def parse_csv(data: bytes) -> Parsed:
    """Rows below a header that names the columns question and answer.

    Raises CorpusError when there is no such header or the quotes do not match.
    """
    text = decode(data)
    if text[:4].lower() == "sep=":  # a hint that Excel writes and reads
        text = text.partition("\n")[2]
    delimiter = next((each for each in _DELIMITERS if _is_header(_header(text, each))), None)
    if delimiter is None:
        raise CorpusError(
            "The file has no header with the columns “question” and “answer” (or “text”); "
            "add one as its first line."
        )
    found = EntryList()
    rows = _rows(text, delimiter)
    try:
        header = next(filter(any, rows))
        for row in filter(any, rows):
            found.add(dict(zip(header, row, strict=False)))
    except csv.Error as error:
        raise CorpusError(f"The file is not valid CSV (line {rows.line_num}: {error}).") from None
    return found.parsed()


def _rows(text: str, delimiter: str) -> Reader:
    # Strict: an unclosed quote is an error instead of swallowing the rest of the file.
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _header(text: str, delimiter: str) -> set[str]:
    try:
        return {
            clean_line(name).casefold() for name in next(filter(any, _rows(text, delimiter)), [])
        }
    except csv.Error:
        return set()


def _is_header(names: set[str]) -> bool:
    return "question" in names and not names.isdisjoint({"answer", "text"})


def _refuse_bombs(text: str) -> None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            where = f", line {event.start_mark.line + 1}" if event.start_mark else ""
            raise CorpusError(
                f"The file uses a YAML anchor or alias (& or *{where}), which is refused; "
                "write the text out or put it in quotes."
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if number > _MOST_PARTS:
            raise CorpusError(_TOO_MANY)
        if depth > _DEEPEST:
            raise CorpusError("The YAML is nested too deeply; an FAQ needs two or three levels.")


def _entries(content: object) -> Parsed:
    found = EntryList()
    if isinstance(content, list):
        for item in content:
            _add(found, item)
    elif isinstance(content, Mapping) and content:
        keys = {str(key).casefold() for key in content}
        if keys & {"documents", "question"}:
            _add(found, content)
        else:
            _add_mapping(found, content)
    else:
        raise CorpusError(_NO_ENTRIES)
    return found.parsed()


def _add(found: EntryList, item: object) -> None:
    documents = item.get("documents") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or not isinstance(documents, list):
        found.add(item)
        return
    course = clean_line(as_text(item.get("course")))
    section = clean_line(as_text(item.get("section")))
    for document in documents:
        found.add(document, course=course, section=section)


def _add_mapping(found: EntryList, content: Mapping[object, object]) -> None:
    """Question → answer, question → entry, or section → list of entries."""
    named = {clean_line(str(key)): value for key, value in content.items()}
    if not any(map(_looks_like_entry, named.keys(), named.values())):
        # A settings file or an error message ({"detail": "Not found"}) is no FAQ.
        raise CorpusError(_NO_ENTRIES)
    for name, value in named.items():
        if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            section = "" if name.casefold() in _CONTAINERS else name
            for item in value:
                found.add(item, section=section)
        elif isinstance(value, Mapping):
            found.add({"question": name, **value})
        else:
            found.add({"question": name, "answer": value})


def _looks_like_entry(name: str, value: object) -> bool:
    if isinstance(value, str):
        return not name.isascii() or re.search(r"[\s?]", name) is not None
    return isinstance(value, list | Mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseNames:
    """What `_metadata.yaml` says."""

    course: str = ""
    title: str = ""
    #: Folder name → name for people, in the course's order.
    sections: Mapping[str, str]


def parse_markdown(data: bytes) -> Parsed:
    """One entry: the front matter holds the question, the text below it is the answer.

    Raises CorpusError when the front matter is missing or malformed.
    """
    text = decode(data)
    match = _FRONT_MATTER.match(text)
    if match is None:
        raise CorpusError(
            "The file does not start with front matter (a block between two lines “---” that "
            "holds “question:”); add it, or move the file out of the FAQ."
        )
    fields = load_yaml(match[1])
    if not isinstance(fields, Mapping):
        raise CorpusError("The front matter holds no “question:”; add one.")
    found = EntryList()
    found.add({**fields, "answer": text[match.end() :], "text": ""})
    return found.parsed()


def parse_metadata(data: bytes) -> CourseNames:
    """The names of a course and its sections.

    Raises CorpusError when the file is malformed.
    """
    content = load_yaml(decode(data))
    if not isinstance(content, Mapping):
        raise CorpusError("The file names no course; write “course:” and “sections:”.")
    titles = (clean_line(as_text(content.get(key))) for key in ("course_name", "title", "name"))
    return CourseNames(
        course=clean_line(as_text(content.get("course"))),
        title=next(filter(None, titles), ""),
        sections=_sections(content.get("sections")),
    )


def section_name(folder: str, names: CourseNames | None) -> str:
    """The section's name for people: the course's own, or made of the folder's name."""
    return (names and names.sections.get(folder)) or pretty_name(folder)


def _sections(raw: object) -> dict[str, str]:
    """A list of `{id, name}` or of names, or a mapping id → name."""
    if isinstance(raw, Mapping):
        raw = [{"id": key, "name": value} for key, value in raw.items()]
    named: dict[str, str] = {}
    for item in raw if isinstance(raw, list) else []:
        fields = item if isinstance(item, Mapping) else {"id": item}
        folder = clean_line(as_text(fields.get("id")))
        name = clean_line(as_text(fields.get("name")) or as_text(fields.get("title")))
        if folder:
            named[folder] = name or pretty_name(folder)
    return named
