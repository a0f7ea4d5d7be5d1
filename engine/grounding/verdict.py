"""Decides whether one unit of an answer stands in the entries that the model was given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.grounding.chatter import OPENER, is_chatter, speaks_of_itself
from engine.grounding.clauses import BINDING, Clause, Relation
from engine.grounding.passages import Passage, passages
from engine.grounding.prose import code_lines, read_prose, with_lines
from engine.grounding.sentences import Unit, UnitKind
from engine.grounding.support import Known, has_code, shortfall
from engine.grounding.tokens import QUOTED, quote_text
from engine.grounding.words import visible
from engine.types import Document

#: Longer sentences are no sentences; they would only cost time.
MAX_UNIT_CHARS = 1500
#: Sentences between two passages that one joined sentence may stand on.
MAX_APART = 2
#: Code may stand without the sentence that says before or after what it is run.
_CODE_BINDING = BINDING - {Relation.BEFORE, Relation.AFTER}
_LIVE_MARKUP = re.compile(r"<[!@#][^>\s]*>")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a unit may be shown."""

    supported: bool
    #: The entries it stands on, at most two; empty when unsupported.
    document_ids: tuple[str, ...]
    #: For staff: why not.
    reason: str


@dataclass(frozen=True, slots=True)
class _Support:
    """Where a statement stands, or why it does not."""

    passages: tuple[Passage, ...] = ()
    reason: str = "the entries do not say this"


class Grounding:
    """Checks the units of one answer against the entries it may stand on."""

    def __init__(self, documents: Sequence[Document], question: str) -> None:
        self._documents = tuple(documents)
        self._question = visible(question)[:MAX_UNIT_CHARS]
        self._question_prose = read_prose(self._question)
        self._question_claims = claims_of(self._question_prose.clauses)
        self._texts = {
            d.id: quote_text(visible(f"{d.question}\n{d.section}\n{d.answer}"))
            for d in self._documents
        }
        self._passages = [passage for document in self._documents for passage in passages(document)]

    def check(self, unit: Unit, *, after: str = "", lead: str = "") -> Verdict:
        """Whether `unit` stands in the entries.

        `after` is the text shown before it, `lead` the lead-in (`To do this, run:`) it follows.
        """
        text = unit.text
        if len(text) > MAX_UNIT_CHARS:
            return Verdict(False, (), "it is too long to be one statement")
        if unit.kind is UnitKind.CODE:
            return self._verdict(self._find_code(text, lead, after))
        if is_chatter(text) or self._restates(text):
            return Verdict(False, (), "it is talk, not a statement about the matter")
        if unit.kind in (UnitKind.ROW, UnitKind.TABLE_HEAD):
            text = text.replace("|", " ")
        if lead:
            text = f"{lead.rstrip(': ')} {text}"
        return self._verdict(self._find(text, after))

    def carries(self, unit: Unit) -> Verdict:
        """Whether `unit`, a heading or lead-in that claims nothing, may introduce what is shown."""
        text = unit.text.strip("#*_ ").replace("|", " ")
        prose = read_prose(text)
        tokens = [token for clause in prose.clauses for token in clause.tokens]
        asserts = any(clause.negated or clause.subject for clause in prose.clauses)
        if is_chatter(text) or any(token.fact for token in tokens) or asserts:
            return self.check(unit) if not is_chatter(text) else Verdict(False, (), "it is talk")
        words = {token.key for token in tokens if token.content}
        for document in self._documents:
            known = self._question_claims.union(*(p.reach for p in passages(document)))
            if words <= known:
                return Verdict(True, (document.id,), "")
        return Verdict(False, (), "the entries do not speak of this")

    def ends_whole(self, unit: Unit) -> bool:
        """Whether a text without full stop ends where a clause of an entry ends."""
        found = claims_in_order(read_prose(unit.text).clauses)
        if not found:
            return False
        ends = {
            claims_in_order((clause,))[-1:] for p in self._passages for clause in p.prose.clauses
        }
        return found[-1:] in ends

    def _verdict(self, support: _Support) -> Verdict:
        ids = dict.fromkeys(passage.document for passage in support.passages)
        return Verdict(bool(ids), tuple(ids), "" if ids else support.reason)

    def _restates(self, text: str) -> bool:
        """Whether `text` is the question, or the title of an entry, and no more."""
        bare = re.sub(r"\W+", " ", text.casefold()).strip()
        titles = (self._question, *(d.question for d in self._documents))
        return bare in {re.sub(r"\W+", " ", title.casefold()).strip() for title in titles}

    def _find(self, text: str, after: str) -> _Support:
        if speaks_of_itself(text) and quote_text(text) not in " ".join(self._texts.values()):
            return _Support(reason="it speaks of itself")
        opener = OPENER.match(text)
        if opener:
            answer = self._opener(negated=opener[1].casefold() == "no")
            rest = text[opener.end() :]
            if not answer.passages or not rest:
                return answer
            return self._find(rest, after)
        prose = read_prose(text)
        if prose.deceptive:
            return _Support(reason="a link shows another address than it opens")
        allowed = self._verbatim(text)
        if not prose.clauses or not allowed:
            return _Support(
                reason="what it quotes is not verbatim" if prose.clauses else "it is empty"
            )
        known = Known(self._question_claims, claims_of(read_prose(after).clauses))
        return self._match(prose.clauses, known, allowed)

    def _opener(self, *, negated: bool) -> _Support:
        """Whether the entries answer the question itself with no (`negated`) or yes."""
        statement = read_prose(self._question.rstrip("? "), negate=negated)
        if not statement.clauses:
            return _Support()
        nothing = Known(frozenset(), frozenset())
        support = self._match(statement.clauses, nothing, frozenset(self._texts))
        return support if support.passages else _Support(reason="the entries do not say yes or no")

    def _verbatim(self, text: str) -> frozenset[str]:
        """The entries that hold every quotation in `text`."""
        quoted = [m[1] or m[2] for m in QUOTED.finditer(text)] + _LIVE_MARKUP.findall(text)
        needles = [quote_text(quotation).rstrip(" .,;:!?") for quotation in quoted]
        return frozenset(
            id_
            for id_, source in self._texts.items()
            if all(needle in source for needle in needles)
        )

    def _match(
        self, said: Sequence[Clause], known: Known, allowed: frozenset[str], depth: int = 2
    ) -> _Support:
        reason = _Support.__dataclass_fields__["reason"].default
        words = frozenset(t.key for c in said for t in (*c.unsaid, *c.tokens) if t.content)
        for passage in self._passages:
            if words <= passage.reach and passage.document in allowed:
                why = shortfall(said, passage, known)
                if not why:
                    return _Support((passage,))
                if not why.startswith(("the entry does not say", "the code", "“")):
                    reason = why
        if depth:
            for index in _joints(said):
                joined = self._match_joined(said, index, known, allowed, depth)
                if joined.passages:
                    return joined
        return _Support(reason=str(reason))

    def _match_joined(
        self,
        said: Sequence[Clause],
        index: int,
        known: Known,
        allowed: frozenset[str],
        depth: int,
    ) -> _Support:
        """Two statements in one sentence, each on a passage of its own."""
        first = self._match(said[:index], known, allowed, depth - 1)
        if not first.passages:
            return first
        before = Known(known.question, known.previous | claims_of(said[:index]))
        second = self._match(said[index:], before, allowed, depth - 1)
        if not second.passages:
            return second
        left, right = first.passages[-1], second.passages[0]
        near = left.document == right.document and 0 < right.order - left.order <= MAX_APART
        if not near:
            return _Support(reason="it puts together what the entries say apart")
        return _Support(first.passages + second.passages)

    def _find_code(self, block: str, lead: str, after: str) -> _Support:
        lines = code_lines(block)
        if not lines:
            return _Support(reason="it is empty")
        prose = with_lines(read_prose(lead), lines)
        known = Known(self._question_claims, claims_of(read_prose(after).clauses))
        for passage in self._passages:
            if not _in_order(lines, passage):
                continue
            if not shortfall(prose.clauses, passage, known, BINDING if lead else _CODE_BINDING):
                return _Support((passage,))
        return _Support(reason="the code does not stand so in an entry")


def claims_of(clauses: Sequence[Clause]) -> frozenset[str]:
    """Everything that `clauses` claim."""
    return frozenset().union(*(clause.claims for clause in clauses))


def claims_in_order(clauses: Sequence[Clause]) -> tuple[str, ...]:
    """Keys of content words and facts as they are written."""
    return tuple(t.key for clause in clauses for t in clause.tokens if t.content or t.fact)


def _joints(said: Sequence[Clause]) -> Iterator[int]:
    """Where a sentence may be taken apart into two statements."""
    for index in range(1, len(said)):
        whole = any(c.relation is Relation.NONE and c.claims for c in said[:index])
        if whole and said[index].relation in (Relation.NONE, Relation.PURPOSE):
            yield index


def _in_order(lines: Sequence[str], passage: Passage) -> bool:
    codes = list(passage.prose.codes)
    position = 0
    for line in lines:
        if line in codes[position:]:
            position += codes[position:].index(line) + 1
        elif line in codes or not has_code(line, passage):
            return False
    return True
