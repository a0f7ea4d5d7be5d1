"""Reads text as tokens for the truth check: words by their stems, and facts that stand verbatim."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from engine.code_fences import opening_fence
from engine.grounding.words import NUMBER_WORDS, Words, split_words


class TokenKind(Enum):
    """How a token is compared."""

    #: By its stem.
    WORD = auto()
    #: By value and unit.
    NUMBER = auto()
    #: Verbatim: code, addresses, paths, options, identifiers, versions, times.
    EXACT = auto()
    #: Punctuation; tells where clauses end.
    MARK = auto()


@dataclass(frozen=True, slots=True)
class Token:
    kind: TokenKind
    #: Stem, value, verbatim text or mark.
    key: str
    #: The lower-case word as written; empty for facts.
    word: str = ""
    #: Unit glued to a number, such as `%` or `gib`.
    unit: str = ""
    #: Written with a capital letter in it, or in capitals.
    capital: bool = False

    @property
    def fact(self) -> bool:
        """Whether it must stand in the entry as it is."""
        return self.kind in (TokenKind.NUMBER, TokenKind.EXACT)


CODE_SPAN = re.compile(r"(`+)(?!`)([^`\n]*(?:\n[^`\n]+)*?)\1(?!`)")
LINK = re.compile(r"!?\[([^\]\n]{0,500})\]\(\s*<?([^\s)>]{1,2000})>?(?:\s+[\"'(][^)\n]{0,200})?\)")
ANGLED = re.compile(r"<([^\s<>]{1,2000})>")
ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.|(?:javascript|data|mailto|tel|tg|file|vbscript):)[^\s<>\"`|]+",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"^\s*(?:\$|>>>|\.\.\.|!|%|In \[\d+\]:)\s*(?=\S)")
_CHUNK = re.compile(r"\S+")
_LEADING = "([{\"'«“„‘’*_<>,;:!?…`|~¿¡"
_TRAILING = ".,;:!?…)]}\"'»“”‘’*_>`|~"
_NUMBER = re.compile(r"([$€£]?)([~≈<>≤≥]?)(\d[\d,]*(?:\.\d+)?)(%|[a-z°µ]{1,8}(?:/[a-z]{1,4})?)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s?[-–]\s?(\d+(?:\.\d+)?)([%a-z]{0,8})")
_PLAIN = re.compile(r"[^\W\d_]+(?:[-–’'‐‑][^\W\d_]+)*")
#: Words with a slash between them, as in "individual/solo"; a path has other marks, too.
_SLASHED = re.compile(r"[^\W\d_]{2,}(?:/[^\W\d_]{2,})+|w/o", re.IGNORECASE)
_LETTERED = re.compile(r"(?:[^\W\d_]\.){2,}[^\W\d_]?")
_COUNTED = re.compile(r"(\d+(?:\.\d+)?)-([^\W\d_]+(?:-[^\W\d_]+)*)")
_ENUMERATOR = re.compile(r"^[\s*_#>]*(?:step |option )?\d{1,2}[.):]\s+(?=\S)", re.IGNORECASE)
_HYPHEN = re.compile("[-–‐‑]")
_SHORT = re.compile(r"(?:e\.g|i\.e|etc|vs|a\.m|p\.m|u\.s|approx)\.?,?", re.IGNORECASE)
_CURRENCY = {"$": "dollar", "€": "euro", "£": "pound"}
_UNITS = {"percent": "%", "hrs": "hour", "hr": "hour", "hours": "hour", "mins": "minute",
          "min": "minute", "secs": "second", "sec": "second"}  # fmt: skip
_GLUED = frozenset(("gb", "gib", "mb", "mib", "kb", "tb", "ms", "am", "pm"))
_SIGNS = {"~": "about", "≈": "about", "<": "under", ">": "over", "≤": "most", "≥": "least"}
#: Stands for a code span while the words around it are read; private use, so no input has it.
_SPAN = "\ue000"
_SPANNED = re.compile(f"{_SPAN}(\\d+){_SPAN}")


def tokenize(text: str, words: Words) -> tuple[Token, ...]:
    """The tokens of a sentence in Markdown; a code span is one, a link its text and its address."""
    codes: list[str] = []

    def take(span: re.Match[str]) -> str:
        codes.append(command(span[2]).strip("\"'"))
        return f" {_SPAN}{len(codes) - 1}{_SPAN} "

    bare = CODE_SPAN.sub(take, _ENUMERATOR.sub("", text))
    bare = LINK.sub(r"\1 \2 ", bare)
    bare = ANGLED.sub(r" \1 ", bare)
    return tuple(_with_numbers(list(_read(bare, codes, words))))


def command(line: str) -> str:
    """A line of code without prompt, with single spaces."""
    return " ".join(_PROMPT.sub("", line).split())


def code_lines(block: str) -> list[str]:
    """The lines of a fenced block that are not empty."""
    first, *lines = block.split("\n")
    fence = opening_fence(first)
    if lines and fence is not None and fence.is_closed_by(lines[-1]):
        lines.pop()
    return [command(line) for line in lines if line.strip()]


def deceives(text: str) -> bool:
    """Whether a link shows another address than it opens."""
    return any(
        ADDRESS.match(link[1].strip()) and address(link[1].strip()) != address(link[2])
        for link in LINK.finditer(text)
    )


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


def strip_marks(chunk: str) -> str:
    """`chunk` without the punctuation and decoration around it."""
    core = chunk.lstrip(_LEADING).rstrip(_TRAILING)
    if "_" in core or not chunk.strip(_LEADING + _TRAILING):
        # `__init__` keeps its underscores.
        core = chunk.lstrip(_LEADING.replace("_", "")).rstrip(_TRAILING.replace("_", ""))
    return core


def _read(text: str, codes: list[str], words: Words) -> Iterator[Token]:
    for match in _CHUNK.finditer(text):
        chunk = match[0]
        spanned = _SPANNED.search(chunk)
        if spanned:
            yield Token(TokenKind.EXACT, codes[int(spanned[1])], unit="code")
            continue
        core = strip_marks(chunk)
        start = chunk.find(core) if core else 0
        yield from (Token(TokenKind.MARK, mark) for mark in chunk[:start] if mark in "([{,;:")
        yield from _read_core(core, words)
        rest = chunk[start + len(core) :] if core else chunk
        yield from (Token(TokenKind.MARK, mark) for mark in rest if mark in ")]},;:.!?—–|([{")


def _read_core(core: str, words: Words) -> Iterator[Token]:
    core = core.removesuffix("'s").removesuffix("’s") if words.language == "en" else core
    if not core or _SHORT.fullmatch(core):
        return
    if re.fullmatch(r"[vV]\d.*|#\d+", core):
        core = core[1:]
    if _PLAIN.fullmatch(core):
        yield from _read_words(core, words)
    elif ADDRESS.match(core):
        yield Token(TokenKind.EXACT, address(core))
    elif not any(character.isalnum() for character in core):
        return
    elif core.casefold() == "w/o" or (_SLASHED.fullmatch(core) and core[1:].islower()):
        yield from _read_words(core if core.casefold() == "w/o" else core.replace("/", " "), words)
    elif _LETTERED.fullmatch(core):
        yield from _read_words(core.replace(".", ""), words)
    elif counted := _COUNTED.fullmatch(core):
        yield Token(TokenKind.NUMBER, counted[1])
        yield from _read_words(counted[2].replace("-", " "), words)
    elif "—" in core and "/" not in core:
        for index, part in enumerate(core.split("—")):
            if index:
                yield Token(TokenKind.MARK, "—")
            yield from _read_core(strip_marks(part), words)
    elif range_ := _RANGE.fullmatch(core.casefold()):
        yield Token(TokenKind.NUMBER, range_[1], unit=_unit(range_[3]))
        yield Token(TokenKind.NUMBER, range_[2], unit=_unit(range_[3]))
    elif number := _NUMBER.fullmatch(core.casefold()):
        yield from _read_number(number)
    elif any(character.isdigit() for character in core) or _is_exact(core):
        yield Token(TokenKind.EXACT, address(core) if "." in core or "@" in core else core)
    else:
        yield from _read_words(core, words)


def _is_exact(core: str) -> bool:
    """Whether a chunk that is no plain word must be verbatim: a.b, a/b, a_b, --a, a=b, #a, @a."""
    return any(mark in core for mark in '/\\_=@#$~<>{}|%+^&*:.()[]"') or core.startswith("-")


def _read_number(number: re.Match[str]) -> Iterator[Token]:
    currency, sign, value, unit = number.groups()
    if _THOUSANDS.fullmatch(value):
        value = value.replace(",", "")
    if "," in value:
        yield Token(TokenKind.EXACT, number[0])
        return
    if sign:
        yield Token(TokenKind.WORD, _SIGNS[sign], _SIGNS[sign])
    yield Token(TokenKind.NUMBER, value, unit=_CURRENCY.get(currency) or _unit(unit or ""))


def _unit(unit: str) -> str:
    return _UNITS.get(unit, unit)


def _read_words(core: str, words: Words) -> Iterator[Token]:
    # Of "OpenAI-specific" the first word is a name, the second is not.
    names = [any(c.isupper() for c in part) for part in _HYPHEN.split(core)]
    lowered = unicodedata.normalize("NFKC", core).casefold().replace("’", "'")
    found = [word for part in words.parts(lowered) for word in split_words(part)]
    for index, word in enumerate(found):
        capital = names[index] if len(names) == len(found) else names[0]
        yield Token(TokenKind.WORD, words.stem(word), word, capital=capital)


def _with_numbers(tokens: list[Token]) -> Iterator[Token]:
    """Number words become numbers, `one` only where something is counted; units join them."""
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.kind is TokenKind.WORD and token.word in NUMBER_WORDS:
            counted = following is not None and following.kind is TokenKind.WORD
            if token.word != "one" or counted:
                yield Token(TokenKind.NUMBER, NUMBER_WORDS[token.word], token.word)
            continue
        if _is_percent(token) and index and tokens[index - 1].kind is TokenKind.NUMBER:
            continue
        if token.kind is TokenKind.NUMBER and following and not token.unit:
            if _is_percent(following):
                token = Token(TokenKind.NUMBER, token.key, unit="%")
            elif following.word in _GLUED:
                token = Token(TokenKind.NUMBER, token.key, unit=following.word)
        yield token


def _is_percent(token: Token) -> bool:
    return token.word == "percent" or token.key == "%"
