"""A second folder of files of every make, written without a look at the code that reads them."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.corpus_files import FILES, FileResult, read_files

#: Left alone, with a sentence that helps: what they hold is not told from files that are no FAQ.
REFUSED = {
    "rasa/faq.yml",  # questions and answers are tied by their names only
    "rag/chat.jsonl",  # looks like the log of a chat
    "rag/langchain.jsonl",
    "anki.txt",  # flash cards
    "guide.adoc",
}
#: The one heading of a guide that asks counts as a question of its own.
ONE_HEADING_ASKS = {"none/tutorial.md", "none/blog.md"}


@pytest.fixture(scope="module")
def results() -> dict[str, FileResult]:
    folder = FILES.parent / "faq_kinds_2"
    return {result.name: result for result in asyncio.run(read_files(folder))}


def test_what_a_file_holds_is_read(results: dict[str, FileResult]) -> None:
    missed = {
        name: (result.expected, result.read, result.said)
        for name, result in results.items()
        if not result.exact
    }

    assert missed.keys() <= REFUSED | ONE_HEADING_ASKS, missed


def test_what_cannot_be_read_says_what_to_do(results: dict[str, FileResult]) -> None:
    assert all(result.said for result in results.values() if not result.read)
    assert not any(results[name].read for name in REFUSED)
