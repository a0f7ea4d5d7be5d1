"""Prose that nobody wrote: files made to hurt, and marks in any order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus.formats.parsers import PARSERS
from engine.errors import CorpusError

ROOT = Path(__file__).parents[4]

HOSTILE = [
    (".md", "b'\\n' * 19_000_000"),
    (".md", "b'#' * 19_000_000"),
    (".md", "b'# Can I?\\nYes.\\n' * 200_000"),
    (".md", "b'x' * 19_000_000"),
    (".md", "b'> ' * 9_000_000"),
    (".md", "b'- Q: ' * 3_000_000"),
    (".md", "'[a]: b '.encode() * 2_000_000"),
    (".rst", "b'|' * 19_000_000"),
    (".mdx", "b'{/*' * 6_000_000"),
    (".txt", "b'= ' * 9_000_000"),
    (".ipynb", 'b\'{"cells": [\' + b\'"a",\' * 900_000 + b"1]}"'),
]


@pytest.mark.parametrize(("suffix", "content"), HOSTILE, ids=[f"{s} {c}" for s, c in HOSTILE])
def test_a_hostile_file_takes_bounded_memory(suffix: str, content: str) -> None:
    code = (
        "import resource\n"
        "from engine.corpus.formats.parsers import PARSERS\n"
        "from engine.errors import CorpusError\n"
        "try:\n"
        f"    print(len(PARSERS[{suffix!r}]({content}, 20_000_000).entries))\n"
        "except CorpusError as error:\n"
        "    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    seen = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert int(seen.stdout.split()[-1]) < 512 * 1024


MARKS = """
# ## - 1. ** ? a Q: A: ``` > | ::: <details> <summary> </details> </summary> <!-- --> --- [x](#y)
[x]: {{< > .. note:: :: === {/* */} ` x import <A b="c"> !!! question "a?" \u200b \x01 \x02 \x03
"""


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*MARKS.split(), " ", "\t", "    ", "\n", "\n\n"]), max_size=40).map(
        "".join
    )
)
def test_whatever_is_put_together_raises_nothing_but_corpus_error(text: str) -> None:
    for suffix in (".md", ".mdx", ".txt", ".rst"):
        try:
            parsed = PARSERS[suffix](text.encode(), 1_000_000)
        except CorpusError:
            continue
        assert all(entry.question and entry.answer for entry in parsed.entries)
