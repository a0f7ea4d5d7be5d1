"""A corpus that is loaded from files which a test has written."""

from __future__ import annotations

import json
from pathlib import Path

from config.settings import CorpusSettings
from engine.corpus.corpus import Corpus
from engine.corpus.loader import CorpusLoader

ENTRIES = [
    {"id": "a1", "course": "llm-zoomcamp", "section": "S", "question": "Why?", "text": "So."},
    {"course": "ml", "section": "S", "question": "When?", "text": "Now."},
]


def loader(*sources: str | Path, cache_dir: Path = Path("unused"), **titles: str) -> CorpusLoader:
    return CorpusLoader(
        CorpusSettings(
            sources=tuple(map(str, sources)), max_bytes=100_000, timeout_s=5, url_refresh_s=3600
        ),
        cache_dir=cache_dir,
        course_titles={name.replace("_", "-"): title for name, title in titles.items()},
    )


def written(path: Path, entries: object) -> Path:
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def questions(corpus: Corpus) -> list[str]:
    return [document.question for document in corpus.documents]
