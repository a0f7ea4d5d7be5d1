"""Cuts an FAQ entry into passages, the pieces of it that one statement may stand on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.clauses import BINDING, Clause, Relation, clauses
from engine.lexicon import NEGATORS
from engine.polarity import Bound, bound
from engine.sentences import UnitKind, split
from engine.tokens import (
    ADDRESS,
    ANGLED,
    CODE_SPAN,
    LINK,
    Token,
    TokenKind,
    address,
    plain,
    tokenize,
)
from engine.types import Document
from engine.words import stem, visible, word_set, words

#: Stands for a code span while the words around it are read; `visible` removes it from input.
_MARK = "\ue000"
_MARKED = re.compile(f"{_MARK}(\\d+){_MARK}")
_PROMPT = re.compile(r"^\s*(?:\$|>>>|\.\.\.|!|%|In \[\d+\]:)\s*(?=\S)")
_COMMANDS = word_set(
    """
    pip pip3 python python3 docker docker-compose git conda sudo apt apt-get cd ls export curl
    wget ssh gcloud terraform kubectl make import from mkdir mv cp rm cat echo brew npm pipenv
    poetry uv source chmod chown
    """
)
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
class Number:
    """A number with what surrounds it."""

    value: str
    unit: str
    bound: Bound
    #: Stem of the word right before it, and stems around it.
    label: str
    counted: str
    around: frozenset[str]


@dataclass(frozen=True, slots=True)
class Prose:
    """Text read as clauses, with its code and what must be verbatim."""

    text: str
    clauses: tuple[Clause, ...]
    #: Code spans and lines, in one line each.
    codes: tuple[str, ...]
    #: The text without them.
    bare: str
    #: A link whose text is another address than its target.
    deceptive: bool


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


def read_prose(text: str, *, negate: bool = False) -> Prose:
    """`text` read for the check."""
    codes: list[str] = []

    def take(span: re.Match[str]) -> str:
        codes.append(command(span[2]))
        return f" {_MARK}{len(codes) - 1}{_MARK} "

    deceptive = False

    def unlink(link: re.Match[str]) -> str:
        nonlocal deceptive
        if ADDRESS.match(link[1].strip()) and address(link[1].strip()) != address(link[2]):
            deceptive = True
        return f"{link[1]} {link[2]} "

    bare = CODE_SPAN.sub(take, text)
    bare = ANGLED.sub(lambda angled: f" {angled[1]} ", LINK.sub(unlink, bare))
    tokens = tuple(_unmark(token, codes) for token in tokenize(bare))
    return Prose(
        text=text,
        clauses=clauses(tokens, negate=negate),
        codes=tuple(codes),
        bare=f" {plain(_MARKED.sub(_MARK, bare))} ",
        deceptive=deceptive,
    )


def _unmark(token: Token, codes: Sequence[str]) -> Token:
    marked = _MARKED.fullmatch(token.key)
    if not marked:
        return token
    return Token(TokenKind.EXACT, codes[int(marked[1])], unit="code")


def command(line: str) -> str:
    """A line of code without prompt, with single spaces."""
    return " ".join(_PROMPT.sub("", line).split())


def code_lines(block: str) -> list[str]:
    """The lines of a fenced block that are not empty."""
    lines = block.split("\n")[1:]
    if lines and re.fullmatch(r"[>\s]*(?:`{3,}|~{3,})\s*", lines[-1]):
        lines.pop()
    return [command(line) for line in lines if line.strip()]


def numbers(clause: Clause) -> Iterator[Number]:
    """The numbers of a clause."""
    tokens = clause.tokens
    for index, token in enumerate(tokens):
        if token.kind is not TokenKind.NUMBER:
            continue
        before = tokens[index - 1] if index else None
        label = before.key if before and (before.content or before.fact) else ""
        following = [t for t in tokens[index + 1 : index + 3] if t.kind is not TokenKind.STOP]
        near = following[0] if following else None
        direct = len(tokens) > index + 1 and near is tokens[index + 1]
        counted = near.key if near and near.content and direct else ""
        around = frozenset(t.key for t in tokens[max(0, index - 3) : index + 5] if t is not token)
        yield Number(token.key, token.unit, bound(tokens, index), label, counted, around)


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
                if found and found[-1].text and _is_code_line(unit.text):
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


def with_lines(prose: Prose, lines: Sequence[str]) -> Prose:
    """`prose` with lines of code that belong to its last main clause."""
    tokens = tuple(Token(TokenKind.EXACT, line, unit="code") for line in lines)
    inner = tuple(
        t for line in lines for t in tokenize(line) if t.kind in (TokenKind.EXACT, TokenKind.NUMBER)
    )
    found = list(prose.clauses)
    plain_ones = (Relation.NONE, Relation.PURPOSE)
    main = [index for index, clause in enumerate(found) if clause.relation in plain_ones]
    if main:
        clause = found[main[-1]]
        found[main[-1]] = replace(
            clause, tokens=clause.tokens + tokens + inner, imperative=not clause.negated
        )
    else:
        found.extend(replace(clause, imperative=True) for clause in clauses(tokens + inner))
    return replace(prose, clauses=tuple(found), codes=prose.codes + tuple(lines))


def _claims(found: Sequence[Clause]) -> frozenset[str]:
    return frozenset(t.key for clause in found for t in clause.tokens if t.content or t.fact)


def _is_code_line(text: str) -> bool:
    """Whether a line of an entry without Markdown looks like a command or an address."""
    if text.endswith((".", "!", "?", ":")) or len(text) > 400:
        return False
    chunks = text.split()
    if _PROMPT.match(text) or chunks[0] in _COMMANDS or ADDRESS.match(text):
        return True
    exact = sum(t.kind is TokenKind.EXACT for t in tokenize(text))
    return exact >= max(1, len(chunks) / 3) and not NEGATORS & set(text.lower().split())
