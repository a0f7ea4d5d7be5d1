"""Tells in which language a text is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from engine.code_fences import CODE_IN_CHAT

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH = "en"
#: Those of course communities; fewer choices make fewer mistakes on a text of five words.
LANGUAGES = (
    *("en", "de", "es", "fr", "pt", "ru", "it", "nl", "pl", "tr", "uk", "cs", "ro"),
    *("ar", "fa", "hi", "bn", "zh", "ja", "ko", "vi", "id", "el", "he"),
)
#: Fewer words in plain letters ("vm", "hola") tell too little.
MIN_WORDS = 3
#: What is longer is no word, in plain letters, of any language.
LONGEST_WORD = 40
#: Characters that are looked at; more tell nothing new.
MAX_CHARS = 20_000

#: From this probability on the letters of a message tell its language. Chosen by hand.
SURE = 0.8
#: In a message with more words than this for each telling one, the letters must say the same.
#: Chosen by hand.
WORDS_A_TELLING_ONE = 10
#: People write above or below what they paste: of a longer text so many lines there are looked at.
LINES_AROUND = 2
MAX_LINE_CHARS = 1_000

_TELLING = Path(__file__).with_name("language_words.yaml")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CODE = re.compile(CODE_IN_CHAT, re.DOTALL)
#: Addresses, paths, options, names in code: the same in every language.
_TECHNICAL = re.compile(r"[\d_/\\@=<>{}\[\]]|\w[.:]\w|^-|\w[A-Z]|\w\(")


def language_of(text: str, default: str = ENGLISH) -> str:
    """The likeliest language of `text` (ISO 639-1); `default` for one too short to tell.

    Of 321 chat questions with technical words in them it took one English one for another
    language, and one of another language for English (tests/data/answers/dev.jsonl).
    """
    if _is_short(text) or not any(character.isalpha() for character in text):
        return default
    language, _ = _identifier().classify(text[:MAX_CHARS])
    return str(language)


def sure_language(text: str) -> str | None:
    """The language that the writer of a message speaks (ISO 639-1); None where that is not sure.

    English is never told by its letters alone: the terms of a course, and what programs print,
    are English everywhere. Of 5,000 English questions and titles it took none for another
    language. Of 100 messages of one to six words in the five others that language_words.yaml
    lists, written after the list, it was sure of 75 and never wrong
    (tests/data/short_messages.csv).
    """
    lines = _said(text)
    by_letters = _by_letters(" ".join(lines))
    by_words, many = _by_words(lines)
    if by_letters not in (None, ENGLISH):
        return by_letters if by_words in (None, ENGLISH, by_letters) else None
    return by_words if many or by_words == by_letters else None


def _said(text: str) -> list[str]:
    """The lines of a message without what its writer may only have pasted."""
    lines = [line for line in _CODE.sub(" ", text[:MAX_CHARS]).splitlines() if line.strip()]
    if len(lines) > 2 * LINES_AROUND:
        lines = lines[:LINES_AROUND] + lines[-LINES_AROUND:]
    return [_plain(line[:MAX_LINE_CHARS]) for line in lines]


def _plain(line: str) -> str:
    said = line.lower() if line.isupper() else line
    return " ".join(word for word in said.split() if not _TECHNICAL.search(word))


def _by_words(lines: list[str]) -> tuple[str | None, bool]:
    """The language of the telling words, if hardly one is of another; and whether they are many
    for the lines that they stand in."""
    told: dict[str, str] = {}
    num_words = 0
    for line in lines:
        words = [word.lower().replace("’", "'") for word in _WORD.findall(line)]
        seen = {*words, *map("_".join, pairwise(words))}
        telling = {word: _telling()[word] for word in seen & _telling().keys()}
        told |= telling
        num_words += len(words) if telling else 0
    counts = Counter(told.values()).most_common(2) + [("", 0)] * 2
    (language, first), (_, second) = counts[:2]
    return language if first > 2 * second else None, first * WORDS_A_TELLING_ONE >= num_words


def _by_letters(said: str) -> str | None:
    if _is_short(said):
        return None
    language, probability = _identifier().classify(said)
    return str(language) if probability >= SURE else None


def _is_short(text: str) -> bool:
    words = [word for word in text.split() if len(word) <= LONGEST_WORD]
    return len(words) < MIN_WORDS and text.isascii()


@cache
def _telling() -> Mapping[str, str]:
    content = yaml.safe_load(_TELLING.read_text(encoding="utf-8"))
    return {word: language for language, words in content.items() for word in words.split()}


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
