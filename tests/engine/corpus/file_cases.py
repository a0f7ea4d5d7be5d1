"""Folders of entries that a test has written, and what is read of them."""

from __future__ import annotations

import json
from pathlib import Path

from engine.corpus.entry import Entry
from engine.corpus.files import Reading, read_source
from engine.corpus.listing import list_files

LIMIT = 1_000_000


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def entry(question: str, answer: str = "So.", **fields: object) -> str:
    head = "".join(
        f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items()
    )
    return f"---\nquestion: {json.dumps(question, ensure_ascii=False)}\n{head}---\n\n{answer}\n"


def read(source: Path, previous: Reading | None = None) -> Reading:
    return read_source(source, list_files(source), previous or Reading(), LIMIT)


def entries(reading: Reading) -> list[Entry]:
    return [entry for _, entry in reading.placed_entries()]


def questions(reading: Reading) -> list[str]:
    return [each.question for each in entries(reading)]


def places(reading: Reading) -> list[tuple[str, str]]:
    return [(each.course, each.section) for each in entries(reading)]
