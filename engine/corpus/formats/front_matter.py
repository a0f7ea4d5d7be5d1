"""Reads the block of fields at the top of a page of a static site."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from engine.corpus.formats.structured import load_yaml
from engine.errors import CorpusError

_YAML = re.compile(r"\A\s*---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S | re.M)
_TOML = re.compile(r"\A\s*\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.S | re.M)
#: Fields of a page that mean something else there.
_OF_THE_PAGE = {"aliases", "layout", "template", "type", "tags"}


def front_matter(text: str) -> tuple[Mapping[str, object], str]:
    """The fields, by their names in small letters, and the text below them.

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
    named = {str(name).strip().casefold(): value for name, value in fields.items()}
    kept = {name: value for name, value in named.items() if name not in _OF_THE_PAGE}
    return kept, text[match.end() :]
