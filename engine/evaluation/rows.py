"""Reads the rows of a JSONL file: one JSON object a line, checked field by field."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from engine.errors import EngineError, after_colon

T = TypeVar("T")

_MARK = b"\xef\xbb\xbf"  # the byte order mark that some editors put first


def read_rows(path: Path, kind: type[T]) -> list[T]:
    """Every row of `path` as a `kind`, a dataclass; other fields and empty lines do not matter.

    Raises EngineError, which names the line, for a row that is no such thing.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(f"{path} cannot be read ({error.strerror}).") from error
    rows = TypeAdapter(kind)
    found = []
    for number, line in enumerate(content.removeprefix(_MARK).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(rows.validate_json(line, strict=True))
        except ValidationError as error:
            raise EngineError(f"{path}, line {number}: {_reason(error)}") from None
    if not found:
        raise EngineError(f"{path} holds no row; write one JSON object a line.")
    return found


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"“{field}” is missing."
    if field:
        return f"“{field}” cannot be used: {after_colon(first['msg'])}."
    return f"write one JSON object a line ({after_colon(first['msg'])})."
