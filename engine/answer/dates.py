"""Tells what asks for a time, and which entries speak of a time that is over.

Dates live on the course platform; an FAQ keeps those of past editions. An entry about one of them
is worth showing, with its age, and is never the answer to "when".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

import yaml

from engine.types import Document

_DATA = Path(__file__).with_name("dates.yaml")
#: Characters of a question, and of an entry, that are looked at.
MAX_QUESTION_CHARS, MAX_ENTRY_CHARS = 600, 6_000
#: Entries whose dates are kept in memory.
MAX_KEPT = 4_096
#: An entry about a past edition says so in its title or at once; further down a year is that of an
#: example, a video, a message somebody pasted.
HEAD_CHARS = 240
#: Words between a year and the edition it is of: "the 2024 edition", "cohort of spring 2024".
MAX_WORDS_BETWEEN = 2

_YEAR = r"(?P<year>20[12]\d)"
#: Code, addresses and lines of a log: the dates in them are of no edition.
_NOT_SAID = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\(\w+://[^)\s]*\)|\w+://\S+|\[[^\]]*\d{4}[^\]]*\]\([^)]*\)"
    r"|^.*\d\d:\d\d:\d\d.*$",
    re.DOTALL | re.MULTILINE,
)
_ISO = re.compile(rf"\b{_YEAR}[-/.](?P<month>[01]?\d)[-/.](?P<day>[0-3]?\d)\b")
_IN_YEAR = re.compile(rf"\bin {_YEAR}\W*$")
_PAGE = re.compile(rf"\w+://\S*?(?:cohorts?|zoomcamp|courses?|editions?)[-/_]{_YEAR}\b")
_DAY_FIRST = re.compile(rf"\b(?P<day>[0-3]?\d)[./](?P<month>[01]?\d)[./]{_YEAR}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    months: dict[str, int]
    seasons: dict[str, int]
    dated: re.Pattern[str]
    season_of: re.Pattern[str]
    edition: re.Pattern[str]
    asks: re.Pattern[str]
    late: re.Pattern[str]
    chooses: re.Pattern[str]
    tells: dict[str, re.Pattern[str]]


@cache
def _words() -> _Words:
    content = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    months = {word: int(n) for n, words in content["months"].items() for word in words.split()}
    seasons = {word: int(n) for n, words in content["seasons"].items() for word in words.split()}
    month = "|".join(sorted(months, key=len, reverse=True))
    season = "|".join(sorted(seasons, key=len, reverse=True))
    edition = "|".join(content["editions"].split())
    between = rf"(?:\W+\w+){{0,{MAX_WORDS_BETWEEN}}}?\W+"
    day = r"(?:(?P<{0}>[0-3]?\d)(?:st|nd|rd|th|\.|º)?\s+(?:of\s+|de\s+)?)?"
    return _Words(
        months=months,
        seasons=seasons,
        dated=re.compile(
            rf"\b{day.format('before')}(?P<month>{month})[а-яё]*\.?"
            rf"(?:\s+(?P<after>[0-3]?\d)(?:st|nd|rd|th)?)?,?\s+(?:de\s+|of\s+)?{_YEAR}\b"
        ),
        season_of=re.compile(rf"\b(?P<season>{season})(?:\s+(?:de|of))?\s+{_YEAR}\b"),
        edition=re.compile(
            rf"\b{_YEAR}{between}(?:{edition})\b|\b(?:{edition}){between}(?P<other>20[12]\d)\b"
        ),
        asks=_at_word(content["asks"]),
        late=_at_word(content["late"]),
        chooses=re.compile("|".join(content["chooses"].split())),
        tells={
            language: re.compile(rf"\b(?:{'|'.join(words.split())})\b|\d{{1,2}}:\d\d|20\d\d")
            for language, words in content["tells"].items()
        },
    )


def _at_word(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?:^|(?<=[\s,.;!?¿(]))(?:{'|'.join(patterns)})")


@dataclass(frozen=True, slots=True)
class Edition:
    """The past time that an entry speaks of."""

    #: The newest year it names.
    year: int
    #: Whether all of the entry is about that time: its title or its first lines say so.
    whole: bool


def asks_when(text: str) -> bool:
    """Whether `text` asks for a day or a deadline, or whether it is too late."""
    return asks_for_date(text) or _words().late.search(_lowered(text)) is not None


def asks_for_date(text: str) -> bool:
    """Whether `text` asks for a day, a time or a deadline."""
    words, lowered = _words(), _lowered(text)
    return words.asks.search(lowered) is not None and words.chooses.search(lowered) is None


def _lowered(text: str) -> str:
    return text[:MAX_QUESTION_CHARS].lower().replace("’", "'")


def tells_time(document: Document, language: str) -> bool:
    """Whether the entry names a time that one can go by; of a language that is not read: yes."""
    tells = _words().tells.get(language)
    text = _NOT_SAID.sub(" ", f"{document.question}\n{document.answer}"[:MAX_ENTRY_CHARS]).lower()
    return tells is None or tells.search(text) is not None


def past_edition(document: Document, today: date) -> Edition | None:
    """The time that the entry speaks of where it is over; None for one that names no date, or one
    that is yet to come."""
    named = _named_dates(document.question, document.answer[:MAX_ENTRY_CHARS])
    if not named or any(end >= today for end, _ in named):
        return None
    newest = max(end for end, _ in named)
    return Edition(year=newest.year, whole=any(head for _, head in named))


@lru_cache(MAX_KEPT)
def _named_dates(title: str, answer: str) -> tuple[tuple[date, bool], ...]:
    """The last day of each time that an entry names, and whether all of it is about that time."""
    prose = _NOT_SAID.sub(" ", answer).lower()
    named = title.lower()
    return (
        *((end, True) for end, _ in (*_days(named), *_editions(named))),
        *((date(int(match["year"]), 12, 31), True) for match in _IN_YEAR.finditer(named)),
        *((end, place < HEAD_CHARS) for end, place in _editions(prose)),
        *((end, False) for end, _ in _days(prose)),
        # The page of an edition: what is to be read there was so in that year.
        *((date(int(match["year"]), 12, 31), False) for match in _PAGE.finditer(answer.lower())),
    )


def _days(text: str) -> Iterator[tuple[date, int]]:
    words = _words()
    for match in (*_ISO.finditer(text), *_DAY_FIRST.finditer(text)):
        if end := _last_day(int(match["year"]), int(match["month"]), int(match["day"])):
            yield end, match.start()
    for match in words.dated.finditer(text):
        day = match["before"] or match["after"]
        month = words.months[match["month"]]
        if end := _last_day(int(match["year"]), month, int(day) if day else None):
            yield end, match.start()


def _editions(text: str) -> Iterator[tuple[date, int]]:
    words = _words()
    for match in words.season_of.finditer(text):
        if end := _last_day(int(match["year"]), words.seasons[match["season"]]):
            yield end, match.start()
    for match in words.edition.finditer(text):
        yield date(int(match["year"] or match["other"]), 12, 31), match.start()


def _last_day(year: int, month: int, day: int | None = None) -> date | None:
    """The day, or the last one of the month; None where there is no such day."""
    if not 1 <= month <= 12:
        return None
    last = calendar.monthrange(year, month)[1]
    return date(year, month, day or last) if (day or last) <= last else None
