"""Reads the block of fields at the top of a page of a static site."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from engine.corpus.fields import folded_fields
from engine.corpus.formats.data.structured import load_yaml
from engine.errors import CorpusError

_YAML = re.compile(r"\A\s*---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S | re.M)
_TOML = re.compile(r"\A\s*\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.S | re.M)


def front_matter(text: str) -> tuple[Mapping[str, object], str]:
    """The fields, by their folded names, and the text below them.

    Raises CorpusError when they are malformed.
    """
    if match := _YAML.match(text):
        fields = load_yaml(match[1])
        if fields is None:
            return {}, text[match.end() :]
    elif match := _TOML.match(text):
        try:
            fields = tomllib.loads(match[1])
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise CorpusError(f"The front matter is not valid TOML ({error}).") from None
    else:
        return {}, text
    if not isinstance(fields, Mapping):  # text between two rules
        return {}, text
    return folded_fields(fields), text[match.end() :]
