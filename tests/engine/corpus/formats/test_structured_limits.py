"""No file of 20 MB takes more than 512 MB, whatever it holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

MOST_MB = 512
#: Reads a file that it makes itself and prints the peak of its memory in kilobytes.
READ = """
import resource, sys
from engine.corpus.formats.parsers import PARSERS
from engine.errors import CorpusError
try:
    PARSERS[sys.argv[1]](eval(sys.argv[2]), 20_000_000)
except CorpusError:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        (".json", "b'[' * 20_000_000"),
        (".json", """b'{"a":' * 4_000_000"""),
        (".json", "b'[' + b'[],' * 490_000 + b'1]'"),
        (".json", """b'["' + b'","'.join(b'%06x' % n for n in range(1_100_000)) + b'"]'"""),
        (".jsonl", r"b'\n' * 20_000_000"),
        (".jsonl", r"b'{}\n' * 6_000_000"),
        (".yaml", r"b'\n' * 20_000_000"),
        (".yaml", r"b'- a\n' * 5_000_000"),
        (".csv", "b',' * 20_000_000"),
        (".csv", r"b'\n' * 20_000_000"),
        (".csv", r"b'ab,cd\n' * 2_900_000"),
        (".csv", r"""b'question,answer\n"' + b'x' * 19_000_000 + b'"'"""),
    ],
    ids=lambda value: value[:40],
)
def test_a_hostile_file_takes_bounded_memory(suffix: str, data: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ, suffix, data], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) < MOST_MB * 1024
