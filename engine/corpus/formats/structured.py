"""Reads entries out of JSON and YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import yaml

from engine.corpus.entry import EntryList, Parsed, as_text
from engine.corpus.text import clean_line, decode
from engine.errors import CorpusError, NotAnFaq

_DEEPEST = 20
#: Objects in JSON, events in YAML: some 500 bytes of memory each, whatever the file's size.
_MOST_PARTS = 500_000
_TOO_MANY = "The file has too many parts for an FAQ; split it."
_NO_ENTRIES = "The file holds no entries; write a list of entries with question and answer."
_CONTAINERS = {"entries", "faq", "items", "questions"}
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the C one is ten times faster


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
        raise NotAnFaq(_NO_ENTRIES)
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
        raise NotAnFaq(_NO_ENTRIES)
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
