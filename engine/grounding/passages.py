"""Cuts an FAQ entry into passages, the pieces of it that one statement may stand on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.grounding.clauses import BINDING, Clause, Relation
from engine.grounding.prose import (
    Number,
    Prose,
    code_lines,
    command,
    is_code_line,
    numbers,
    read_prose,
    with_lines,
)
from engine.grounding.sentences import UnitKind, split
from engine.grounding.tokens import TokenKind, tokenize
from engine.grounding.words import stem, visible, words
from engine.types import Document

_PROPOSITION = re.compile(
    r"\W*(?:can|could|is|are|was|do|does|did|should|will|would|may|must|have|has|am|shall)\b",
    re.IGNORECASE,
)
YES = re.compile(r"\W*(?:yes|yeah|yep|sure|absolutely|definitely|of course)\b", re.IGNORECASE)
NO = re.compile(
    r"\W*(?:no(?=\W*(?:[,.;:!—–-]|$))|nope|unfortunately (?:not|no)|not really|never(?=[,.!]))",
    re.IGNORECASE,
)
_ANAPHOR = re.compile(
    r"\W*(?:it|its|this|that|these|those|they|them|their|he|she|then|afterwards?|otherwise|also)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence of an entry with what belongs to it; a statement must fit into one."""

    #: The entry's id, and the place of the sentence in it.
    document: str
    order: int
    prose: Prose
    #: Stems of all words and keys of all facts.
    claims: frozenset[str]
    #: Stems it may lean on: title, section, heading, the sentence that its pronoun refers to.
    context: frozenset[str]
    #: The clauses that the context was read from.
    background: tuple[Clause, ...]
    #: Both.
    reach: frozenset[str]
    exact: frozenset[str]
    numbers: tuple[Number, ...]


@lru_cache(maxsize=64)
def passages(document: Document) -> tuple[Passage, ...]:
    """All passages of an entry, in the order of its text."""
    return tuple(_Reader(document).read())


@dataclass(slots=True)
class _Sentence:
    order: int
    kind: UnitKind
    text: str
    #: Lines of code or addresses that follow it.
    lines: list[str]
    #: For a list item or row: the sentence that leads in, or the head of the table.
    lead: str
    heading: str


class _Reader:
    """Reads one entry."""

    def __init__(self, document: Document) -> None:
        self._id = document.id
        self._title = visible(document.question)
        self._answer = visible(document.answer)
        self._proposition = bool(_PROPOSITION.match(self._title))
        context = visible(document.section)
        if not self._proposition and not re.search(r"\bor\b", self._title, re.IGNORECASE):
            context += " " + self._title
        self._context = read_prose(context).clauses

    def read(self) -> list[Passage]:
        found = list(self._title_statement())
        previous = ""
        for sentence in self._sentences():
            found.extend(self._variants(sentence, previous))
            previous = sentence.text
        return found

    def _title_statement(self) -> Iterator[Passage]:
        """The title as a statement, when the answer begins with yes or no."""
        yes, no = YES.match(self._answer), NO.match(self._answer)
        title = self._title.rstrip("? ")
        if not self._proposition or not (yes or no) or re.search(r"\bor\b|n['’]t\b", title):
            return
        prose = read_prose(title, negate=bool(no))
        opener = split(self._answer)[0]
        if len(opener.text) <= 12:
            opener = [*split(self._answer), opener][1]
        binding = tuple(c for c in read_prose(opener.text).clauses if c.relation in BINDING)
        yield self._passage(0, replace(prose, clauses=prose.clauses + binding), ())

    def _sentences(self) -> list[_Sentence]:
        found: list[_Sentence] = []
        lead = head = heading = ""
        for order, unit in enumerate(split(self._answer), start=1):
            if unit.kind is UnitKind.HEADING:
                heading, lead = unit.text, ""
            elif unit.kind is UnitKind.TABLE_HEAD:
                head = unit.text if any(c.isalnum() for c in unit.text) else head
                if head == unit.text:  # may be a row: a table without a head
                    found.append(_Sentence(order, UnitKind.ROW, unit.text, [], "", heading))
            elif unit.kind is UnitKind.CODE:
                if not found:
                    found.append(_Sentence(order, unit.kind, "", [], "", heading))
                found[-1].lines += code_lines(unit.text)
            elif unit.kind is not UnitKind.RULE:
                if found and found[-1].text and is_code_line(unit.text):
                    found[-1].lines.append(command(unit.text))
                if unit.kind is UnitKind.SENTENCE:
                    lead = unit.text
                belongs = lead if unit.kind is UnitKind.ITEM else ""
                belongs = head if unit.kind is UnitKind.ROW else belongs
                found.append(_Sentence(order, unit.kind, unit.text, [], belongs, heading))
        return found

    def _variants(self, sentence: _Sentence, previous: str) -> Iterator[Passage]:
        context = self._context
        if sentence.heading:
            context += read_prose(sentence.heading).clauses
        if _ANAPHOR.match(sentence.text):
            context += read_prose(previous).clauses
        if sentence.kind is UnitKind.ROW:
            cells = sentence.text.replace("|", " ")
            context += read_prose(sentence.lead.replace("|", " ")).clauses
            yield self._passage(sentence.order, read_prose(cells), context)
            return
        lead = read_prose(sentence.lead)
        if sentence.lead and sentence.lead.endswith(":"):
            joined = read_prose(f"{sentence.lead.rstrip(':')} {sentence.text}")
            yield self._passage(sentence.order, joined, context, sentence.lines)
            if any(c.negated or c.relation is Relation.UNLESS for c in lead.clauses):
                return
        yield self._passage(
            sentence.order,
            read_prose(sentence.text),
            context + lead.clauses,
            sentence.lines,
        )

    def _passage(
        self, order: int, prose: Prose, background: tuple[Clause, ...], lines: Sequence[str] = ()
    ) -> Passage:
        if lines:
            prose = with_lines(prose, lines)
        inner = tuple(t for code in prose.codes for t in tokenize(code))
        exact = {t.key for c in prose.clauses for t in c.tokens if t.kind is TokenKind.EXACT}
        exact |= {t.key for t in inner if t.kind is TokenKind.EXACT}
        named = frozenset(stem(word) for key in exact if "/" in key for word in words(key))
        stems = frozenset(t.key for c in prose.clauses for t in c.tokens + c.unsaid)
        claims = stems | frozenset(t.key for t in inner)
        context = _claims(background) | named
        return Passage(
            document=self._id,
            order=order,
            prose=prose,
            claims=claims,
            context=context,
            reach=claims | context,
            background=background,
            exact=frozenset(exact),
            numbers=tuple(number for clause in prose.clauses for number in numbers(clause)),
        )


def _claims(found: Sequence[Clause]) -> frozenset[str]:
    return frozenset(t.key for clause in found for t in clause.tokens if t.content or t.fact)
