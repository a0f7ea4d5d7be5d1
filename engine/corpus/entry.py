"""One FAQ entry as read from a file, before it gets its id and its place in a course."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.corpus.formats.inline_html import markdown_without_html, title_without_html
from engine.corpus.text import clean_line, clean_text
from engine.errors import CorpusError

_QUESTION = ("question", "q")
_ANSWER = ("answer", "text", "a")
#: A file may hold thousands of bad entries; the operator needs to see the first few.
_MOST_PROBLEMS = 20
#: Far beyond any FAQ; a file of twenty million bytes could hold millions.
_MOST_ENTRIES = 100_000
_LONGEST_NAME = 60
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


@dataclass(slots=True)
class EntryList:
    """Collects the entries of one file and what is wrong with the others."""

    _entries: list[Entry] = field(default_factory=list)
    _problems: list[str] = field(default_factory=list)
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
        self._seen += 1
        if self._seen > _MOST_ENTRIES:
            raise CorpusError(f"The file holds more than {_MOST_ENTRIES} entries; split it.")
        if not isinstance(raw, Mapping):
            self.skip("is not a question with an answer; mend or delete it")
            return
        fields = {clean_line(str(key)).casefold(): value for key, value in raw.items()}
        question = clean_line(title_without_html(clean_text(_first(fields, _QUESTION))))
        answer = clean_text(markdown_without_html(clean_text(_first(fields, _ANSWER))))
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
                id=clean_line(as_text(fields.get("id"))),
                course=clean_line(as_text(fields.get("course"))) or course,
                section=clean_line(as_text(fields.get("section"))) or section,
                url=as_text(fields.get("url")),
                sort_order=_whole_number(as_text(fields.get("sort_order"))),
                follows_gap=self._after_gap,
                anchor=anchor,
                is_topic=is_topic,
            )
        )
        self._after_gap = False

    def skip(self, reason: str, named: str = "") -> None:
        """Note why the entry at hand is left out."""
        self._skipped += 1
        self._after_gap = True
        if self._skipped <= _MOST_PROBLEMS:
            self._problems.append(f"Entry {self._seen}{named} {reason}.")

    def parsed(self) -> Parsed:
        problems = list(self._problems)
        if self._skipped > _MOST_PROBLEMS:
            problems.append(f"{self._skipped - _MOST_PROBLEMS} more entries have such problems.")
        return Parsed(entries=tuple(self._entries), problems=tuple(problems))


def as_text(value: object) -> str:
    """A field as text: numbers as written, lists of texts as lines, anything else empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    return ""


def _first(fields: Mapping[str, object], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := as_text(fields.get(name))).strip()), "")


def _whole_number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text.strip()) else UNSORTED


def shortened(text: str) -> str:
    """How a title is named in a sentence."""
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME].rstrip() + "…"
