"""The settings that name places: where the FAQ is read, and where people open it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

#: What the address of an entry may be made of.
PLACEHOLDERS = ("course", "section", "path", "id", "anchor")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
#: Without a name and a password before the host, which readers must not see.
_HTTP = re.compile(r"(?i)https?://[^\s/?#@]+(?:[/?#]\S*)?")
_MOST_COMMAS = 10
_SCHEME = re.compile(r"(?i)[a-z][a-z0-9+.-]*://")


def checked_template(value: str) -> str:
    """An http(s) address that may hold `{course}` and the like.

    Raises ValueError naming a placeholder that there is not.
    """
    value = value.strip()
    if not _HTTP.fullmatch(value):
        raise ValueError("write an address that starts with https:// and holds no password")
    for name in _PLACEHOLDER.findall(value):
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise ValueError(f"there is no placeholder {{{name}}}; known are {known}")
    if set("{}") & set(_PLACEHOLDER.sub("", value)):
        raise ValueError("a brace stands alone; placeholders are written like {id}")
    return value


def read_sources(value: Any) -> Any:
    """The sources as listed, or out of one text: a JSON list, a path, or several with commas.

    Raises ValueError where one is empty.
    """
    if isinstance(value, str):
        value = _json(value, "[") or list(_parted(value))
    if not isinstance(value, list | tuple):
        return value
    if not value:
        raise ValueError("it names no source; list a file, a folder or an address")
    for number, source in enumerate(value, start=1):
        if isinstance(source, str) and not source.strip():
            raise ValueError(f"source {number} is empty; write a path or delete it")
    return tuple(each.strip() if isinstance(each, str) else each for each in value)


def _parted(text: str) -> Iterator[str]:
    """The parts between commas; a comma within a path or address parts nothing."""
    parts = text.split(",")
    while parts:
        lengths = range(min(len(parts), _MOST_COMMAS), 1, -1)
        length = next((n for n in lengths if _is_there(",".join(parts[:n]))), 1)
        source, parts = ",".join(parts[:length]).strip(), parts[length:]
        while _SCHEME.match(source) and parts and _goes_on(parts[0]):
            source += f",{parts.pop(0).rstrip()}"
        if source:
            yield source


def _goes_on(part: str) -> bool:
    """Whether a part belongs to the address before the comma: `https://example.org/a,b.json`."""
    is_glued = bool(part) and part == part.lstrip()
    return is_glued and not _SCHEME.match(part) and not _is_there(part)


def _is_there(path: str) -> bool:
    return os.path.exists(os.path.expanduser(path.strip()))


def _read_base(value: Any) -> Any:
    if isinstance(value, str):
        return _json(value, "{") or value.strip() or None
    return value


def _checked_base(value: str | dict[str, str] | None) -> str | dict[str, str] | None:
    if isinstance(value, Mapping):
        return {source.strip(): checked_template(url) for source, url in value.items()}
    return checked_template(value) if value else None


def _json(text: str, opening: str) -> Any:
    """What a text holds that is JSON of the kind that begins so; None for any other."""
    if not text.lstrip().startswith(opening):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


Sources = Annotated[tuple[str, ...], BeforeValidator(read_sources)]
BaseUrl = Annotated[
    str | dict[str, str] | None, BeforeValidator(_read_base), AfterValidator(_checked_base)
]
