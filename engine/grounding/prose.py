"""Reads a text for the truth check: its clauses, its code and its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.grounding.clauses import Clause, Relation, clauses
from engine.grounding.lexicon import NEGATORS
from engine.grounding.polarity import Bound, bound
from engine.grounding.tokens import (
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
from engine.grounding.words import word_set

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


def is_code_line(text: str) -> bool:
    """Whether a line of an entry without Markdown looks like a command or an address."""
    if text.endswith((".", "!", "?", ":")) or len(text) > 400:
        return False
    chunks = text.split()
    if _PROMPT.match(text) or chunks[0] in _COMMANDS or ADDRESS.match(text):
        return True
    exact = sum(t.kind is TokenKind.EXACT for t in tokenize(text))
    return exact >= max(1, len(chunks) / 3) and not NEGATORS & set(text.lower().split())


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
