"""Tells what asks for a time, and which entries speak of a time that is over.

Dates live on the course platform; an FAQ keeps those of past editions. An entry about one of them
is worth showing, with its age, and is never the answer to "when".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

import yaml

from engine.answer.asking import plain
from engine.code_fences import CODE_IN_CHAT
from engine.retrieval.language import language_of
from engine.types import Document, Match

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
#: The last month of a winter.
WINTER_ENDS = 3

#: "2024", and of "2024/25" both; no version such as 2023.1.
_YEAR = r"(?P<year>20[1-3]\d)"
_UNTIL = r"(?:\s?[/–-]\s?(?:20)?(?P<until>[1-4]\d))?\b(?!\.\d)"
_ANY_YEAR = re.compile(r"20[1-3]\d")
#: "Cohort: …", "Course - …": what some put before a title.
_TOPIC = re.compile(r"^[^\W\d_]{1,20}(?::| [-–])\s+")
_TITLE_WORD = re.compile(r"\w+")
#: Code, addresses and lines of a log: the dates in them are of no edition.
_NOT_SAID = re.compile(
    CODE_IN_CHAT + r"|\(\w{1,20}://[^)\s]{0,500}\)|\b\w{1,20}://\S+"
    r"|\[(?=[^\]\n]{0,200}\d{4})[^\]\n]{0,200}\]\([^)\n]{0,500}\)"
    r"|^[^\n]*\d\d:\d\d:\d\d[^\n]*$",
    re.DOTALL | re.MULTILINE,
)
_ISO = re.compile(
    rf"\b{_YEAR}(?P<mark>[-/]|\.(?=\d\d\.\d\d\b))(?P<month>[01]?\d)(?P=mark)(?P<day>[0-3]?\d)\b"
)
_IN_YEAR = re.compile(rf"\bin {_YEAR}\W*$")
_PAGE = re.compile(
    rf"\b\w{{1,20}}://\S{{0,200}}?(?:cohorts?|zoomcamp|courses?|editions?)[-/_]{_YEAR}\b"
)
_DAY_FIRST = re.compile(rf"\b(?P<day>[0-3]?\d)(?P<mark>[./])(?P<month>[0-3]?\d)(?P=mark){_YEAR}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    months: dict[str, int]
    seasons: dict[str, int]
    dated: re.Pattern[str]
    season_of: re.Pattern[str]
    editions: tuple[re.Pattern[str], ...]
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
            rf"(?:\s+(?P<after>[0-3]?\d)(?:st|nd|rd|th)?)?,?\s+(?:de\s+|of\s+)?{_YEAR}\b(?!\.\d)"
        ),
        season_of=re.compile(rf"\b(?P<season>{season})(?:\s+(?:de|of))?\s+{_YEAR}{_UNTIL}"),
        editions=(
            re.compile(rf"\b{_YEAR}{_UNTIL}{between}(?:{edition})\b"),
            re.compile(rf"\b(?:{edition}){between}{_YEAR}{_UNTIL}"),
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
    return re.compile(rf"(?:^|(?<=[\s,.;:!?¿(]))(?:{'|'.join(patterns)})")


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
    return plain(text[:MAX_QUESTION_CHARS])


def tells_time(document: Document, language: str) -> bool:
    """Whether the entry names a time that one can go by; where the FAQ is in a `language` that is
    not read: yes."""
    tells = _words().tells
    text = _NOT_SAID.sub(" ", f"{document.question}\n{document.answer}"[:MAX_ENTRY_CHARS])
    # An entry may be in another language than its FAQ; a word may be one in several ("data").
    own = tells.get(language_of(text, default=language), tells.get(language))
    return language not in tells or own is None or own.search(text.lower()) is not None


def past_edition(document: Document, today: date) -> Edition | None:
    """The time that the entry speaks of where it is over; None for one that names no date, or one
    that is yet to come."""
    named = _dates_in(document)
    if not named or any(end >= today for end, _ in named):
        return None
    newest = max(end for end, _ in named)
    return Edition(year=newest.year, whole=any(head for _, head in named))


def newest_editions(matches: Sequence[Match]) -> tuple[Match, ...]:
    """The matches, of which one entry in several editions stands once: the newest, in the place of
    the best. One that names no time holds today and is newer than those that do."""
    groups: dict[tuple[str, str], list[Match]] = {}
    for match in matches:
        groups.setdefault(_without_year(match.document), []).append(match)
    kept = []
    for group in groups.values():
        years = [_year_of(match.document) for match in group]
        if len(set(years)) == 1:  # the same words about the same time: two entries
            kept += group
        else:
            newest = group[years.index(max(years))]
            kept.append(replace(newest, score=max(match.score for match in group)))
    return tuple(sorted(kept, key=lambda match: -match.score))


def _without_year(document: Document) -> tuple[str, str]:
    """What an entry of a course has in common with the same of another edition."""
    title = _TOPIC.sub("", document.question.lower())
    return _ANY_YEAR.sub("", document.course), " ".join(
        _TITLE_WORD.findall(_ANY_YEAR.sub("", title))
    )


def _year_of(document: Document) -> int:
    """The newest year that an entry, or its course, names; beyond all where it names none."""
    years = [end.year for end, _ in _dates_in(document)]
    years += [int(year) for year in _ANY_YEAR.findall(f"{document.course} {document.question}")]
    return max(years, default=date.max.year)


def _dates_in(document: Document) -> tuple[tuple[date, bool], ...]:
    return _named_dates(document.question[:MAX_ENTRY_CHARS], document.answer[:MAX_ENTRY_CHARS])


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
    for match in _ISO.finditer(text):
        if end := _last_day(int(match["year"]), int(match["month"]), int(match["day"])):
            yield end, match.start()
    for match in _DAY_FIRST.finditer(text):
        year, day, month = int(match["year"]), int(match["day"]), int(match["month"])
        # "1/12/2026" may be the first of December and the twelfth of January: the later one.
        swapped = _last_day(year, day, month) if match["mark"] == "/" else None
        if ends := [end for end in (_last_day(year, month, day), swapped) if end]:
            yield max(ends), match.start()
    for match in words.dated.finditer(text):
        named = match["before"] or match["after"]
        if end := _last_day(
            int(match["year"]), words.months[match["month"]], int(named) if named else None
        ):
            yield end, match.start()


def _editions(text: str) -> Iterator[tuple[date, int]]:
    words = _words()
    for match in words.season_of.finditer(text):
        season, year = words.seasons[match["season"]], _last_year(match)
        begun = year > int(match["year"])  # "winter 2024/25" ends in March
        if end := _last_day(year, WINTER_ENDS if begun else season):
            yield end, match.start()
    for match in (found for one in words.editions for found in one.finditer(text)):
        yield date(_last_year(match), 12, 31), match.start()


def _last_year(match: re.Match[str]) -> int:
    """2025 of "2024/25", 2024 of "2024" and of anything else behind it."""
    year = int(match["year"])
    return year + 1 if match["until"] and int(match["until"]) == (year + 1) % 100 else year


def _last_day(year: int, month: int, day: int | None = None) -> date | None:
    """The day, or the last one of the month; None where there is no such day."""
    if not 1 <= month <= 12:
        return None
    last = calendar.monthrange(year, month)[1]
    return date(year, month, day or last) if (day or last) <= last else None
