"""Makes documents of the entries: each once, under an id of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, replace
from itertools import count

from engine.corpus.entry import Entry
from engine.corpus.text import clean_url
from engine.types import Document

_LONGEST_ID = 100


def documents_of(entries: Iterable[Entry]) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    """Each entry once, and for every entry the id of its document.

    Different entries under one id are told apart by a hash of the content.
    """
    documents: dict[str, Document] = {}
    ids: list[str] = []
    for entry in entries:
        document = _document(entry)
        for attempt in count():
            key = document.id if attempt == 0 else f"{document.id}-{hash_of(attempt, document)[:6]}"
            known = documents.setdefault(key, replace(document, id=key))
            if replace(known, id=document.id) == document:
                ids.append(key)
                break
    return tuple(documents.values()), tuple(ids)


def hash_of(*parts: object) -> str:
    """The same for the same parts, in every process."""
    written = json.dumps([astuple(p) if isinstance(p, Document) else p for p in parts])
    return hashlib.sha1(written.encode(), usedforsecurity=False).hexdigest()


def _document(entry: Entry) -> Document:
    own = entry.id if len(entry.id) <= _LONGEST_ID else ""
    return Document(
        id=own or hash_of(entry.course, entry.section, entry.question)[:10],
        course=entry.course,
        section=entry.section,
        question=entry.question,
        answer=entry.answer,
        url=clean_url(entry.url),
        phrasings=entry.phrasings,
    )
