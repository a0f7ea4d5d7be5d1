"""Cleans what people wrote: invisible characters, whitespace, names and addresses."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from engine.errors import CorpusError
from engine.invisible import plain_line_ends, without_invisible

_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
#: No repeated group: it would keep 120 bytes for each of millions of blank lines.
_LEADING_BLANK_LINES = re.compile(r"\A[ \t\n]*\n")
_MACHINE_NAME = re.compile(r"[\w.-]+")
_LEADING_NUMBER = re.compile(r"\A\d+[-_. ]+(?=\D)")
_UNSAFE_IN_URL = re.compile(r"[\s<>\"\\^`{}]")
_ACRONYMS = ("AI", "API", "AWS", "FAQ", "GCP", "GPU", "LLM", "LLMs", "ML", "MLOps", "RAG", "SQL")
_WRITTEN = {word.lower(): word for word in _ACRONYMS}
_LONGEST_URL = 2000


def decode(data: bytes) -> str:
    """The text of a file: UTF-8 with or without a byte order mark, or UTF-16 with one.

    Raises CorpusError for anything else.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"The file is not UTF-8 text (byte {error.start + 1}); save it as UTF-8."
        ) from None


def clean_text(text: str) -> str:
    """Several lines: invisible characters go, line ends and spaces become plain ones."""
    text = plain_line_ends(_TERMINAL_COLOURS.sub("", text))
    text = without_invisible(_SPACES.sub(" ", text))
    return _LEADING_BLANK_LINES.sub("", text).rstrip()


def clean_line(text: str) -> str:
    """One line, words parted by single spaces."""
    return " ".join(clean_text(text).split())


def clean_url(text: str) -> str | None:
    """The address when a reader can safely open it, else None."""
    url = text.strip()
    if clean_line(url) != url or _UNSAFE_IN_URL.search(url) or len(url) > _LONGEST_URL:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    # A name before the host can pass for the host (https://known-site@elsewhere).
    return url if usable and "@" not in parts.netloc else None


def machine_name(name: str) -> str:
    """A course's machine name: kept when it is one, else lower case with dashes."""
    name = clean_line(name)
    return name if _MACHINE_NAME.fullmatch(name) else slug(name)


def slug(name: str) -> str:
    """Lower case with dashes, made of a file or folder name."""
    words = re.findall(r"[^\W_]+", clean_line(name).lower())
    return "-".join(words)


def pretty_name(name: str) -> str:
    """A title for people made of a machine name; a leading number only orders and goes."""
    words = re.findall(r"[^\W_]+", _LEADING_NUMBER.sub("", name))
    return " ".join(_WRITTEN.get(word.lower(), word[:1].upper() + word[1:]) for word in words)
