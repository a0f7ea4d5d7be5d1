"""What commits a sentence, in the languages that the truth check reads: see lexicons/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.grounding.words import STOP_WORDS, Words, english_stem
from engine.retrieval.lexical import stemmer

ENGLISH = "en"
_FOLDER = Path(__file__).with_name("lexicons")
#: Entries of a file that are no class of words that commit.
_OTHER = frozenset(("filler", "function_end", "antonyms"))


#: Begins what stands for a commitment among the words of a clause; no text holds it.
SIGN = "\x01"


def is_sign(item: str) -> bool:
    """Whether an item of a clause is a commitment."""
    return item.startswith(SIGN)


class Commitment(StrEnum):
    """What a word or phrase commits the clause to in which it stands."""

    NOT = "not"
    MUST = "must"
    MAY = "may"
    SHOULD = "should"
    FORBIDDEN = "forbidden"
    OPTIONAL = "optional"
    MAYBE = "maybe"
    ONLY = "only"
    IF = "if"
    UNLESS = "unless"
    WITHOUT = "without"
    INSTEAD = "instead"
    BEFORE = "before"
    AFTER = "after"
    UNTIL = "until"
    LEAST = "least"
    MOST = "most"
    MORE = "more"
    LESS = "less"
    ABOUT = "about"
    ALL = "all"
    SOME = "some"
    ALWAYS = "always"
    SOMETIMES = "sometimes"
    SAME = "same"
    DIFFERENT = "different"
    #: It tells the order of steps.
    THEN = "then"

    @property
    def sign(self) -> str:
        """What stands for it among the words of a clause."""
        return SIGN + self.value


def signs(*commitments: Commitment) -> frozenset[str]:
    """What stands for these among the words of a clause."""
    return frozenset(one.sign for one in commitments)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language that the truth check knows."""

    words: Words
    #: First word → phrases that begin with it, longest first, with what they commit to.
    phrases: Mapping[str, tuple[tuple[tuple[str, ...], Commitment], ...]]
    #: Words that may be left out or put in.
    filler: frozenset[str]
    #: Words that end no sentence.
    function_end: frozenset[str]
    #: Stem → stems of its opposites.
    antonyms: Mapping[str, frozenset[str]]
    #: Single words that commit, and filler.
    grammar: frozenset[str]

    def commitments(self, words: Sequence[str]) -> list[tuple[int, int, Commitment]]:
        """Where a phrase that commits begins and ends in `words`, and to what; none overlap."""
        found: list[tuple[int, int, Commitment]] = []
        start = 0
        while start < len(words):
            end = start + 1
            for phrase, commitment in self.phrases.get(words[start], ()):
                if tuple(words[start : start + len(phrase)]) == phrase:
                    end = start + len(phrase)
                    found.append((start, end, commitment))
                    break
            start = end
        return found


@cache
def lexicon(language: str) -> Lexicon | None:
    """The lexicon of a language (ISO 639-1); None for one that the check does not read."""
    content = _content(language)
    if not content:
        return None
    words = words_of(language)
    phrases: dict[str, list[tuple[tuple[str, ...], Commitment]]] = {}
    for name, texts in content.items():
        if name in _OTHER:
            continue
        for text in texts:
            # As tokens are compared: "außer" is "ausser".
            phrase = tuple(part for word in text.casefold().split() for part in words.parts(word))
            phrases.setdefault(phrase[0], []).append((phrase, Commitment(name)))
    filler = _folded(content["filler"])
    single = {phrase[0] for found in phrases.values() for phrase, _ in found if len(phrase) == 1}
    return Lexicon(
        words=words,
        phrases={
            first: tuple(sorted(found, key=lambda pair: -len(pair[0])))
            for first, found in phrases.items()
        },
        filler=filler,
        function_end=_folded(content["function_end"]),
        antonyms=_opposites(content["antonyms"], words),
        grammar=filler | single,
    )


@cache
def words_of(language: str) -> Words:
    """How the words of a language (ISO 639-1) are compared."""
    filler = _folded(_content(language).get("filler", ()))
    if language == ENGLISH:
        return Words(language, english_stem, STOP_WORDS | filler)
    return Words(language, stemmer(language), filler)


@cache
def other_grammars(language: str) -> tuple[frozenset[str], ...]:
    """The grammar words of each language that is read but this one."""
    found = (lexicon(other) for other in read_languages() if other != language)
    return tuple(one.grammar for one in found if one is not None)


def read_languages() -> tuple[str, ...]:
    """The languages that the check reads (ISO 639-1)."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words)


def _opposites(pairs: Iterable[Sequence[str]], words: Words) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for pair in pairs:
        first, second = (words.stem(word.casefold()) for word in pair)
        if first != second:
            found[first] = found.get(first, frozenset()) | {second}
            found[second] = found.get(second, frozenset()) | {first}
    return found


@cache
def _content(language: str) -> Mapping[str, list[Any]]:
    path = _FOLDER / f"{language}.yaml"
    loaded: Mapping[str, list[Any]] = (
        yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    )
    return loaded
