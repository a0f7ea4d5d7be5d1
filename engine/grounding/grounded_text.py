"""The truth check: keeps of an answer, while it is written, what the entries say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.grounding.chatter import CONNECTOR, LEANING, OPENER, capitalized, is_chatter, trim
from engine.grounding.leads import (
    PROSE,
    announces_block,
    introduces_code,
    is_ended,
    is_lead_in,
    lacks_block,
    says_nothing,
)
from engine.grounding.prose import read_prose
from engine.grounding.sentences import Joiner, Splitter, Unit, UnitKind
from engine.grounding.verdict import Grounding, Verdict, claims_of
from engine.grounding.words import visible
from engine.types import Document

__all__ = ["GroundedText", "Grounding", "Verdict", "is_thin"]

#: A model that writes on and on is cut off: no answer is this long.
MAX_ANSWER_CHARS = 20_000


class GroundedText:
    """The supported part of an answer that arrives in pieces."""

    def __init__(self, documents: Sequence[Document], question: str) -> None:
        self._grounding = Grounding(documents, question)
        self._splitter = Splitter()
        self._joiner = Joiner()
        self._last_character = ""
        self._length = 0
        self._shown: list[str] = []
        self._dropped: list[tuple[str, str]] = []
        self._votes: Counter[str] = Counter()
        self._said: set[frozenset[str]] = set()
        self._refused: set[str] = set()
        #: Headings and lead-ins that wait for what they introduce, and what was dropped since.
        self._waiting: list[tuple[Unit, bool]] = []
        #: The lead-in that holds for what comes; whether it is shown already.
        self._lead = ""
        self._lead_shown = False
        #: The lead-in does not hold, so nothing that it introduces is shown.
        self._lead_dead = False
        #: The kind of what followed the lead-in.
        self._led: UnitKind | None = None
        self._table_kept = False
        #: The text shown right before; empty when the unit before was dropped.
        self._before = ""
        #: A sentence that may announce a block of code, until it is known whether one follows.
        self._held: Unit | None = None

    @property
    def text(self) -> str:
        """All Markdown that may be shown."""
        return "".join(self._shown)

    @property
    def dropped(self) -> tuple[str, ...]:
        """What the model wrote and the entries do not say."""
        return tuple(text for text, _ in self._dropped)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why each of `dropped` was dropped."""
        return tuple(reason for _, reason in self._dropped)

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The entries that support the text, most used first."""
        return tuple(id_ for id_, _ in self._votes.most_common())

    def feed(self, piece: str) -> str:
        """Take the next piece of the answer; returns the Markdown that may now be added."""
        piece = piece[: MAX_ANSWER_CHARS - self._length]
        self._length += len(piece)
        shown = visible(piece, self._last_character)
        self._last_character = shown[-1:] or self._last_character
        return self._take_all(self._splitter.feed(shown))

    def finish(self) -> str:
        """The end of the answer; returns the Markdown that may now be added."""
        units = self._splitter.finish()
        added = self._take_all(units[:-1])
        for unit in units[-1:]:
            if unit.kind in PROSE and not is_ended(unit) and not self._ends_whole(unit):
                added += self._let_go()
                self._drop(unit, "it breaks off")
            else:
                added += self._take_all([unit])
        added += self._let_go()
        self._drop_waiting("nothing follows it")
        return added

    def _let_go(self) -> str:
        """Take the sentence that is held, now that no code follows it."""
        before = len(self._shown)
        held, self._held = self._held, None
        if held is not None and lacks_block(held, self._before):
            self._drop(held, "nothing follows it")
        elif held is not None:
            self._take(held)
        return "".join(self._shown[before:])

    def _ends_whole(self, unit: Unit) -> bool:
        return self._grounding.ends_whole(unit)

    def _take_all(self, units: Sequence[Unit]) -> str:
        before = len(self._shown)
        for unit in units:
            held, self._held = self._held, None
            if held is not None and unit.kind is UnitKind.CODE:
                self._take_announced(held, unit)
                continue
            if held is not None:
                self._take(held)
            if announces_block(unit) and not is_lead_in(unit):
                self._held = unit
            else:
                self._take(unit)
        return "".join(self._shown[before:])

    def _take(self, unit: Unit) -> None:
        if unit.text in self._refused:
            self._drop(unit, "it was said before")
        elif not any(character.isalnum() for character in unit.text):
            self._take_decoration(unit)
        elif unit.kind in (UnitKind.HEADING, UnitKind.TABLE_HEAD) or is_lead_in(unit):
            self._take_introduction(unit)
        elif unit.kind is UnitKind.ROW and not self._table_kept:
            self._drop(unit, "the head of its table was dropped")
        else:
            self._take_statement(unit)

    def _take_decoration(self, unit: Unit) -> None:
        """Rules and emoji go; the dashes under a table's head stay with it."""
        if unit.kind is UnitKind.TABLE_HEAD and self._waiting and self._table_kept:
            self._waiting.append((unit, True))
        else:
            self._waiting.append((unit, False))

    def _take_introduction(self, unit: Unit) -> None:
        self._end_lead()
        if unit.kind is UnitKind.HEADING:
            self._drop_waiting("nothing follows it", UnitKind.HEADING)
        unit = replace(unit, text=trim(unit.text))
        verdict = self._grounding.carries(unit)
        if unit.kind is UnitKind.TABLE_HEAD:
            self._table_kept = verdict.supported
        if unit.kind in PROSE and not is_chatter(unit.text):
            self._lead = "" if says_nothing(unit.text) else unit.text
            self._lead_dead = not verdict.supported
        if verdict.supported:
            self._waiting.append((unit, True))
        else:
            self._drop(unit, verdict.reason)

    def _take_statement(self, unit: Unit, *, waits: bool = False) -> None:
        """Show it if it holds; with `waits` only together with what comes next."""
        if self._led is not None and (unit.kind is not self._led or self._led is UnitKind.SENTENCE):
            self._end_lead()
        self._led = unit.kind
        reason = "it refers to what was dropped"
        for candidate in self._readings(unit):
            verdict = self._check(candidate)
            if verdict.supported and waits:
                self._waiting.append((candidate, True))
                self._before = candidate.text
                return
            if verdict.supported:
                self._show(candidate, verdict)
                return
            reason = verdict.reason
        self._drop(unit, reason)
        self._refused.add(unit.text)
        if unit.kind is UnitKind.SENTENCE:
            self._end_lead()

    def _take_announced(self, sentence: Unit, code: Unit) -> None:
        """A sentence and the code that it announces: both are shown, or neither is."""
        self._take_statement(sentence, waits=True)
        self._forget_lead()
        self._take(code)
        # Nothing waits any more once the code is shown.
        self._drop_waiting("what it introduces was dropped", *PROSE)

    def _readings(self, unit: Unit) -> Iterator[Unit]:
        """`unit` as it may be shown: trimmed, without a yes or connector that hangs in the air."""
        if unit.kind is UnitKind.CODE:
            yield from _closed(unit)
            return
        if unit.kind is UnitKind.ROW:
            yield unit
            return
        text = trim(unit.text)
        if not self._before:
            connector = CONNECTOR.match(text)
            text = capitalized(text[connector.end() :]) if connector else text
            if LEANING.match(text) and not self._lead:
                return
        yield replace(unit, text=_balanced(text))
        opener = OPENER.match(text)
        if opener and text[opener.end() :]:
            yield replace(unit, text=_balanced(capitalized(text[opener.end() :])))

    def _check(self, unit: Unit) -> Verdict:
        repeated = unit.kind is not UnitKind.CODE and _signature(unit) in self._said
        if repeated:
            return Verdict(False, (), "it was said before")
        lead = self._lead
        if unit.kind is UnitKind.CODE and not lead and introduces_code(self._before):
            return self._grounding.check(unit, after=self._before, lead=self._before)
        if self._lead_dead:
            return Verdict(False, (), "its lead-in does not hold")
        return self._grounding.check(unit, after=self._before, lead=lead)

    def _show(self, unit: Unit, verdict: Verdict) -> None:
        for waiting, kept in self._waiting:
            if kept:
                self._add(waiting)
            else:
                self._joiner.skip(waiting)
        self._waiting.clear()
        self._add(unit)
        self._lead_shown = bool(self._lead)
        self._before = unit.text
        self._said.add(_signature(unit))
        self._votes.update(verdict.document_ids)

    def _add(self, unit: Unit) -> None:
        markdown = self._joiner.add(unit)
        self._shown.append(markdown if self._shown else markdown.lstrip())

    def _drop(self, unit: Unit, reason: str) -> None:
        self._dropped.append((unit.text, reason))
        self._waiting.append((unit, False))
        self._before = ""

    def _end_lead(self) -> None:
        """A lead-in is over; when nothing that it introduces was kept, it goes too."""
        if not self._lead_shown:
            self._drop_waiting("what it introduces was dropped", *PROSE, UnitKind.TABLE_HEAD)
        self._forget_lead()

    def _forget_lead(self) -> None:
        self._lead, self._lead_shown, self._lead_dead, self._led = "", False, False, None

    def _drop_waiting(self, reason: str, *kinds: UnitKind) -> None:
        for index, (unit, kept) in enumerate(self._waiting):
            if kept and (not kinds or unit.kind in kinds):
                self._dropped.append((unit.text, reason))
                self._waiting[index] = (unit, False)


def is_thin(text: str, min_words: int = 4) -> bool:
    """Whether `text` is too little to be an answer: no fact and fewer than `min_words` words."""
    clauses = read_prose(visible(text)).clauses
    if any(token.fact for clause in clauses for token in clause.tokens):
        return False
    words = [token for clause in clauses for token in clause.tokens if token.word]
    return len(words) < min_words or not claims_of(clauses)


def _signature(unit: Unit) -> frozenset[str]:
    if unit.kind is UnitKind.CODE:
        return frozenset((unit.text,))
    return claims_of(read_prose(unit.text).clauses) or frozenset((unit.text.casefold(),))


def _balanced(text: str) -> str:
    """`text` without emphasis that is opened here and closed in another sentence."""
    for mark in ("**", "__", "~~"):
        if text.count(mark) % 2:
            text = text.replace(mark, "")
    return text.replace("`", "") if text.count("`") % 2 else text


def _closed(unit: Unit) -> Iterator[Unit]:
    """A code block; one that breaks off is closed, if need be without its last line."""
    lines = unit.text.split("\n")
    fence = re.match(r"`{3,}|~{3,}", lines[0])
    assert fence is not None
    if len(lines) > 1 and lines[-1].strip("> \t").startswith(fence[0]):
        yield unit
        return
    yield replace(unit, text="\n".join([*lines, fence[0]]))
    if len(lines) > 2:
        yield replace(unit, text="\n".join([*lines[:-1], fence[0]]))
