"""The FAQ that the settings name."""

from __future__ import annotations

from pathlib import Path

from config.settings import Settings
from engine.corpus.loader import CorpusLoader


def corpus_loader(settings: Settings, *, cache_dir: Path | None = None) -> CorpusLoader:
    """What reads it; `cache_dir` gets the copies of addresses instead of the data folder."""
    return CorpusLoader(
        settings.corpus,
        cache_dir=cache_dir or settings.data_dir / "cache" / "corpus",
        course_titles=settings.course_titles,
        course_urls=settings.course_urls,
    )
