"""Parts a message into the questions that it asks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import reduce

from engine.answer.asking import asking, asks, meaningful

#: Questions of one message that are answered one by one; what is more goes with the last.
MAX_PARTS = 4
#: A question of fewer words that mean something belongs to the one before it ("is it possible?").
MIN_WORDS = 2
#: … unless it has so many words in all.
MIN_PLAIN_WORDS = 5
#: A message of more characters tells a story; its questions are found by `engine.answer.gist`.
MAX_CHARS = 2_000

#: "1) … 2) …", at the beginnings of lines or inside one.
_NUMBERED = re.compile(r"(?:^|(?<=[\s,;.?!:]))\(?([1-9])[.):]\s+(?=\S)")
_BULLET = re.compile(r"^\s*(?:[-*•–]|[a-d]\))\s+(?=\S)", re.MULTILINE)
#: The end of a sentence, but for "e.g." and the dots of names and numbers.
_SENTENCE_END = re.compile(r"(?<=[?!])[\s)\"'»]*\s+|(?<=[.…;])(?<!\b[a-z]\.)(?<!e\.g\.)\s+|\n+")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\w+://\S+", re.DOTALL)
#: Between two matters.
_PLUS = re.compile(r"\s\+\s")
_COMMA_AND = re.compile(r"\s*[,;]\s*(?=(?:and|und|y|e|et|и|q\d)\b)")
_TIED = re.compile(r"^\W*(?:and|und|y|e|et|и|а|also|plus)\b[\s,:]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One question of a message, with what is said of it."""

    text: str
    #: False for a story or a complaint before a question: perhaps a matter of its own.
    asks: bool = True


def joined(part: Part, other: Part) -> Part:
    """Two parts that are one question."""
    return Part(f"{part.text} {other.text}", part.asks or other.asks)


@dataclass(slots=True)
class _Part:
    clauses: list[str] = field(default_factory=list)
    asks: bool = False
    #: It begins as a further matter does, and may yet ask.
    further: bool = False

    @property
    def text(self) -> str:
        return " ".join(self.clauses).strip()


def parts_of(text: str) -> tuple[Part, ...]:
    """The questions in `text`, each in its own words and in their order; `text` alone where it
    asks one thing, or nothing.

    It is parted by its words: between questions, before "also" and "another thing", and where it
    counts them. Whether two parts ask for the same is for the search to tell.
    """
    text = text.strip()
    if len(text) > MAX_CHARS:
        return (Part(text),)
    counted = asking().counted.match(text.lower())
    body = text[counted.end() :] if counted else text
    parts = _grouped(_listed(body) or _clauses(body, counted=counted is not None))
    if len(parts) < 2:
        return (Part(text),)
    about = text[counted.start("about") : counted.end("about")].strip() if counted else ""
    lead = f"{about}: " if meaningful(about) else ""
    found = [Part(f"{lead}{part.text}", part.asks or part.further) for part in parts]
    rest = found[MAX_PARTS - 1 :]
    return (*found[: MAX_PARTS - 1], reduce(joined, rest)) if rest else tuple(found)


def _listed(text: str) -> list[tuple[str, bool, bool]]:
    """The items of a numbered or bulleted message, each a new part; empty when it has none."""
    masked = _masked(text)
    marks = list(_NUMBERED.finditer(masked))
    numbers = [int(match[1]) for match in marks]
    if len(numbers) < 2 or numbers != list(range(1, len(numbers) + 1)):
        marks = list(_BULLET.finditer(masked))
    if len(marks) < 2:
        return []
    starts = [match.start() for match in marks]
    items = [text[match.end() : end] for match, end in zip(marks, [*starts[1:], None], strict=True)]
    if not all(meaningful(item) for item in items):
        return []
    found = [(" ".join(item.split()), True, True) for item in items]
    lead = text[: starts[0]].strip(" :\n")
    return [(lead, False, True), *found] if meaningful(lead) else found


def _clauses(text: str, *, counted: bool = False) -> list[tuple[str, bool, bool]]:
    """The clauses of `text`; with each whether it opens a further matter, and
    whether it begins a sentence. Of a message that has
    said that it holds several, every "and" after a comma may open one."""
    masked = _masked(text).lower().replace("’", "'")
    cuts: dict[int, bool] = {}
    start = 0
    sentences: list[tuple[int, int]] = []
    for match in _SENTENCE_END.finditer(masked):
        sentences.append((start, match.start()))
        start = match.end()
    sentences.append((start, len(masked)))
    patterns = asking()
    for begin, end in sentences:
        cuts[begin] = patterns.further.match(masked, begin, end) is not None
        for match in patterns.joint.finditer(masked, begin, end):
            if match.start() > begin:
                cuts.setdefault(match.start(), False)
        inside = [patterns.further_inside, _PLUS, *([_COMMA_AND] if counted else [])]
        for match in (found for one in inside for found in one.finditer(masked, begin, end)):
            if match.start() > begin:
                cuts[match.start()] = True
    begins = {begin for begin, _ in sentences}
    ordered = sorted(cuts)
    bounds = zip(ordered, [*ordered[1:], len(text)], strict=True)
    return [
        (text[a:b].strip(" ,;+\n"), cuts[a], a in begins)
        for a, b in bounds
        if text[a:b].strip(" ,;+\n")
    ]


def _grouped(clauses: list[tuple[str, bool, bool]]) -> list[_Part]:
    """Parts of one question each: what is said before a question belongs to it, what asks nothing
    new to the question before."""
    parts: list[_Part] = []
    for clause, further, starts_sentence in clauses:
        question = asks(clause)
        weighty = _weighty(clause) or (question and _names_something(clause))
        last = parts[-1] if parts else None
        if last is None:
            parts.append(_Part([clause], question, further))
            continue
        tied = bool(_TIED.match(clause))
        # "… is it free? and my mail never came": what is tied to a question is another matter.
        further = further or (last.asks and tied)
        # "It still downloads there. And where do I make a token": perhaps two matters.
        said = (further or (tied and question and starts_sentence)) and _weighty(last.text)
        over = last.asks or said or (last.further and starts_sentence)
        if weighty and over and (question or further):
            parts.append(_Part([clause], question, further))
        elif weighty and last.asks and not question:
            parts.append(_Part([clause]))  # a story: of the question that follows
        else:
            last.clauses.append(clause)
            last.asks = last.asks or question
    return _without_stray(parts)


def _weighty(text: str) -> bool:
    return len(meaningful(text)) >= MIN_WORDS


def _names_something(question: str) -> bool:
    """Whether a question of one word that means something is one all the same ("and where do I
    get a wheelbarrow")."""
    return len(meaningful(question)) == 1 and len(question.split()) >= MIN_PLAIN_WORDS


def _without_stray(parts: list[_Part]) -> list[_Part]:
    """Parts that ask; a story after the last question belongs to it."""
    kept: list[_Part] = []
    for part in parts:
        if kept and not (part.asks or part.further):
            kept[-1].clauses += part.clauses
        else:
            kept.append(part)
    return kept


def _masked(text: str) -> str:
    """`text` with code and addresses blanked out: a mark in them parts nothing."""
    return _CODE.sub(lambda match: "x" * len(match.group()), text)
