"""Reads the names of a course and its sections, from `_metadata.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.places import checked_template
from engine.corpus.fields import as_text
from engine.corpus.formats.data.structured import load_yaml
from engine.corpus.text import clean_line, decode, pretty_name
from engine.errors import CorpusError


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseNames:
    """What `_metadata.yaml` says."""

    course: str = ""
    title: str = ""
    #: Where readers open the folder's files; it may have placeholders.
    url: str = ""
    #: Folder name → name for people, in the course's order.
    sections: Mapping[str, str]


def parse_metadata(data: bytes) -> CourseNames:
    """The names of a course and its sections.

    Raises CorpusError when the file is malformed or its `url` is no address.
    """
    content = load_yaml(decode(data))
    if not isinstance(content, Mapping):
        raise CorpusError("The file names no course; write “course:” and “sections:”.")
    titles = (clean_line(as_text(content.get(key))) for key in ("course_name", "title", "name"))
    url = as_text(content.get("url")).strip()
    try:
        url = url and checked_template(url)
    except ValueError as error:
        raise CorpusError(f"Its “url:” cannot be used: {error}.") from None
    return CourseNames(
        course=clean_line(as_text(content.get("course"))),
        title=next(filter(None, titles), ""),
        url=url,
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
