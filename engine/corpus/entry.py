"""One FAQ entry as read from a file, before it gets its id and its place in a course."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.corpus.fields import draft_mark, field_text, field_texts, folded_fields
from engine.corpus.formats.pages.inline_html import markdown_without_html, title_without_html
from engine.corpus.text import clean_line, clean_text
from engine.errors import CorpusError

#: A file may hold thousands of bad entries; the operator needs to see the first few.
_MOST_PROBLEMS = 20
#: Far beyond any FAQ; a file of twenty million bytes could hold millions.
MOST_ENTRIES = 100_000
_LONGEST_NAME = 60
#: More ways to ask one question than people write down, and longer ones, are something else.
_MOST_PHRASINGS, _LONGEST_PHRASING = 50, 500
#: Between the phrasings in one cell of a table.
_PARTED = re.compile(r"[\n|]")
TOO_MANY_ENTRIES = f"The file holds more than {MOST_ENTRIES} entries; split it."
#: After all entries that have a sort order.
UNSORTED = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A question with its answer, cleaned; what the file leaves out is empty."""

    question: str
    answer: str
    id: str = ""
    #: As written: a machine name or a title.
    course: str = ""
    section: str = ""
    url: str = ""
    #: Fragment of the entry within the page that its file becomes, such as a heading's.
    anchor: str = ""
    #: The question in other words; searched and never shown.
    phrasings: tuple[str, ...] = ()
    #: Its title does not ask: an entry only in a file whose name says that it is an FAQ.
    is_topic: bool = False
    #: Place among its neighbours in the same section.
    sort_order: int = UNSORTED
    #: What stood before it in the file could not be read: "the previous answer" is unknown.
    follows_gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one file holds."""

    entries: tuple[Entry, ...]
    #: Sentences about entries that were skipped.
    problems: tuple[str, ...] = ()
    #: Sentences that count the entries somebody keeps back, such as drafts; not a fault.
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class EntryList:
    """Collects the entries of one file and what is wrong with the others."""

    _entries: list[Entry] = field(default_factory=list)
    _problems: list[str] = field(default_factory=list)
    _left_out: Counter[str] = field(default_factory=Counter)
    _skipped: int = 0
    _seen: int = 0
    _after_gap: bool = False

    def add(
        self,
        raw: object,
        *,
        course: str = "",
        section: str = "",
        anchor: str = "",
        is_topic: bool = False,
    ) -> None:
        """Add what `raw` holds; `course` and `section` stand in where it names none.

        Raises CorpusError when there are too many.
        """
        self._count()
        if not isinstance(raw, Mapping):
            self.skip("is not a question with an answer; mend or delete it")
            return
        fields = folded_fields(raw)
        if mark := draft_mark(fields):
            self._leave_out(f"marked “{mark}”")
            return
        asked = list(filter(None, map(_title, field_texts(fields, "question"))))
        question = asked[0] if asked else ""
        answer = clean_text(markdown_without_html(clean_text(field_text(fields, "answer"))))
        if not question or not answer:
            missing = "answer" if question else "question"
            named = (
                f" (“{shortened(question or clean_line(answer))}”)" if question or answer else ""
            )
            self.skip(f"has no {missing}; write one or delete the entry", named)
            return
        self._entries.append(
            Entry(
                question=question,
                answer=answer,
                id=clean_line(field_text(fields, "id")),
                course=clean_line(field_text(fields, "course")) or course,
                section=clean_line(next(iter(field_texts(fields, "section")), "")) or section,
                url=field_text(fields, "url"),
                phrasings=_phrasings(question, [*asked[1:], *field_texts(fields, "phrasings")]),
                sort_order=_whole_number(field_text(fields, "sort_order")),
                follows_gap=self._after_gap,
                anchor=anchor,
                is_topic=is_topic,
            )
        )
        self._after_gap = False

    def leave_out(self, why: str) -> None:
        """Count an entry that is none on purpose; `why` goes on from "3 entries are left out, "."""
        self._count()
        self._leave_out(why)

    def skip(self, reason: str, named: str = "") -> None:
        """Note why the entry at hand is left out."""
        self._skipped += 1
        self._after_gap = True
        if self._skipped <= _MOST_PROBLEMS:
            self._problems.append(f"Entry {self._seen}{named} {reason}.")

    def _count(self) -> None:
        self._seen += 1
        if self._seen > MOST_ENTRIES:
            raise CorpusError(TOO_MANY_ENTRIES)

    def _leave_out(self, why: str) -> None:
        self._left_out[why] += 1
        self._after_gap = True

    def parsed(self) -> Parsed:
        problems = list(self._problems)
        if self._skipped > _MOST_PROBLEMS:
            problems.append(f"{self._skipped - _MOST_PROBLEMS} more entries have such problems.")
        left_out = tuple(
            f"{number} {'entry is' if number == 1 else 'entries are'} left out, {why}."
            for why, number in self._left_out.items()
        )
        return Parsed(entries=tuple(self._entries), problems=tuple(problems), left_out=left_out)


def _title(text: str) -> str:
    return clean_line(title_without_html(clean_text(text)))


def _phrasings(question: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Other ways to ask `question`, each once; a page's `aliases` are addresses and none."""
    lines = (line for text in texts for line in _PARTED.split(text[: _MOST_PHRASINGS * 1000]))
    cleaned = dict.fromkeys(line for line in map(clean_line, lines) if _says_something(line))
    cleaned.pop(question, None)
    return tuple(cleaned)[:_MOST_PHRASINGS]


def _says_something(line: str) -> bool:
    is_address = "/" in line and " " not in line
    return bool(line) and len(line) <= _LONGEST_PHRASING and not is_address


def _whole_number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text.strip()) else UNSORTED


def shortened(text: str) -> str:
    """How a title is named in a sentence."""
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME].rstrip() + "…"
