"""Files of every make, written before the code that reads them: what is in them is read."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.corpus_files import FILES, FileResult, read_files


@pytest.fixture(scope="module")
def results() -> dict[str, FileResult]:
    return {result.name: result for result in asyncio.run(read_files(FILES))}


def test_what_a_file_holds_is_read(results: dict[str, FileResult]) -> None:
    missed = {
        name: (result.expected, result.read, result.said)
        for name, result in results.items()
        if not result.exact
    }
    assert not missed


def test_what_cannot_be_read_says_what_to_do(results: dict[str, FileResult]) -> None:
    assert all(result.said for result in results.values() if not result.read)
