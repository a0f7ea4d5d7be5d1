"""Counts what is read of small files of every make, and what is read that is no entry.

    python -m benchmarks.corpus_files [FOLDER]

FOLDER holds the files and an `expected.yaml`: file → the questions in it. Each file is read alone.
One JSON line a file; the last line sums up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from config.settings import CorpusSettings
from engine.corpus.loader import CorpusLoader
from engine.errors import CorpusError

FILES = Path(__file__).parent.parent / "tests" / "data" / "faq_kinds"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What was read of one file."""

    name: str
    expected: tuple[str, ...]
    read: tuple[str, ...]
    #: What the operator is told: problems, or why nothing was read.
    said: str

    @property
    def exact(self) -> bool:
        return self.read == self.expected

    @property
    def junk(self) -> int:
        return len([question for question in self.read if question not in self.expected])


async def read_files(folder: Path) -> list[FileResult]:
    """What is read of each file of `folder`, in the order of its `expected.yaml`."""
    expected = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
    return [await _read(folder, name, tuple(questions)) for name, questions in expected.items()]


async def _read(folder: Path, name: str, expected: tuple[str, ...]) -> FileResult:
    settings = CorpusSettings(sources=(str(folder / name),))
    with tempfile.TemporaryDirectory() as cache:
        try:
            corpus = await CorpusLoader(settings, cache_dir=Path(cache), course_titles={}).load()
        except CorpusError as error:
            read, said = (), str(error)
        else:
            read = tuple(document.question for document in corpus.documents)
            said = " ".join(problem.reason for problem in corpus.problems)
    return FileResult(name=name, expected=expected, read=read, said=said.replace(f"{folder}/", ""))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FILES)
    results = asyncio.run(read_files(parser.parse_args().folder))
    for result in results:
        print(json.dumps({"exact": result.exact, **asdict(result)}, ensure_ascii=False))
    exact = sum(result.exact for result in results)
    print(
        f"{exact} of {len(results)} files read exactly; "
        f"{sum(len(result.read) for result in results)} entries read of "
        f"{sum(len(result.expected) for result in results)}, "
        f"{sum(result.junk for result in results)} of them junk"
    )
    return 0 if exact == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
