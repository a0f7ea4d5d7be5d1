"""Parses a sentence for the truth check: its clauses, its words, its numbers and other facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.grounding.clauses import Clause, Commits, clauses
from engine.grounding.lexicon import Commitment, Lexicon, lexicon, words_of
from engine.grounding.tokens import Token, TokenKind, tokenize
from engine.grounding.words import Words, split_words

BOUNDS = frozenset(
    (
        *(Commitment.LEAST, Commitment.MOST, Commitment.MORE, Commitment.LESS, Commitment.ABOUT),
        *(Commitment.BEFORE, Commitment.AFTER, Commitment.UNTIL),
    )
)
#: Tokens before a number in which its bound stands.
BOUND_REACH = 4


@dataclass(frozen=True, slots=True)
class Number:
    """A number with what it counts."""

    value: str
    unit: str
    bound: Commitment | None
    #: It is written as a word.
    spelled: bool
    #: It is one end of a range.
    ranged: bool
    #: Key of the content right before ("homework" of "homework 2"), and right after it.
    label: str
    counted: str


def numbers(tokens: Sequence[Token], commits: Commits, content: Sequence[str]) -> Iterator[Number]:
    """The numbers of a sentence; `content` has the key of each token that claims something."""
    places = [index for index, token in enumerate(tokens) if token.kind is TokenKind.NUMBER]
    for at, index in enumerate(places):
        token = tokens[index]
        earlier = places[at - 1] if at else -1
        before = commits[max(0, earlier + 1, index - BOUND_REACH) : index]
        # "3.11 or newer" binds from behind.
        found = (*commits[index + 1 : index + 2], *before)
        bounds = [c for c in found if isinstance(c, Commitment) and c in BOUNDS]
        yield Number(
            value=token.key,
            unit=token.unit,
            spelled=bool(token.word),
            bound=bounds[-1] if bounds else None,
            ranged=any(
                _is_range(tokens, *sorted((index, place)))
                for place in places[max(0, at - 1) : at + 2]
            ),
            label=content[index - 1] if index else "",
            counted=content[index + 1] if index + 1 < len(tokens) else "",
        )


def _is_range(tokens: Sequence[Token], first: int, second: int) -> bool:
    """Whether two numbers are the ends of one: "8 to 10", "8-10", "between 8 and 10"."""
    if second - first == 1:
        return True
    if second - first != 2:
        return False
    between = {token.word for token in tokens[max(0, first - 1) : second]}
    return tokens[first + 1].word == "to" or {"between", "and"} <= between


_OPENERS = frozenset(("no", "nein", "non", "não", "нет"))
_ANSWERS = _OPENERS | frozenset(("yes", "ja", "oui", "sí", "si", "sim", "sì", "да"))
_PERSONS = frozenset(("you", "we", "i", "they", "students", "participants", "everyone", "one"))
_INNER = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as the check sees it."""

    text: str
    language: str
    tokens: tuple[Token, ...]
    clauses: tuple[Clause, ...]
    #: Stems of content words and keys of facts, in order.
    content: tuple[str, ...]
    #: All tokens but marks, in order: what commits as its sign, content by its key.
    sequence: tuple[str, ...]
    #: Stems of all words, keys of all facts, and the words inside code and names.
    keys: frozenset[str]
    numbers: tuple[Number, ...]
    #: Keys of content words with a capital letter inside the sentence: names, in English.
    names: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether it claims nothing."""
        return not self.content


@lru_cache(maxsize=4096)
def read(text: str, language: str) -> Sentence:
    """`text`, one sentence, as it is read in a language (ISO 639-1)."""
    words = words_of(language)
    lexicon_ = lexicon(language)
    tokens = tokenize(text, words)
    commits = _commitments(tokens, lexicon_)
    content = [_content(token, commits[i], words) for i, token in enumerate(tokens)]
    keys = {token.key for token in tokens if token.kind is not TokenKind.MARK}
    for token in tokens:
        if token.kind is TokenKind.EXACT:
            keys.update(words.stem(word) for word in split_words(token.key))
            keys.update(_INNER.findall(token.key))
        elif token.kind is TokenKind.WORD and "-" in token.word:
            keys.update(words.stem(word) for word in token.word.split("-"))
    return Sentence(
        text=text,
        language=language,
        tokens=tokens,
        clauses=tuple(clauses(tokens, commits, content, language)),
        content=tuple(key for key in content if key),
        sequence=tuple(
            commitment.sign if isinstance(commitment, Commitment) else key or token.key
            for token, commitment, key in zip(tokens, commits, content, strict=True)
            if token.kind is not TokenKind.MARK and commitment is not True
        )[1 if _opens(tokens) else 0 :],
        keys=frozenset(keys),
        numbers=tuple(numbers(tokens, commits, content)),
        names=tuple(
            token.key
            for index, token in enumerate(tokens)
            if token.capital and content[index] and _is_inside(tokens, index)
        ),
    )


def _commitments(tokens: Sequence[Token], known: Lexicon | None) -> list[Commitment | bool | None]:
    """For each token what it commits to; True inside a longer phrase, None otherwise."""
    found: list[Commitment | bool | None] = [None] * len(tokens)
    if known is None:
        return found
    for start, end, commitment in known.commitments([token.word for token in tokens]):
        found[start:end] = [True] * (end - start)
        found[start] = commitment
        # "The port may be in use" promises nothing; "you may use the port" allows it.
        if start == 0 and tokens[0].word in _OPENERS and _is_mark(tokens, 1):
            found[0] = None  # "No, …" answers a question
        elif tokens[start].word == "avoid" and start and not _is_mark(tokens, start - 1):
            found[start] = None  # "Avoid spaces" is a no, "to avoid errors" is none
        elif tokens[start].word == "may" and not _PERSONS & {
            t.word for t in _clause_before(tokens, start)
        }:
            found[start] = Commitment.MAYBE
    return found


def _opens(tokens: Sequence[Token]) -> bool:
    """Whether it begins with a yes or no to a question."""
    return len(tokens) > 2 and tokens[0].word in _ANSWERS and _is_mark(tokens, 1)


def _is_inside(tokens: Sequence[Token], index: int) -> bool:
    """Whether a capital letter there is not owed to the beginning of a sentence."""
    before = tokens[index - 1] if index else None
    return before is not None and (before.kind is not TokenKind.MARK or before.key in ",(")


def _is_mark(tokens: Sequence[Token], index: int) -> bool:
    return index >= len(tokens) or tokens[index].kind is TokenKind.MARK


def _clause_before(tokens: Sequence[Token], index: int) -> Sequence[Token]:
    """The tokens from the last break up to `index`."""
    start = max((i for i in range(index) if tokens[i].kind is TokenKind.MARK), default=-1)
    return tokens[start + 1 : index]


def _content(token: Token, commits: Commitment | bool | None, words: Words) -> str:
    if token.unit == "code" and token.key.isalpha():
        return words.stem(token.key.casefold())
    if token.fact:
        return token.key
    plain = token.kind is TokenKind.WORD and commits is None and token.word not in words.stop
    return token.key if plain else ""
