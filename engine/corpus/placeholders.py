"""Tells titles and answers that say nothing: placeholders, templates, "See the previous answer."

A text counts as one only where it holds nothing else, so a short real answer is kept. The words
are those of placeholders.yaml.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_WORDS = Path(__file__).with_name("placeholders.yaml")
#: Longer texts say something; comments and blank lines may come on top.
_MOST_CHARS = 300
_MOST_CHARS_IN_ALL = 2000
_MOST_WORDS = 8
_MOST_REFERENCE_WORDS = 14

#: Punctuation that stands for words: "...", "-", "???", "[ ]". Not # or $, which can be answers.
_FILLER_MARKS = frozenset("-–—−‐_.…?!¿¡*~=·•,;:()[]{}<>|\"'“”„‘’«»")
_POINTS_UP = re.compile(r"[\^↑⬆⇧⇑☝👆\ufe0f\s.!]*[\^↑⬆⇧⇑☝👆][\^↑⬆⇧⇑☝👆\ufe0f\s.!]*")
_LOREM = re.compile(r"(?i)\W{0,5}lorem ipsum dolor\b")
#: A file name, path, address, option or formula: never a placeholder, whatever its words are.
_TECHNICAL = re.compile(r"[`/\\$@=&#%+]|(?<!\S)-{1,2}\w|\w\.\w{2}")
#: In an answer that points at another entry, whose words are all known.
_CODE_OR_ADDRESS = re.compile(r"[`$@=%]|https?:", re.IGNORECASE)
_SLASHED = re.compile(r"[^\w`]*(?:n/a|н/д)[^\w`]*")
_INVISIBLE = re.compile(r"(?is)<!--.*?-->|<br\s*/?>|&nbsp;")
#: A link that leads nowhere outside the entry says no more than its text.
_INNER_LINK = re.compile(r"\[([^\[\]]*)\]\((?!\s*<?https?:)[^()]*\)", re.IGNORECASE)
_BY = r"(?:added|answered|contributed|written|posted|submitted|suggested)\s+by\b.{1,60}"
_ATTRIBUTION = re.compile(rf"\(?(?:\(?optional\)?\s*)?{_BY}", re.IGNORECASE)
_ATTRIBUTION_AT_END = re.compile(rf"\s+\((?:optional\)?\s*)?{_BY}\Z", re.IGNORECASE)
_LINE_MARKS = re.compile(r"\A(?:(?:[-*+•>]|#{1,6}|//+|\d{1,3}[.)])\s+|[@#](?=todo|tbd|fixme|n/a))+")
_NUMBER_MARK = re.compile(r"#|(?<!\w)(?:no|nr|number|n[º°])\.?\s*(?=\d)")
_EDGES = "*_~\"'“”„‘’«»‹›<>[](){}¿¡?!.,;:…–—=| \t"
_BRACKETED = re.compile(r"[*_\s]*[\[{<(«‹].*[\]})>»›][*_\s.]*")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_LABEL = re.compile(r"\A[*_\s]*([^\W\d_]+)\b[*_\s]*(?:\([^()]*\)\s*)?[:–—-][*_\s]*")


class AnswerKind(Enum):
    REAL = auto()
    #: A placeholder: it says nothing.
    EMPTY = auto()
    #: It only points at the entry before it.
    BEFORE = auto()
    #: It only points at the entry after it.
    AFTER = auto()


def kind_of_answer(text: str) -> AnswerKind:
    """What the answer of an entry is; real wherever it says anything of its own."""
    if _LOREM.match(text):
        return AnswerKind.EMPTY
    if len(text) > _MOST_CHARS_IN_ALL:
        return AnswerKind.REAL
    lines = _lines(text)
    joined = " ".join(lines)
    if not lines or all(map(_is_blank, lines)):
        return AnswerKind.EMPTY
    if len(joined) > _MOST_CHARS:
        return AnswerKind.REAL
    if (pointing := _reference(joined)) is not None:
        return pointing
    return AnswerKind.EMPTY if all(map(_says_nothing, lines)) else AnswerKind.REAL


def is_placeholder_title(title: str) -> bool:
    """Whether the question of an entry is none: "Question 1?", "Untitled", "[Your question]"."""
    if _LOREM.match(title) or _is_blank(title):
        return True
    if len(title) > _MOST_CHARS:
        return False
    plain = _NUMBER_MARK.sub(" ", _without_marks(title))
    words = _words(plain)
    if _is_technical(plain) or not words or len(words) > _MOST_WORDS:
        return False
    known = _vocabulary()
    unnumbered = words[:-1] if words[-1].isdigit() else words
    if unnumbered and {" ".join(unnumbered)} & (known.nothing | known.titles):
        return True
    is_slot = _BRACKETED.fullmatch(plain) or (known.here | known.inserts) & set(words)
    names_one = known.question_words & set(words)
    return bool(is_slot and names_one) and set(words) <= known.slot | known.question_words


def only_points_at_images(text: str) -> bool:
    """Whether an answer whose images were taken out says no more than "See the screenshot:"."""
    plain = " ".join(_lines(text))
    words = _words(plain)
    if _is_technical(plain) or not 0 < len(words) <= _MOST_REFERENCE_WORDS:
        return False
    reference = _vocabulary().reference
    shown = _held(words, reference.images)
    pointing = _held(words, reference.points | reference.filler | reference.before)
    return bool(shown) and set(words) <= shown | pointing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """The words of an answer that points at another entry; "…*" is the beginning of one."""

    alone: frozenset[str]
    phrases: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    before_an_entry: frozenset[str]
    points: frozenset[str]
    entries: frozenset[str]
    filler: frozenset[str]
    images: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vocabulary:
    """What placeholders.yaml holds."""

    nothing: frozenset[str]
    answers: frozenset[str]
    titles: frozenset[str]
    answer_words: frozenset[str]
    question_words: frozenset[str]
    content_words: frozenset[str]
    bracketed: frozenset[str]
    inserts: frozenset[str]
    here: frozenset[str]
    slot: frozenset[str]
    labels: frozenset[str]
    to_write: frozenset[str]
    reference: _Reference


@cache
def _vocabulary() -> _Vocabulary:
    content = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    reference = _Reference(**_sets(content.pop("reference")))
    return _Vocabulary(**_sets(content), reference=reference)


def _sets(content: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """A list stays phrases, a text becomes its words."""
    return {
        name: frozenset(value.split() if isinstance(value, str) else value)
        for name, value in content.items()
    }


def _lines(text: str) -> list[str]:
    """The lines that are shown, without those that only say who wrote them."""
    shown = _INNER_LINK.sub(r"\1", _INVISIBLE.sub(" ", text))
    lines = [line.strip() for line in shown.splitlines() if line.strip()]
    said = [line for line in lines if not _ATTRIBUTION.fullmatch(line)]
    if not said:
        return lines
    # The name may also stand at the end of the last line.
    return [*said[:-1], _ATTRIBUTION_AT_END.sub("", said[-1])]


def _is_blank(text: str) -> bool:
    """Whether nothing but filling marks stands there."""
    return all(char in _FILLER_MARKS or char.isspace() for char in text)


def _is_technical(plain: str) -> bool:
    return bool(_TECHNICAL.search(plain)) and not _SLASHED.fullmatch(plain)


def _without_marks(line: str) -> str:
    """A line in small letters, without the marks of a list, heading or comment before it."""
    return _LINE_MARKS.sub("", unicodedata.normalize("NFKC", line).casefold().strip())


def _words(plain: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", plain).casefold())


def _says_nothing(line: str) -> bool:
    """Whether one line of an answer is a placeholder."""
    if _is_blank(line):
        return True
    plain = _without_marks(line)
    words = _words(plain)
    if _is_technical(plain) or not words:
        return False
    known = _vocabulary()
    if {" ".join(words)} & (known.nothing | known.answers) or re.fullmatch("x{3,}", "".join(words)):
        return True
    if len(words) <= _MOST_WORDS and _is_slot(plain, set(words)):
        return True
    label = _LABEL.match(plain)
    if label is None or label[1] not in known.labels:
        return False
    rest = plain[label.end() :]
    note = label[1] in known.nothing and not known.to_write.isdisjoint(_words(rest)[:1])
    return (note and len(words) <= _MOST_REFERENCE_WORDS) or _says_nothing(rest)


def _is_slot(plain: str, words: set[str]) -> bool:
    """Whether the line names the place of an answer that is missing: "[Your answer here]"."""
    known = _vocabulary()
    nouns = known.content_words | known.answer_words
    if known.answer_words & words and words <= known.slot | nouns:
        return True
    if _BRACKETED.fullmatch(plain):
        inner = nouns | known.bracketed
        if words & inner and words <= known.slot | inner:
            return True
        return plain.strip(_EDGES).startswith("insert ") and plain.lstrip(" *_")[0] in "[{<"
    is_marked = known.here & words or {"placeholder", "sample", "dummy", "insert"} & words
    return bool(is_marked and nouns & words) and words <= known.slot | nouns


def _reference(plain: str) -> AnswerKind | None:
    """Which entry an answer points at if it does nothing else."""
    if _POINTS_UP.fullmatch(plain):
        return AnswerKind.BEFORE
    label = _LABEL.match(plain.casefold())
    if label and label[1] in _vocabulary().labels:
        plain = plain[label.end() :]
    words = _words(plain)
    if _CODE_OR_ADDRESS.search(plain) or not 0 < len(words) <= _MOST_REFERENCE_WORDS:
        return None
    parts = _vocabulary().reference
    if (len(words) == 1 and words[0] in parts.alone) or " ".join(words) in parts.phrases:
        return AnswerKind.BEFORE
    before, after = _held(words, parts.before), _held(words, parts.after)
    points, entries = _held(words, parts.points | parts.alone), _held(words, parts.entries)
    if entries:
        before |= _held(words, parts.before_an_entry)
    rest = set(words) - before - after - points - entries - parts.filler
    if rest or bool(before) == bool(after):
        return None
    if before:
        return AnswerKind.BEFORE if points or entries else None
    # "The next question." alone may be what somebody is told to do.
    return AnswerKind.AFTER if points else None


def _held(words: Collection[str], wanted: frozenset[str]) -> set[str]:
    """Those of `words` that are `wanted`, or begin as one of these with a "*" at its end."""
    stems = tuple(each[:-1] for each in wanted if each.endswith("*"))
    return {word for word in words if word in wanted or word.startswith(stems)}
