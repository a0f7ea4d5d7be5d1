"""Reads entries out of Jupyter notebooks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from engine.corpus.entry import Parsed
from engine.corpus.fields import as_text
from engine.corpus.formats.text.markdown import entries_of_markdown
from engine.corpus.text import decode
from engine.errors import CorpusError

#: Values of JSON, a hundred bytes of memory each.
_MOST_PARTS = 1_000_000


def parse_notebook(data: bytes) -> Parsed:
    """The questions in the text of a notebook; its code stays in the answers, what it printed goes.

    Raises CorpusError when it is no notebook or holds no questions.
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > _MOST_PARTS:
        raise CorpusError("The notebook has too many parts; clear its outputs or split it.")
    try:
        content: object = json.loads(decode(data))
    except (ValueError, RecursionError):
        raise CorpusError(
            "The file is not a readable notebook; save it again in Jupyter."
        ) from None
    cells = content.get("cells") if isinstance(content, Mapping) else None
    if not isinstance(cells, list):
        raise CorpusError(
            "The notebook has no cells, or is of before 2015; save it again in Jupyter."
        )
    language = _language(content)
    return entries_of_markdown("\n\n".join(_texts(cells, language)))


def _texts(cells: list[object], language: str) -> Iterator[str]:
    for cell in cells:
        if not isinstance(cell, Mapping):
            continue
        source = cell.get("source")
        text = "".join(map(as_text, source)) if isinstance(source, list) else as_text(source)
        if cell.get("cell_type") == "markdown":
            yield text
        elif cell.get("cell_type") == "code" and text.strip():
            fence = "~~~~" if "```" in text else "```"
            yield f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"


def _language(content: object) -> str:
    for name in ("metadata", "language_info", "name"):
        content = content.get(name) if isinstance(content, Mapping) else None
    return content if isinstance(content, str) and re.fullmatch(r"[\w+#.-]{1,20}", content) else ""
