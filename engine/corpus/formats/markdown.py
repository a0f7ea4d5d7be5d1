"""Reads entries out of Markdown files."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.corpus.entry import EntryList, Parsed
from engine.corpus.formats.structured import load_yaml
from engine.corpus.text import decode
from engine.errors import CorpusError

_FRONT_MATTER = re.compile(
    r"\A\s*---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S | re.M
)


def parse_markdown(data: bytes) -> Parsed:
    """One entry: the front matter holds the question, the text below it is the answer.

    Raises CorpusError when the front matter is missing or malformed.
    """
    text = decode(data)
    match = _FRONT_MATTER.match(text)
    if match is None:
        raise CorpusError(
            "The file does not start with front matter (a block between two lines “---” that "
            "holds “question:”); add it, or move the file out of the FAQ."
        )
    fields = load_yaml(match[1])
    if not isinstance(fields, Mapping):
        raise CorpusError("The front matter holds no “question:”; add one.")
    found = EntryList()
    found.add({**fields, "answer": text[match.end() :], "text": ""})
    return found.parsed()
