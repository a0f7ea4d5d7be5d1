"""Cleans what people wrote: invisible characters, whitespace, names and addresses."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from engine.errors import CorpusError

_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_LEADING_BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
_MACHINE_NAME = re.compile(r"[\w.-]+")
_LEADING_NUMBER = re.compile(r"\A\d+[-_. ]+(?=\D)")
_UNSAFE_IN_URL = re.compile(r"[\s<>\"\\^`{}]")

#: Invisible though Unicode counts them as letters, marks or symbols: fillers, the combining
#: grapheme joiner, inherent Khmer vowels, the blank Braille cell, the object placeholder.
_DROPPED = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\ufffe\uffff")
#: Format characters that are drawn: Arabic, Syriac and Kaithi number and verse signs.
_DRAWN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_ZWNJ, _ZWJ, _KEYCAP = "\u200c", "\u200d", "\u20e3"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
#: Takes U+FE0F though it is no symbol: ‼ ⁉ ℹ 〰.
_OTHER_EMOJI = "\u203c\u2049\u2139\u3030"
#: Scripts whose spelling needs the joiners: Arabic and Persian, the Indic scripts, Tibetan,
#: Myanmar, Khmer, Mongolian.
_JOINING_SCRIPTS = (
    range(0x0600, 0x0E00),
    range(0x0F00, 0x10A0),
    range(0x1780, 0x18B0),
    range(0xA800, 0xAAE0),
    range(0xFB50, 0xFE00),
    range(0xFE70, 0xFEFD),
    range(0x11000, 0x12000),
)
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
    text = _LINE_ENDS.sub("\n", _TERMINAL_COLOURS.sub("", text))
    if not all(map(_ordinary, set(text))):
        text = _without_invisible(text)
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


def _ordinary(char: str) -> bool:
    """Whether a character needs no second look."""
    if " " <= char <= "~" or char in "\n\t":
        return True
    return (
        unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zs")
        and char not in _DROPPED
        and not _is_variation(char)
        and not 0xE0000 <= ord(char) <= 0xE0FFF
    )


def _without_invisible(text: str) -> str:
    kept: list[str] = []
    for position, char in enumerate(text):
        if _ordinary(char) or char in _DRAWN:
            kept.append(char)
        elif unicodedata.category(char) == "Zs":
            kept.append(" ")
        else:
            before = kept[-1] if kept else ""
            after = text[position + 1] if position + 1 < len(text) else ""
            if _belongs(char, before, after):
                kept.append(char)
    return "".join(kept)


def _belongs(char: str, before: str, after: str) -> bool:
    """Whether an invisible character is part of how its neighbours are written."""
    if not before:
        return False
    if char in "\ufe0e\ufe0f":
        keycap = before in "0123456789#*" and after == _KEYCAP
        return keycap or before in _OTHER_EMOJI or _is_symbol(before)
    if char == _ZWJ and (_is_symbol(before) or before == "\ufe0f") and _is_symbol(after):
        return True
    if char not in (_ZWJ, _ZWNJ) or not _is_joining(before):
        return False
    # After a virama the joiner shapes the letter before it, so it may end a word.
    return _is_joining(after) or (char == _ZWJ and unicodedata.combining(before) == 9)


def _is_variation(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f"


def _is_symbol(char: str) -> bool:
    return (
        char != ""
        and char not in _DROPPED
        and (unicodedata.category(char) in ("So", "Sm") or ord(char) in _SKIN_TONES)
    )


def _is_joining(char: str) -> bool:
    return (
        char != ""
        and char not in _DROPPED
        and unicodedata.category(char)[0] in "LM"
        and any(ord(char) in script for script in _JOINING_SCRIPTS)
    )
