"""Makes documents of the entries: each once, with an id, an address and links that open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial
from itertools import count

from engine.corpus.entry import Entry
from engine.corpus.links import with_open_links
from engine.corpus.published import Published, location_key, opened_at
from engine.corpus.text import clean_url
from engine.types import Document

_LONGEST_ID = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEntry:
    """An entry that is served, and where the file it stands in is published."""

    entry: Entry
    published: Published


def documents_of(
    rows: Sequence[PublishedEntry], course_urls: Mapping[str, str]
) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    """Each entry once, and for every entry the id of its document.

    Different entries under one id are told apart by a hash of the content. `course_urls` are the
    templates of a course's addresses, by its machine name.
    """
    documents, ids = _told_apart(row.entry for row in rows)
    first = dict(zip(reversed(ids), reversed(rows), strict=True))
    urls = {key: _address(row, course_urls) for key, row in first.items()}
    found: dict[str, list[tuple[str, str | None]]] = {}
    for row, key in zip(rows, ids, strict=True):
        place = found.setdefault(location_key(row.published.location), [])
        place.append((row.entry.anchor, urls[key]))
    opened = [
        replace(
            document,
            url=urls[document.id],
            answer=with_open_links(
                document.answer,
                partial(opened_at, file=first[document.id].published, entries=found),
            ),
        )
        for document in documents
    ]
    return tuple(opened), ids


def _told_apart(entries: Iterable[Entry]) -> tuple[list[Document], tuple[str, ...]]:
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
    return list(documents.values()), tuple(ids)


def _address(row: PublishedEntry, course_urls: Mapping[str, str]) -> str | None:
    """Where readers open an entry: its own address goes first, then that of its course."""
    entry = row.entry
    own = clean_url(opened_at(entry.url, row.published, {}) or "") if entry.url else None
    # The id that the page knows: without what tells it from another entry of the same id.
    values = {
        "course": entry.course,
        "section": entry.section,
        "id": _document(entry).id,
        "anchor": entry.anchor,
    }
    return own or row.published.entry_address(values, course_urls.get(entry.course, ""))


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
