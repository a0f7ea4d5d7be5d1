"""Reads entries out of JSON, JSON Lines and YAML."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import yaml

from engine.corpus.entry import Parsed
from engine.corpus.fields import ASKED, QUESTION
from engine.corpus.formats.data.shapes import entries_of
from engine.corpus.text import decode
from engine.errors import CorpusError, NotAnFaq

_DEEPEST = 20
#: Objects, lists and values in JSON: at most some 200 bytes of memory each, whatever the size of
#: the file.
_MOST_VALUES = 1_200_000
#: Objects and lists in JSON, events in YAML: some 500 bytes each.
_MOST_PARTS = 500_000
_MOST_BAD_LINES = 20
_TOO_MANY = "The file has too many parts for an FAQ; split it."
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the C one is ten times faster
#: A file that cannot be read was meant to be an FAQ when it names a question.
_MEANT_TO_ASK = re.compile(
    rf"""(?i)\b(?:{"|".join((*QUESTION, *ASKED))})["']?\s{{0,9}}:|\?["']?:"""
)


def parse_json(data: bytes, *, by_line: bool = False) -> Parsed:
    """The zoomcamps' `documents.json`, or entries in any other shape that shapes.py knows.

    One value a line (JSON Lines) is read as a list; with `by_line` a line that cannot be read is
    a problem of its own. Raises CorpusError when it is not JSON or holds no entries.
    """
    parts = data.count(b"{") + data.count(b"[")
    values = parts + data.count(b",") + (data.count(b"\n") if by_line else 0)
    if parts > _MOST_PARTS or values > _MOST_VALUES:
        raise CorpusError(_TOO_MANY)
    text = decode(data)
    try:
        content: object = json.loads(text)
    except json.JSONDecodeError as error:
        if by_line or error.msg == "Extra data":
            return _parse_lines(text, error)
        raise _invalid(text, error) from None
    except (ValueError, RecursionError):  # a number of thousands of digits; nesting
        raise CorpusError(
            "The file is not JSON that can be read: nested too deeply, or a number is too long."
        ) from None
    return entries_of(content)


def parse_yaml(data: bytes) -> Parsed:
    """Entries in any shape that shapes.py knows; several documents are read as a list.

    Raises CorpusError when it is not YAML or holds no entries.
    """
    text = decode(data)
    try:
        content, refused = _built(text)
    except CorpusError as error:
        raise error if _MEANT_TO_ASK.search(text) else NotAnFaq(str(error)) from None
    parsed = entries_of(content)
    if refused:
        raise CorpusError(refused)
    return parsed


def load_yaml(text: str) -> object:
    """The content of a YAML text: dicts, lists and strings only, so ids stay as written.

    Raises CorpusError when malformed, nested deeply, or holding anchors or aliases: a few lines
    of those unfold into gigabytes, and an FAQ needs none.
    """
    content, refused = _built(text)
    if refused:
        raise CorpusError(refused)
    return content


def _parse_lines(text: str, error: json.JSONDecodeError) -> Parsed:
    items: list[object] = []
    bad: list[int] = []
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.isspace():
            continue
        try:
            items.append(json.loads(line))
        except (ValueError, RecursionError):
            bad.append(number)
    if not items:
        raise _invalid(text, error)
    parsed = entries_of(items)
    return replace(parsed, problems=(*_about_lines(bad), *parsed.problems))


def _about_lines(bad: list[int]) -> Iterable[str]:
    for number in bad[:_MOST_BAD_LINES]:
        yield f"Line {number} is not valid JSON; mend or delete it."
    if len(bad) > _MOST_BAD_LINES:
        yield f"{len(bad) - _MOST_BAD_LINES} more lines are not valid JSON."


def _invalid(text: str, error: json.JSONDecodeError) -> CorpusError:
    reason = f"The file is not valid JSON (line {error.lineno}, column {error.colno}: {error.msg})."
    return CorpusError(reason) if _MEANT_TO_ASK.search(text) else NotAnFaq(reason)


def _built(text: str) -> tuple[object, str]:
    """The content of a YAML text without what its aliases stand for, and why it is refused if
    it has any."""
    builder = _Builder()
    try:
        for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if number > _MOST_PARTS:
                raise CorpusError(_TOO_MANY)
            builder.take(event)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        said = f"line {mark.line + 1}: {getattr(error, 'problem', '')}" if mark else str(error)
        where = f" ({said})" if isinstance(error, ValueError) or mark else ""
        raise CorpusError(
            f"The file is not valid YAML{where}; put texts with special characters in quotes."
        ) from None
    documents = builder.documents
    return documents[0] if len(documents) == 1 else documents or None, builder.refused


@dataclass(slots=True)
class _Builder:
    """Makes dicts, lists and strings of YAML's events: a tenth of the memory of its own nodes."""

    documents: list[object] = field(default_factory=list)
    #: Why a text with anchors or aliases is refused; empty for any other.
    refused: str = ""
    _open: list[list[object] | dict[str, object]] = field(default_factory=list)
    #: For each open collection the key whose value comes next; None where a key comes next.
    _keys: list[str | None] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            where = f", line {event.start_mark.line + 1}" if event.start_mark else ""
            self.refused = self.refused or (
                f"The file uses a YAML anchor or alias (& or *{where}), which is refused; "
                "write the text out or put it in quotes."
            )
        if isinstance(event, yaml.CollectionStartEvent):
            self._open.append([] if isinstance(event, yaml.SequenceStartEvent) else {})
            self._keys.append(None)
            if len(self._open) > _DEEPEST:
                raise CorpusError(
                    "The YAML is nested too deeply; an FAQ needs two or three levels."
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            self._keys.pop()
            self._put(self._open.pop(), event)
        elif isinstance(event, yaml.ScalarEvent):
            self._put(event.value, event)
        elif isinstance(event, yaml.AliasEvent):
            self._put("", event)

    def _put(self, value: object, event: yaml.Event) -> None:
        if not self._open:
            self.documents.append(value)
        elif isinstance(parent := self._open[-1], list):
            parent.append(value)
        elif (key := self._keys[-1]) is not None:
            parent[key] = value
            self._keys[-1] = None
        elif isinstance(value, str):
            self._keys[-1] = value
        else:
            line = f"line {event.start_mark.line + 1}: " if event.start_mark else ""
            raise ValueError(f"{line}a list or mapping stands for a key")
