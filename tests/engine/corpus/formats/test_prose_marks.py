"""Prose that nobody wrote: marks in any order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus.formats.parsers import PARSERS
from engine.errors import CorpusError

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
