"""Tells from all that may be an entry in a file which of it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.corpus.entry import MOST_ENTRIES, EntryList, Parsed
from engine.corpus.fields import (
    ANSWER,
    ASKED,
    QUESTION,
    REPLY,
    as_text,
    field_text,
    folded_fields,
    name_in,
)
from engine.corpus.text import clean_line
from engine.corpus.wording import asks
from engine.errors import CorpusError, NotAnFaq

#: Of an FAQ most parts that are looked at are entries.
_MOST = 2 * MOST_ENTRIES
_WHAT_TO_WRITE = "if it is an FAQ, write a list of entries with “question” and “answer”."
_PATH = re.compile(r"/[\w./-]*|[\w./-]+\.[a-z]{2,5}")

#: Names of the fields that hold question and answer.
Shape = tuple[str, str]
#: Stands for the name of a question that is the key of its answer, or of the entry.
KEY = "(key)"
#: A question mapped to the text of its answer.
MAPPED = (KEY, KEY)
#: Of a help centre: each of its articles answers something, whatever its title.
ARTICLE = ("(article)", "(article)")
NO_ENTRY = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What stands above an entry."""

    course: str = ""
    sections: tuple[str, ...] = ()
    #: Title of the whole file: the section of entries that stand in no other.
    title: str = ""
    #: The mark of a group that is kept back with all its entries.
    draft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that may be an entry."""

    raw: object
    place: Place
    #: NO_ENTRY for what stands among entries and is none.
    shape: Shape
    #: Those that stand beside each other have the same number.
    siblings: int
    why_left_out: str = ""


@dataclass(slots=True)
class Candidates:
    """Collects what may be an entry; whether it is depends on all that look like it.

    A shape that other files have as well, such as title and text, is one of entries only where
    most of its titles ask.
    """

    saw_quiz: bool = False
    _all: list[Candidate] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._all)

    def add(
        self,
        raw: object,
        place: Place,
        siblings: int,
        *,
        shape: Shape = NO_ENTRY,
        why_left_out: str = "",
    ) -> None:
        """Raises CorpusError when there are too many."""
        if len(self._all) > _MOST:
            raise CorpusError("The file has too many parts for an FAQ; split it.")
        self._all.append(
            Candidate(
                raw=raw, place=place, shape=shape, siblings=siblings, why_left_out=why_left_out
            )
        )

    def parsed(self) -> Parsed:
        """The entries, with what is wrong with those beside them.

        Raises NotAnFaq when there are none.
        """
        shapes = self._shapes_of_entries()
        among_entries = {each.siblings for each in self._all if each.shape in shapes}
        if not among_entries:
            raise NotAnFaq(self._why_none())
        found = EntryList()
        for each in self._all:
            if each.shape in shapes:
                found.add(_marked(each), course=each.place.course, section=_section(each))
            elif each.siblings in among_entries and each.why_left_out:
                found.leave_out(each.why_left_out)
            elif each.siblings in among_entries and each.shape == NO_ENTRY:
                found.add(each.raw)  # says what it lacks
        return found.parsed()

    def _shapes_of_entries(self) -> set[Shape]:
        number = Counter(each.shape for each in self._all if each.shape != NO_ENTRY)
        sure = set(filter(_is_sure, number))
        unsure = (each for each in self._all if each.shape in number.keys() - sure)
        asking = Counter(each.shape for each in unsure if _asks(each))
        return sure | {shape for shape in asking if 2 * asking[shape] > number[shape]}

    def _why_none(self) -> str:
        if self.saw_quiz:
            return (
                "The file is a quiz (it has answers to choose from) and no FAQ; write entries "
                "with “question” and “answer” only."
            )
        if any(each.why_left_out for each in self._all):
            return (
                "The file is a list of a forum's posts in which no answer is marked as accepted; "
                "write the questions worth keeping with their answers into a file of their own."
            )
        if any(_only_asks(each) for each in self._all):
            return "The file holds questions and no answers; write an “answer” beside each."
        shapes = Counter(each.shape for each in self._all if each.shape != NO_ENTRY)
        if not shapes:
            return f"The file holds no entries; {_WHAT_TO_WRITE}"
        (question, _), _ = shapes.most_common(1)[0]
        where = "keys" if question == KEY else f"texts under “{question}”"
        return f"The file holds no entries: most of the {where} are no questions; {_WHAT_TO_WRITE}"


def _is_sure(shape: Shape) -> bool:
    """Whether these names mean question and answer in any file."""
    asked, answered = shape
    if asked == KEY:
        return False
    if shape == ARTICLE:
        return True
    return asked in QUESTION or answered in ANSWER or (asked in ASKED and answered in REPLY)


def _only_asks(candidate: Candidate) -> bool:
    if candidate.shape != NO_ENTRY or not isinstance(candidate.raw, Mapping):
        return False
    return bool(name_in(folded_fields(candidate.raw), QUESTION))


def _asks(candidate: Candidate) -> bool:
    assert isinstance(candidate.raw, Mapping)
    if not asks(field_text(candidate.raw, "question")):
        return False
    # The translation of a question asks as well; a menu names the page behind it.
    answer = field_text(candidate.raw, "answer").strip()
    return candidate.shape != MAPPED or not (
        answer.endswith(("?", "？", "؟")) or _PATH.fullmatch(answer)
    )


def _marked(candidate: Candidate) -> object:
    """The entry, kept back where its group is."""
    name, _, value = candidate.place.draft.partition(": ")
    if name and isinstance(candidate.raw, Mapping):
        return {**candidate.raw, name: value}
    return candidate.raw


def _section(candidate: Candidate) -> str:
    """The section of an entry that names none itself."""
    section = " / ".join(candidate.place.sections) or candidate.place.title
    if not section and isinstance(candidate.raw, Mapping):
        tags = candidate.raw.get("tags")
        section = as_text(tags[0] if isinstance(tags, list) and tags else tags).split(",")[0]
    return clean_line(section)
