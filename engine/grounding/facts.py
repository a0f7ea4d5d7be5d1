"""What must stand in an entry exactly: numbers, addresses, commands, code, quotations, marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.grounding.check_result import Reason
from engine.grounding.evidence import Entry, Evidence, letters, plain
from engine.grounding.lexicon import ENGLISH, Commitment, words_of
from engine.grounding.sentence import Number, Sentence
from engine.grounding.tokens import ADDRESS, Token, TokenKind, deceives

# Thresholds: chosen by hand; benchmarks/grounding.py shows what the check catches with them.
#: How much more of a statement a sentence with another number or command must hold than the one
#: with this: then the number is that of something else.
MORE_OF_IT = 0.25
#: How much more of a statement a sentence without its number may hold.
ELSEWHERE = 0.3
#: Share of capitalised words from which on they tell a heading and no names.
TITLE_CASE = 0.7
#: Words of a quotation from which on it must be verbatim; shorter ones only set words off.
QUOTED_WORDS = 4
_QUOTED = re.compile(r"[\"“„”«]([^\"“”„«»\n]{2,500})[\"“”»]")
_CALL = re.compile(r"([\w.]+)\([^()]*\)")
_LIVE_MARKUP = re.compile(r"<[!@#][^>\s]*>")
#: What a command goes on with: an option, a path, an operator.
_GOES_ON = re.compile(r"[-/|&<>.$~\\\"']|\S*[=/]")
_PERIODS = frozenset(
    """
    seconds minute minutes hour hours hourly day days daily week weeks weekly month months monthly
    year years yearly
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A sentence of an entry, with the share of a statement that it holds."""

    sentence: Sentence
    context: frozenset[str]
    share: float


def foreign_fact(said: Sentence, evidence: Evidence) -> Reason | None:
    """What kind of fact of `said` no entry has, or has of something else; None where all stand."""
    if deceives(said.text):
        return Reason.DECEIVES
    whole, bare = evidence.plain, evidence.letters
    quoted = [letters(match[1]) for match in _QUOTED.finditer(said.text)]
    if any(len(text.split()) >= QUOTED_WORDS and f" {text} " not in bare for text in quoted) or any(
        mark[0] not in whole for mark in _LIVE_MARKUP.finditer(said.text)
    ):
        return Reason.QUOTATION
    for token in said.tokens:
        if token.kind is TokenKind.EXACT and not any(holds(token, e) for e in evidence.entries):
            return _kind_of(token)
    if said.language == ENGLISH and _foreign_names(said, evidence):
        return Reason.NAME
    if not said.numbers and not _periods(said):
        return None
    return _foreign_number(said, list(_places(said, evidence)))


def _foreign_names(said: Sentence, evidence: Evidence) -> bool:
    """Whether it names someone or something that neither an entry nor the question does."""
    names = said.names
    if len(names) > TITLE_CASE * len(said.content):
        return False
    return any(key not in evidence.keys and key not in evidence.question.keys for key in names)


def _places(said: Sentence, evidence: Evidence) -> Iterator[_Place]:
    content = {token.key for token in said.tokens if not token.fact} & set(said.content)
    for entry in evidence.entries:
        found = [(entry.title, frozenset[str]())]
        around = [frozenset[str](), *(p.sentence.keys for p in entry.passages), frozenset[str]()]
        found += [
            (
                passage.joined or passage.sentence,
                # Rows beside each other tell of different things.
                passage.context if passage.row else passage.context | around[i] | around[i + 2],
            )
            for i, passage in enumerate(entry.passages)
        ]
        for sentence, context in found:
            held = len(content & sentence.keys) + 0.5 * len((content & context) - sentence.keys)
            yield _Place(sentence, context, held / max(1, len(content)))


def _foreign_number(said: Sentence, places: list[_Place]) -> Reason | None:
    best = max((place.share for place in places), default=0.0)
    for number in said.numbers:
        having = [p for p in places if any(_same(number, n, p) for n in p.sentence.numbers)]
        known = any(n.value == number.value for p in places for n in p.sentence.numbers)
        if not having and (known or not number.spelled):
            return Reason.NUMBER
        rivals = [p.share for p in places if any(_rival(number, n) for n in p.sentence.numbers)]
        held = max((place.share for place in having), default=0.5)
        counts = not number.spelled or number.value != "1"
        if having and counts and best > held + ELSEWHERE:
            return Reason.NUMBER
        if max(rivals, default=0.0) > held + MORE_OF_IT:
            return Reason.NUMBER
    values = {number.value for number in said.numbers if not number.spelled}
    if values and not any(values <= p.sentence.keys | p.context for p in places):
        return Reason.NUMBER
    close = [place for place in places if place.share >= best - MORE_OF_IT]
    for key in _periods(said):
        if not any(key in place.sentence.keys | place.context for place in close):
            return Reason.DATE
    return None


def _periods(said: Sentence) -> list[str]:
    words = words_of(said.language)
    return [
        token.key
        for token in said.tokens
        if words.is_when(token.key) or (said.language == "en" and token.word in _PERIODS)
    ]


def _same(said: Number, source: Number, place: _Place) -> bool:
    """Whether a number of an entry is this one, counts the same, and is bound alike."""
    if said.value != source.value:
        return False
    if said.unit and source.unit and said.unit != source.unit:
        return False
    if said.unit and not source.unit and said.unit != source.counted:
        return False
    if source.ranged and not said.ranged:
        return False
    if said.bound is not source.bound and said.bound is not Commitment.ABOUT:
        return False
    return not (said.label and source.label and said.label != source.label and _labels(said, place))


def _labels(said: Number, place: _Place) -> bool:
    """Whether the sentence gives another number to what this one is said of: homework 1 and 2."""
    return any(n.label == said.label and n.value != said.value for n in place.sentence.numbers)


def _rival(said: Number, source: Number) -> bool:
    if said.value == source.value:
        return False
    return said.unit == source.unit and (
        bool(said.unit) or (said.counted == source.counted and bool(said.counted))
    )


def holds(token: Token, entry: Entry) -> bool:
    """Whether a fact stands in `entry`, whole."""
    if token.unit == "code":
        return has_code(token.key, entry)
    if token.kind is TokenKind.NUMBER:
        found = [entry.title, *(passage.sentence for passage in entry.passages)]
        return any(n.value == token.key for sentence in found for n in sentence.numbers)
    scheme, separator, rest = token.key.partition("://")
    keys = {token.key, f"https://{token.key}", f"http://{token.key}"}
    if separator and scheme in ("http", "https"):
        keys.add(rest)
    return bool(keys & entry.exact) or f" {token.key} " in entry.plain


def has_code(code: str, entry: Entry) -> bool:
    """Whether a command or name stands in `entry`, whole: nothing cut off, nothing added."""
    if code in entry.codes or code in entry.exact or not any(c.isalnum() for c in code):
        return True
    if code.replace('"', "'") in {line.replace('"', "'") for line in entry.codes}:
        return True
    call = _CALL.fullmatch(code)
    if call and code.endswith(("()", "(...)", "(…)")):
        return re.search(rf"(?<![\w.]){re.escape(call[1])}\(", entry.plain) is not None
    sought = f" {plain(code)} "
    if not sought.strip():
        return False
    text = entry.prose if " " in sought.strip() else entry.plain
    start = text.find(sought)
    while start >= 0:
        rest = text[start + len(sought) :].split(maxsplit=1)
        if " " not in code or not rest or not _GOES_ON.match(rest[0]):
            return True
        start = text.find(sought, start + 1)
    return any(code in line.split() for line in entry.codes)


def _kind_of(token: Token) -> Reason:
    if token.unit == "code":
        return Reason.CODE
    return Reason.ADDRESS if ADDRESS.match(token.key) or "@" in token.key else Reason.NAME
