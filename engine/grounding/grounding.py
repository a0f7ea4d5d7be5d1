"""Decides whether one unit of an answer may be shown: is it against the entries, is it in them?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.grounding.check_result import CheckResult, Reason
from engine.grounding.contradictions import contradiction
from engine.grounding.evidence import Entry, Evidence, letters, turns
from engine.grounding.facts import foreign_fact, has_code, holds
from engine.grounding.filler import is_talk, speaks_of_itself, with_subject
from engine.grounding.lead_ins import PROSE, is_ended
from engine.grounding.lexicon import ENGLISH, lexicon, other_grammars
from engine.grounding.sentence import Sentence, read
from engine.grounding.support import Support, common
from engine.grounding.tokens import code_lines
from engine.grounding.units import Unit, UnitKind
from engine.grounding.verbatim import verbatim_in
from engine.grounding.words import word_set
from engine.types import Document

_ONLY_CODE = re.compile(r"`([^`\n]+)`[.:]?")
#: Drop a longer unit unread: no sentence is this long.
MAX_UNIT_CHARS = 1500
# Thresholds: chosen by hand; benchmarks/grounding.py shows what the check catches with them.
#: Share of a statement that a second entry must add to be named as one it stands on.
ADDS = 0.2
#: Share of a heading's words that the entries or the question must have; a lead-in of so few words
#: claims nothing.
KNOWN, SHORT = 0.6, 3
#: Share of a text's own words that the entries must have for it to be about them.
ABOUT = 0.5
#: Words that are said about an answer and not in one.
_ABOUT_ANSWERING = word_set(
    """
    answer answers question questions information context text document documents entry entries faq
    faqs passage passages provide provided specific enough find know knowledge mention mentioned
    cover covered apply applicable relevant available determine complete
    """
)
#: Share of the question's words that a statement repeats which is a yes or no to it.
ECHO = 0.5
#: Share of a sentence's words that are grammar of another language and nothing in this one, from
#: which on it is written in that one.
FOREIGN = 0.15


class Grounding:
    """Checks the units of one answer against the entries it may stand on."""

    def __init__(
        self,
        documents: Sequence[Document],
        question: str,
        support: Support,
        *,
        strict: bool = False,
    ) -> None:
        self._evidence = Evidence(documents, question)
        self._support = support
        self._needed = support.strict_threshold if strict else support.threshold
        self._titles = {letters(text) for text in (question, *(d.question for d in documents))}
        self._languages = list(dict.fromkeys(entry.language for entry in self._evidence.entries))

    def check(
        self,
        unit: Unit,
        *,
        lead: str = "",
        previous: str = "",
        before: frozenset[str] = frozenset(),
    ) -> CheckResult:
        """Whether `unit` may be shown.

        `lead` is the lead-in ("To do this, run:") that it follows, `previous` the sentence before
        it, `before` the stems of all that is shown above it.
        """
        if len(unit.text) > MAX_UNIT_CHARS:
            return CheckResult(Reason.TOO_LONG)
        if unit.kind is UnitKind.CODE:
            return self._check_code(unit.text)
        text = unit.text.strip("#*_| ").replace("|", " ")
        if is_talk(text) or letters(text) in self._titles:
            return CheckResult(Reason.TALK)
        if "~~" in text:
            return CheckResult(Reason.STRUCK)
        if code := _ONLY_CODE.fullmatch(text):
            return self._check_code(f"```\n{code[1]}\n```")
        verdict = CheckResult(Reason.EMPTY)
        if unit.kind is UnitKind.ROW:
            return self._check_row(text)
        for language in self._languages:
            verdict = self._check_in(language, text, lead, previous, before)
            if verdict.supported:
                return verdict
        return verdict

    def introduces(self, unit: Unit) -> CheckResult:
        """Whether `unit`, a heading or lead-in, may stand above what is shown."""
        text = unit.text.strip("#*_ ").replace("|", " ")
        if is_talk(text):
            return CheckResult(Reason.TALK)
        said = self.read(text)
        if reason := foreign_fact(said, self._evidence):
            return CheckResult(reason)
        if turns(said) and not self._stands_in_entry(text):
            return self.check(unit)
        known = self._evidence.keys | self._evidence.question.keys
        if unit.kind is UnitKind.TABLE_HEAD and "-" not in text:
            return self._check_row(text)
        strange = sum(key not in known for key in said.content)
        short = unit.kind in PROSE and len(said.content) <= SHORT
        if not short and strange > (1 - KNOWN) * len(said.content):
            return CheckResult(Reason.UNPROVEN)
        return CheckResult(None)

    def turns(self, lead: str) -> bool:
        """Whether what follows a lead-in says something else without it."""
        return turns(self.read(lead))

    def answers(self, statement: str, *, no: bool) -> bool:
        """Whether the entries say yes (or `no`) to the question that `statement` goes on from."""
        said = self.read(statement)
        stood_on = set(self._stands_on(said))
        openers = {e.says_yes for e in self._evidence.entries if e.id in stood_on} - {None}
        if openers:
            return openers == {not no}
        # It says the question's own words: yes and no stand and fall with it.
        asked = set(self._evidence.question.content)
        return len(asked & said.keys) >= ECHO * max(1, len(asked))

    def breaks_off(self, unit: Unit, *, cut_off: bool, in_list: bool) -> bool:
        """Whether the last unit of an answer is not finished. `in_list`: items before it
        have no full stop, so it needs none."""
        if unit.kind not in PROSE:
            return cut_off and unit.kind is UnitKind.ROW
        if len(unit.text) > MAX_UNIT_CHARS:
            return False  # it is dropped anyway
        if is_ended(unit):
            # "Python 3." may have been about to become 3.11.
            return cut_off and unit.text[-2:-1].isdigit()
        if cut_off or self._ends_open(unit):
            return True
        return not (in_list and unit.kind is UnitKind.ITEM) and not self._ends_whole(unit)

    def read(self, text: str) -> Sentence:
        """`text` as a sentence of the entries' language."""
        return read(text, self._languages[0] if self._languages else ENGLISH)

    def is_about(self, text: str) -> bool:
        """Whether `text` speaks of what the entries do, beyond repeating the question; one that
        gives a fact does in any case want to answer."""
        said = self.read(text)
        if any(token.fact for token in said.tokens):
            return True
        asked = self._evidence.question.keys
        own = {
            token.key
            for token in said.tokens
            if token.key in said.content
            and token.key not in asked
            and token.word not in _ABOUT_ANSWERING
        }
        return sum(key in self._evidence.keys for key in own) >= ABOUT * max(1, len(own))

    def _ends_open(self, unit: Unit) -> bool:
        """Whether it ends in a word on which no sentence ends."""
        word = _last_word(self.read(unit.text))
        known = [lexicon(language) for language in self._languages or [ENGLISH]]
        return any(word in one.function_end for one in known if one)

    def _ends_whole(self, unit: Unit) -> bool:
        """Whether a text without full stop ends where a sentence of an entry ends."""
        said = self.read(unit.text)
        tail = said.content[-3:]
        ended = not unit.text.rstrip("*_ ").endswith((",", ";", "(", "—", "–", "-"))
        return (
            bool(tail)
            and ended
            and any(
                passage.sentence.content[-len(tail) :] == tail
                and _last_word(said) == _last_word(passage.sentence)
                for entry in self._evidence.entries
                for passage in entry.passages
            )
        )

    def _check_in(
        self, language: str, text: str, lead: str, previous: str, before: frozenset[str]
    ) -> CheckResult:
        said = read(text, language)
        if said.empty:
            return CheckResult(Reason.EMPTY)
        if entry := self._word_for_word(said):
            return CheckResult(None, (entry.id,))
        if reason := foreign_fact(said, self._evidence):
            return CheckResult(reason)
        if language != ENGLISH:
            entry = verbatim_in(said, self._evidence)
            return CheckResult(None, (entry.id,)) if entry else CheckResult(Reason.NOT_VERBATIM)
        if speaks_of_itself(text) and not self._stands_in_entry(text):
            return CheckResult(Reason.ITSELF)
        if self._speaks_another(said):
            return CheckResult(Reason.NOT_VERBATIM)
        longer = []
        if lead:
            longer.append(read(f"{lead.rstrip(': ')} {text}", language))
        if named := with_subject(text, previous):
            longer.append(read(named, language))
        reason = contradiction(said, self._evidence, before)
        for whole in longer:
            reason = (
                reason
                or foreign_fact(whole, self._evidence)
                or contradiction(whole, self._evidence, before)
            )
        if reason:
            return CheckResult(reason)
        if self._support.supports(self._evidence, said) < self._needed:
            return CheckResult(Reason.UNPROVEN)
        return CheckResult(None, self._stands_on(said))

    def _word_for_word(self, said: Sentence) -> Entry | None:
        """The entry that has the whole sentence as it is."""
        for entry in self._evidence.entries:
            for passage in entry.passages:
                if not passage.turned and said.sequence == passage.sentence.sequence:
                    return entry
        return None

    def _check_row(self, text: str) -> CheckResult:
        """A row of a table stands in one row of an entry, its cells in their order."""
        content = self.read(text).content
        for entry in self._evidence.entries:
            for passage in entry.passages:
                if common(content, passage.sentence.content) == len(content):
                    return CheckResult(None, (entry.id,))
        return CheckResult(Reason.UNPROVEN)

    def _check_code(self, block: str) -> CheckResult:
        lines = code_lines(block)
        if not lines:
            return CheckResult(Reason.EMPTY)
        for entry in self._evidence.entries:
            kept = [line for line in entry.codes if line in lines]
            in_order = common(lines, kept) == sum(line in kept for line in lines)
            if in_order and all(has_code(line, entry) for line in lines):
                return CheckResult(None, (entry.id,))
        return CheckResult(Reason.CODE)

    def _speaks_another(self, said: Sentence) -> bool:
        """Whether a sentence is in another language than it is read in."""
        known = lexicon(said.language)
        own = known.grammar | known.words.stop if known else frozenset[str]()
        words = [token.word for token in said.tokens if token.word]
        strange = [w for w in words if w not in own and w not in self._evidence.words]
        return any(
            sum(word in grammar for word in strange) >= max(1, FOREIGN * len(words))
            for grammar in other_grammars(said.language)
        )

    def _stands_in_entry(self, text: str) -> bool:
        sought = letters(text)
        return any(sought in entry.letters for entry in self._evidence.entries)

    def _stands_on(self, said: Sentence) -> tuple[str, ...]:
        """The entries that hold most of a statement, and those that its facts are from."""
        found: list[Entry] = []
        missing = set(said.content)
        facts = [token for token in said.tokens if token.fact]
        entries = self._evidence.entries
        while missing:
            best = max(entries, key=lambda e: (len(missing & e.keys), -entries.index(e)))
            gained = missing & best.keys
            needed = [f for f in facts if not any(holds(f, e) for e in found)]
            if found and len(gained) < ADDS * len(said.content) and not needed:
                break
            if not gained:
                break
            found.append(best)
            missing -= gained
        found += [
            next(e for e in entries if holds(fact, e))
            for fact in facts
            if not any(holds(fact, e) for e in found) and any(holds(fact, e) for e in entries)
        ]
        return tuple(dict.fromkeys(entry.id for entry in found or entries[:1]))


def _last_word(said: Sentence) -> str:
    return next((t.word or t.key for t in reversed(said.tokens) if t.word or t.fact), "")
