"""Removes characters that show nothing: they can carry text that a reader does not see.

The one rule for entries, questions, prompts, the model's text and what is rendered. Joiners and
emoji selectors stay where the writing needs them: Persian, the Indic scripts, joined emoji.
"""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
#: Controls, formats, half surrogate pairs, line and paragraph separators. Private use goes as
#: well: each font draws something else there, or nothing, and the truth check marks places by it.
_CATEGORIES = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
#: Invisible though Unicode counts them as letters, marks or symbols: fillers, the combining
#: grapheme joiner, inherent Khmer vowels, the blank Braille cell, the object placeholder.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\ufffe\uffff")
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


def plain_line_ends(text: str) -> str:
    """`text` with `\\n` for every kind of line end."""
    return _LINE_ENDS.sub("\n", text)


def without_invisible(text: str, before: str = "", *, more_follows: bool = False) -> str:
    """`text` without what shows nothing; line breaks and tabs stay.

    Of a text that comes in pieces, `before` is the last visible character before this piece, and
    `more_follows` lets a joiner at its end stay: the next piece may begin with what it joins.
    """
    if not any(map(_is_invisible, set(text))):
        return text
    kept: list[str] = []
    for position, char in enumerate(text):
        if _is_invisible(char):
            after = text[position + 1 : position + 2]
            if not _belongs(char, before, after, open_end=more_follows and not after):
                continue
        kept.append(char)
        before = char
    return "".join(kept)


def _is_invisible(char: str) -> bool:
    if " " <= char <= "~" or char in "\n\t" or char in _DRAWN:
        return False
    return (
        unicodedata.category(char) in _CATEGORIES
        or char in _BLANK
        or "\ufe00" <= char <= "\ufe0f"  # variation selectors; those beyond are tags below
        or "\U000e0000" <= char <= "\U000e0fff"
    )


def _belongs(char: str, before: str, after: str, *, open_end: bool) -> bool:
    """Whether an invisible character is part of how its neighbours are written."""
    if not before:
        return False
    if char in "\ufe0e\ufe0f":
        keycap = before in "0123456789#*" and (after == _KEYCAP or open_end)
        return keycap or before in _OTHER_EMOJI or _is_symbol(before)
    if char == _ZWJ and (_is_symbol(before) or before == "\ufe0f"):
        return open_end or _is_symbol(after)
    if char not in (_ZWJ, _ZWNJ) or not _is_joining(before):
        return False
    # After a virama the joiner shapes the letter before it, so it may end a word.
    return open_end or _is_joining(after) or (char == _ZWJ and unicodedata.combining(before) == 9)


def _is_symbol(char: str) -> bool:
    return (
        char != ""
        and char not in _BLANK
        and (unicodedata.category(char) in ("So", "Sm") or ord(char) in _SKIN_TONES)
    )


def _is_joining(char: str) -> bool:
    return (
        char != ""
        and char not in _BLANK
        and unicodedata.category(char)[0] in "LM"
        and any(ord(char) in script for script in _JOINING_SCRIPTS)
    )
