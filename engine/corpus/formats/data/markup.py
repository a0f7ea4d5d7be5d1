"""Reads entries out of TOML, and of XML such as the glossary of a Moodle course."""

from __future__ import annotations

import tomllib
from xml.etree import ElementTree

from engine.corpus.entry import Parsed
from engine.corpus.formats.data.shapes import entries_of
from engine.corpus.text import decode
from engine.errors import CorpusError, NotAnFaq

#: Elements, tables or values: some 400 bytes of memory each.
_MOST_PARTS = 500_000
_DEEPEST = 40
_TOO_MANY = "The file has too many parts for an FAQ; split it."


def parse_toml(data: bytes) -> Parsed:
    """Entries in any shape that shapes.py knows.

    Raises CorpusError when it is not TOML or holds no entries.
    """
    if sum(map(data.count, (b"=", b"[", b"{", b",", b"\n"))) > _MOST_PARTS:
        raise CorpusError(_TOO_MANY)
    try:
        return entries_of(tomllib.loads(decode(data)))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CorpusError(f"The file is not valid TOML ({error}).") from None


def parse_xml(data: bytes) -> Parsed:
    """Entries below elements that are called like the fields of entries in other files.

    Raises CorpusError when it is not XML, declares entities, which can unfold into gigabytes, or
    holds no entries.
    """
    text = decode(data)
    if text.count("<") > _MOST_PARTS:
        raise CorpusError(_TOO_MANY)
    if "<!ENTITY" in text:
        raise NotAnFaq("The file declares entities (<!ENTITY>), which is refused; write them out.")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise NotAnFaq(f"The file is not valid XML ({error}).") from None
    return entries_of(_value(root))


def _value(element: ElementTree.Element, depth: int = 0) -> object:
    """An element as JSON would have it: its text, or a mapping of its fields.

    Those that hold elements in turn are a list: their names say what they are, not what about.
    """
    if not len(element) or depth > _DEEPEST:
        return element.text or ""
    fields: dict[str, object] = {}
    parts: list[object] = []
    for child in element:
        name = child.tag.rpartition("}")[2]  # without its namespace
        value = _value(child, depth + 1)
        if isinstance(value, dict) and value.keys() != {"text"}:  # Moodle wraps texts
            parts.append(value)
        else:
            fields.setdefault(name, value)
    return {**fields, "items": parts} if parts else fields
