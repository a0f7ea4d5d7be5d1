"""The truth check: keeps of an answer, while it is written, what the entries say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from engine.grounding.candidates import (
    candidates,
    introduces,
    is_bare_opener,
    says_no,
    without_opener,
)
from engine.grounding.check_result import CheckResult, Reason
from engine.grounding.evidence import letters
from engine.grounding.filler import is_cited, trim
from engine.grounding.grounding import Grounding
from engine.grounding.lead_ins import (
    PROSE,
    announces_block,
    is_ended,
    is_lead_in,
    lacks_block,
)
from engine.grounding.splitter import Splitter
from engine.grounding.support import LexicalSupport, Support
from engine.grounding.units import Joiner, Unit, UnitKind
from engine.invisible import without_invisible
from engine.protocol import FinishReason
from engine.types import AnswerText, Document, Piece

#: A model that writes on and on is cut off: no answer is this long.
MAX_ANSWER_CHARS = 20_000
#: What a model that was stopped has not finished.
_CUT_OFF = (FinishReason.LENGTH, FinishReason.DEADLINE, FinishReason.CANCELLED)
_LED = (UnitKind.ITEM, UnitKind.CODE, UnitKind.ROW)


class GroundedText:
    """The supported part of an answer that arrives in pieces."""

    def __init__(
        self,
        documents: Sequence[Document],
        question: str,
        support: Support | None = None,
        *,
        strict: bool = False,
    ) -> None:
        """`strict` demands more support: for a model that cannot be trusted to read."""
        judge = support or LexicalSupport()
        self._grounding = Grounding(documents, question, judge, strict=strict)
        self._splitter = Splitter()
        self._joiner = Joiner()
        self._last_character = ""
        self._length = 0
        self._shown: list[str] = []
        self._dropped: list[tuple[str, Reason]] = []
        self._votes: Counter[str] = Counter()
        #: The entries that the text names by number, in the order of their numbers.
        self._cited: list[str] = []
        self._cites = False
        self._said: set[str] = set()
        #: Headings, lead-ins and a bare yes or no, shown only together with what follows them;
        #: and, with False, what was dropped since.
        self._waiting: list[tuple[Unit, bool]] = []
        #: The lead-in that holds for the items or the code that come.
        self._lead = ""
        #: A lead-in that says not or only was dropped: what follows it would say something else.
        self._lead_turns = False
        self._table_kept = False
        #: A sentence that may announce a block of code, until it is known whether one follows.
        self._announced: tuple[Unit, CheckResult] | None = None
        #: Stems of what is shown so far.
        self._before: frozenset[str] = frozenset()
        #: What came right before was dropped, so "it" means nothing any more.
        self._gap = False
        self._last_shown = ""
        #: A yes or no that is a sentence of its own, until it is known what follows it.
        self._opener: Unit | None = None
        #: Items of the list so far without a full stop: its last one needs none either.
        self._open_items = 0

    @property
    def text(self) -> AnswerText:
        """All Markdown that may be shown."""
        return AnswerText("".join(self._shown))

    @property
    def dropped(self) -> tuple[str, ...]:
        """What the model wrote and is not shown."""
        return tuple(text for text, _ in self._dropped)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(reason for _, reason in self._dropped)

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The entries that support the text, most used first."""
        return tuple(id_ for id_, _ in self._votes.most_common())

    @property
    def cited_ids(self) -> tuple[str, ...]:
        """The entries that the text names: [1] is the first. Empty where the model cites none."""
        return tuple(self._cited)

    @property
    def is_about_entries(self) -> bool:
        """Whether what was dropped speaks of what the entries do, rather than of having no answer.

        A model that finds no answer may say so in any language and in any words: these words
        stand neither in the entries nor in the question.
        """
        return self._grounding.is_about(" ".join(self.dropped))

    def feed(self, piece: Piece) -> str:
        """Take the next piece of the answer; returns the Markdown that may now be added."""
        taken = piece[: MAX_ANSWER_CHARS - self._length]
        self._length += len(taken)
        shown = without_invisible(taken, self._last_character, more_follows=True)
        self._last_character = shown[-1:] or self._last_character
        return self._take_all(self._splitter.feed(shown))

    def finish(self, finish_reason: FinishReason = FinishReason.STOP) -> str:
        """The end of the answer; returns the Markdown that may now be added.

        Of a text that was cut off its unfinished end is dropped, whatever it looks like.
        """
        before = len(self._shown)
        units = self._splitter.finish()
        self._take_all(units[:-1])
        for unit in units[-1:]:
            cut_off = finish_reason in _CUT_OFF
            if self._grounding.breaks_off(unit, cut_off=cut_off, in_list=self._open_items > 0):
                self._drop(unit, Reason.BREAKS_OFF)
            else:
                self._take(unit)
        if self._announced is not None:
            self._retire(*self._announced)
        if self._opener is not None:
            self._drop(self._opener, Reason.DANGLES)
        self._drop_waiting()
        return "".join(self._shown[before:])

    def _take_all(self, units: Sequence[Unit]) -> str:
        before = len(self._shown)
        for unit in units:
            self._take(unit)
        return "".join(self._shown[before:])

    def _take(self, unit: Unit) -> None:
        if self._announced is not None:
            announced, self._announced = self._announced, None
            if unit.kind is UnitKind.CODE:
                self._take_announced(*announced, unit)
                return
            self._retire(*announced)
        self._settle(unit)
        if unit.kind is UnitKind.ITEM and unit.gap is None and not is_ended(unit):
            self._open_items += 1
        elif unit.kind is not UnitKind.ITEM:
            self._open_items = 0
        if not any(character.isalnum() for character in unit.text):
            self._waiting.append((unit, unit.kind is UnitKind.TABLE_HEAD and self._table_kept))
        elif unit.kind in (UnitKind.HEADING, UnitKind.TABLE_HEAD) or introduces(unit):
            self._take_introduction(unit)
        elif unit.kind is UnitKind.ROW and not self._table_kept:
            self._drop(unit, Reason.DANGLES)
        else:
            self._take_statement(unit)

    def _take_announced(self, sentence: Unit, verdict: CheckResult, code: Unit) -> None:
        """A sentence and the code that it announces: both are shown, or neither is."""
        for candidate in self._candidates(code):
            found = self._grounding.check(candidate)
            if found.reason is None:
                self._show(sentence, verdict)
                self._show(candidate, found)
                return
        self._drop(sentence, Reason.DANGLES)
        self._drop(code, Reason.CODE)

    def _retire(self, sentence: Unit, verdict: CheckResult) -> None:
        """Show a sentence that no code follows, where it means something without."""
        if lacks_block(sentence, self._last_shown):
            self._drop(sentence, Reason.DANGLES)
        else:
            self._show(sentence, verdict)

    def _settle(self, unit: Unit) -> None:
        """Drop what waits for something that `unit` is not."""
        if unit.kind is UnitKind.CODE:
            return
        self._drop_waiting(lambda waiting: not self._awaits(waiting, unit))
        if unit.kind is UnitKind.SENTENCE and unit.gap is None:
            self._lead, self._lead_turns = "", False

    def _awaits(self, waiting: Unit, unit: Unit) -> bool:
        """Whether `unit` may be what `waiting` introduces."""
        if waiting.kind is UnitKind.TABLE_HEAD:
            return unit.kind in (UnitKind.TABLE_HEAD, UnitKind.ROW)
        if waiting.kind is UnitKind.HEADING:
            return unit.kind is not UnitKind.HEADING
        if is_lead_in(waiting):
            return unit.kind in _LED or not self._gap
        return not announces_block(waiting) and unit.kind is not UnitKind.HEADING

    def _take_introduction(self, unit: Unit) -> None:
        unit = replace(unit, text=trim(unit.text))
        verdict = self._grounding.introduces(unit)
        if unit.kind is UnitKind.TABLE_HEAD:
            self._table_kept = verdict.supported
        if is_lead_in(unit):
            self._lead = unit.text
            self._lead_turns = not verdict.supported and self._grounding.turns(unit.text)
        if verdict.reason is None:
            self._waiting.append((unit, True))
        else:
            self._drop(unit, verdict.reason, leaves_gap=False)

    def _take_statement(self, unit: Unit) -> None:
        if is_bare_opener(unit.text):
            self._opener = unit
            return
        if self._lead_turns and unit.kind in _LED:
            self._drop(unit, Reason.DANGLES)
            return
        reason = Reason.LEANS
        opener, self._opener = self._opener, None
        for candidate in self._candidates(unit):
            verdict = self._check(without_opener(candidate))
            if verdict.reason is not None:
                reason = verdict.reason
                continue
            if opener is not None:
                # Let a yes or no stand before what follows it, if the entries say so, too.
                agreed = self._grounding.answers(candidate.text, no=says_no(opener.text))
                self._waiting.append((opener, agreed))
            if announces_block(candidate):
                self._announced = (candidate, verdict)
            else:
                self._show(candidate, verdict)
            return
        if opener is not None:
            self._waiting.append((opener, False))
        self._drop(unit, reason)

    def _candidates(self, unit: Unit) -> Iterator[Unit]:
        self._cites = self._cites or (unit.kind in PROSE and is_cited(unit.text))
        return candidates(unit, self._grounding, at_start=not self._shown, after_gap=self._gap)

    def _check(self, unit: Unit) -> CheckResult:
        if unit.kind is not UnitKind.CODE and letters(unit.text) in self._said:
            return CheckResult(Reason.REPEATED)
        lead = self._lead if unit.kind in _LED else ""
        return self._grounding.check(
            unit, lead=lead, previous=self._last_shown, before=self._before
        )

    def _show(self, unit: Unit, verdict: CheckResult) -> None:
        for waiting, kept in self._waiting:
            if kept:
                self._add(waiting)
            else:
                self._joiner.skip(waiting)
        self._waiting.clear()
        self._add(self._numbered(unit, verdict))
        self._last_shown = unit.text
        self._said.add(letters(unit.text))
        self._before |= self._grounding.read(unit.text).keys
        self._votes.update(verdict.document_ids)
        self._gap = False

    def _numbered(self, unit: Unit, verdict: CheckResult) -> Unit:
        """`unit` with the numbers of the entries it stands on, where the model gives such numbers:
        those that the check found, as a model may give any."""
        if not self._cites or unit.kind not in PROSE:
            return unit
        new = [id_ for id_ in verdict.document_ids if id_ not in self._cited]
        self._cited.extend(new)
        marks = "".join(f" [{self._cited.index(id_) + 1}]" for id_ in verdict.document_ids)
        return replace(unit, text=unit.text + marks)

    def _add(self, unit: Unit) -> None:
        markdown = self._joiner.add(unit)
        self._shown.append(markdown if self._shown else markdown.lstrip())

    def _drop(self, unit: Unit, reason: Reason, *, leaves_gap: bool = True) -> None:
        self._dropped.append((unit.text, reason))
        self._waiting.append((unit, False))
        self._gap = self._gap or leaves_gap

    def _drop_waiting(self, is_over: Callable[[Unit], bool] = lambda _: True) -> None:
        for index, (unit, kept) in enumerate(self._waiting):
            if kept and is_over(unit):
                self._dropped.append((unit.text, Reason.DANGLES))
                self._waiting[index] = (unit, False)
