"""Reads text as tokens for the truth check: words, and facts that must be verbatim."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from engine.grounding.words import NUMBER_WORDS, STOP_WORDS, is_light, is_when, stem, words


class TokenKind(Enum):
    """How a token is compared."""

    #: By its stem.
    WORD = auto()
    #: Grammar: read for polarity only.
    STOP = auto()
    #: By value, unit and neighbours.
    NUMBER = auto()
    #: Verbatim: addresses, paths, options, identifiers, versions, times.
    EXACT = auto()
    PUNCTUATION = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a sentence."""

    kind: TokenKind
    #: Stem, value or verbatim text.
    key: str
    #: Lower-case word as written; empty for facts.
    word: str = ""
    #: Unit glued to a number, such as `%` or `gib`.
    unit: str = ""

    @property
    def content(self) -> bool:
        """Whether it is a word that makes a claim."""
        return self.kind is TokenKind.WORD and not is_light(self.key)

    @property
    def fact(self) -> bool:
        """Whether it must stand in the entry as it is."""
        return self.kind in (TokenKind.NUMBER, TokenKind.EXACT) or (
            self.kind is TokenKind.WORD and is_when(self.key)
        )


CODE_SPAN = re.compile(r"(`+)(?!`)([^`\n]*(?:\n[^`\n]+)*?)\1(?!`)")
LINK = re.compile(r"!?\[([^\]\n]{0,500})\]\(\s*<?([^\s)>]{1,2000})>?(?:\s+[\"'(][^)\n]{0,200})?\)")
ANGLED = re.compile(r"<([^\s<>]{1,2000})>")
QUOTED = re.compile(r"[\"“„”]([^\"“”„\n]{2,500})[\"“”]|(?<!\w)['‘]([^'‘’\n]{2,300})['’](?!\w)")
ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.|(?:javascript|data|mailto|tel|tg|file|vbscript):)[^\s<>\"`|]+",
    re.IGNORECASE,
)
_CHUNK = re.compile(r"\S+")
_LEADING = "([{\"'«“„‘’*_<>,;:!?…`|"
_TRAILING = ".,;:!?…)]}\"'»“”‘’*_>`|"
_NUMBER = re.compile(r"([$€£]?)([~≈<>≤≥]?)(\d[\d,]*(?:\.\d+)?)(%|[a-z°µ]{1,8}(?:/[a-z]{1,4})?)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s?[-–]\s?(\d+(?:\.\d+)?)([%a-z]{0,8})")
_PLAIN = re.compile(r"[^\W\d_]+(?:[-–’'‐‑][^\W\d_]+)*")
_SLASHED = re.compile(r"(?:and/or|he/she|she/he|his/her|him/her|yes/no|w/o)", re.IGNORECASE)
_SHORT = re.compile(r"(?:e\.g|i\.e|etc|vs|a\.m|p\.m|u\.s|approx)\.?,?", re.IGNORECASE)
_CURRENCY = {"$": "dollar", "€": "euro", "£": "pound"}
_UNITS = {"percent": "%", "hrs": "hour", "hr": "hour", "hours": "hour", "mins": "minute",
          "min": "minute", "secs": "second", "sec": "second"}  # fmt: skip
_CONTRACTIONS = {"can't": "can not", "cannot": "can not", "won't": "will not",
                 "ain't": "is not", "let's": "let us", "dont": "do not", "doesnt": "does not",
                 "cant": "can not", "isnt": "is not", "w/o": "without"}  # fmt: skip


def plain(text: str) -> str:
    """`text` in one line with Markdown's decoration taken off its edges, for verbatim search."""
    return " ".join(_strip(chunk) or chunk for chunk in text.split())


def quote_text(text: str) -> str:
    """`text` with one kind of quotation mark and of space, for comparing quotations."""
    text = text.replace("`", "").replace("*", "")
    for marks, mark in (("“”„«»", '"'), ("‘’", "'")):
        for variant in marks:
            text = text.replace(variant, mark)
    return " ".join(text.split())


def address(text: str) -> str:
    """The comparable form of a web address: no end punctuation, host in lower case."""
    text = text.rstrip(".,;:!?*_'\"…»”’`")
    while text.endswith((")", "]")) and text.count("(") + text.count("[") < text.count(
        ")"
    ) + text.count("]"):
        text = text[:-1].rstrip(".,;:!?*_'\"")
    scheme, separator, rest = text.rpartition("://") if text.count("://") == 1 else ("", "", text)
    host, slash, path = rest.partition("/")
    path = (slash + path).rstrip("/")
    return f"{scheme.lower()}{separator}{host.lower()}{path}"


def tokenize(text: str) -> tuple[Token, ...]:
    """The tokens of a sentence whose code spans and links were taken out or are plain text."""
    tokens: list[Token] = []
    for match in _CHUNK.finditer(text):
        tokens.extend(_read(match[0]))
    return tuple(_with_number_words(tokens))


def _strip(chunk: str) -> str:
    core = chunk.lstrip(_LEADING).rstrip(_TRAILING)
    if "_" in core or chunk.strip(_LEADING + _TRAILING) == "":
        # `__init__` keeps its underscores.
        core = chunk.lstrip(_LEADING.replace("_", "")).rstrip(_TRAILING.replace("_", ""))
    return core


def _read(chunk: str) -> Iterator[Token]:
    core = _strip(chunk)
    start = chunk.find(core) if core else 0
    for mark in chunk[:start]:
        if mark in "([{,;:":
            yield Token(TokenKind.PUNCTUATION, mark)
    yield from _read_core(core, chunk)
    for mark in chunk[start + len(core) :] if core else chunk:
        if mark in ")]},;:.!?—–|-" or (mark in "([{" and not core):
            yield Token(TokenKind.PUNCTUATION, mark)


def _read_core(core: str, chunk: str) -> Iterator[Token]:
    core = core.removesuffix("'s").removesuffix("’s")
    if not core or _SHORT.fullmatch(core):
        return
    if re.fullmatch(r"[vV]\d.*", core):
        core = core[1:]
    if _PLAIN.fullmatch(core):
        yield from _read_words(core)
    elif ADDRESS.match(core):
        yield Token(TokenKind.EXACT, address(core))
    elif _SLASHED.fullmatch(core):
        yield from _read_words(core.replace("/", " "))
    elif "—" in core and "/" not in core:
        for index, part in enumerate(core.split("—")):
            if index:
                yield Token(TokenKind.PUNCTUATION, "—")
            yield from _read_core(part, part)
    elif range_ := _RANGE.fullmatch(core.casefold()):
        yield Token(TokenKind.NUMBER, range_[1], unit=_unit(range_[3]))
        yield Token(TokenKind.STOP, "to", "to")
        yield Token(TokenKind.NUMBER, range_[2], unit=_unit(range_[3]))
    elif number := _NUMBER.fullmatch(core.casefold()):
        yield from _read_number(number)
    elif any(character.isdigit() for character in core) or _is_exact(core):
        yield Token(TokenKind.EXACT, _exact(core))
    else:
        yield from _read_words(core)


def _is_exact(core: str) -> bool:
    """Whether a chunk that is no plain word must be verbatim: a.b, a/b, a_b, --a, a=b, #a, @a."""
    return any(mark in core for mark in '/\\_=@#$~<>{}|%+^&*:.()[]"') or core.startswith("-")


def _exact(core: str) -> str:
    return address(core) if "." in core or "@" in core else core


def _read_number(number: re.Match[str]) -> Iterator[Token]:
    currency, sign, value, unit = number.groups()
    if _THOUSANDS.fullmatch(value):
        value = value.replace(",", "")
    if "," in value or (sign and not value):
        yield Token(TokenKind.EXACT, number[0])
        return
    if sign:
        yield Token(TokenKind.STOP, sign, {"~": "about", "≈": "about", "<": "under", ">": "over",
                                           "≤": "most", "≥": "least"}[sign])  # fmt: skip
    yield Token(TokenKind.NUMBER, value, unit=_CURRENCY.get(currency) or _unit(unit or ""))


def _unit(unit: str) -> str:
    return _UNITS.get(unit, unit)


def _read_words(core: str) -> Iterator[Token]:
    lowered = unicodedata.normalize("NFKC", core).casefold().replace("’", "'")
    lowered = lowered.replace("e-mail", "email")
    for part in _CONTRACTIONS.get(lowered, lowered).split():
        if part.endswith("n't"):
            part = part[:-3] + " not"
        for word in words(part):
            if word in STOP_WORDS:
                yield Token(TokenKind.STOP, word, word)
            else:
                yield Token(TokenKind.WORD, stem(word), word)


def _with_number_words(tokens: list[Token]) -> Iterator[Token]:
    """Number words become numbers; `one` only where something is counted."""
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.kind is TokenKind.WORD and token.word in NUMBER_WORDS:
            counted = following is not None and following.kind is TokenKind.WORD
            if token.word != "one" or counted:
                yield Token(TokenKind.NUMBER, NUMBER_WORDS[token.word], token.word)
            continue
        if _is_percent(token) and index and tokens[index - 1].kind is TokenKind.NUMBER:
            continue
        if token.kind is TokenKind.NUMBER and following and _is_percent(following):
            token = Token(TokenKind.NUMBER, token.key, unit="%")
        if token.kind is TokenKind.NUMBER and following and not token.unit:
            glued = following.word in ("gb", "gib", "mb", "mib", "kb", "tb", "ms", "am", "pm")
            if glued:
                token = Token(TokenKind.NUMBER, token.key, unit=following.word)
        yield token


def _is_percent(token: Token) -> bool:
    return token.word == "percent" or token.key == "%"
