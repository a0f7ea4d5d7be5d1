"""Parts a message into the questions that it asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce

from engine.answer.asking import asking, asks, meaningful, plain, points_back
from engine.code_fences import CODE_IN_CHAT

#: Questions of one message that are answered one by one; what is more goes with the last.
MAX_PARTS = 4
#: A question of fewer words that mean something belongs to the one before it ("is it possible?").
MIN_WORDS = 2
#: … unless it has so many words in all, or nearly so many of which none points back.
MIN_PLAIN_WORDS = 5

#: "1) … 2) …" or "Question 1: …", at the beginnings of lines or inside one.
_NUMBERED = re.compile(
    r"(?:^|(?<=[\s,;.?!:]))(?:(?:question|frage|pregunta|pergunta|вопрос)\s|q)?"
    r"\(?([1-9])[.):]\s+(?=\S)"
)
_BULLET = re.compile(r"^\s*(?:[-*•–]|[a-d]\))\s+(?=\S)", re.MULTILINE)
#: The end of a sentence, but for "e.g." and the dots of names and numbers.
_SENTENCE_END = re.compile(r"(?<=[?!])[\s)\"'»]*\s+|(?<=[.…;])(?<!\b[^\W\d_]\.)\s+|\n+")
#: Code, addresses, and lines quoted from somebody else.
_NOT_ASKED = re.compile(
    CODE_IN_CHAT + r"|\b\w+://\S*[^\s.,;:!?)»\"']|^[ \t]*>[^\n]*",
    re.DOTALL | re.MULTILINE,
)
#: Between two matters.
_PLUS = re.compile(r"\s\+\s")
_COMMA_AND = re.compile(r"\s*[,;]\s*(?=(?:and|und|y|e|et|и|q\d)\b)")
_TIED = re.compile(r"\W*(?:and|und|y|e|et|и|а|also|plus)\b", re.IGNORECASE)
#: The other half of the question before; "o" is an article in Portuguese, "ou" a French "where".
_OR = re.compile(
    r"\W*(?:or|oder|(?<=¿)o|ou(?!\s(?:est|sont|puis|peut|trouve))|или|либо)\b", re.IGNORECASE
)
#: Characters before a mark that may be an abbreviation, or the word that a number belongs to.
_LOOK_BACK = 20
_SPACE = re.compile(r"\s+")
_EDGE = " ,;+\n"


@dataclass(frozen=True, slots=True)
class Part:
    """One question of a message, with what is said of it."""

    text: str
    #: False for a story or a complaint before a question: perhaps a matter of its own.
    asks: bool = True


def joined(part: Part, other: Part) -> Part:
    """Two parts that are one question."""
    return Part(f"{part.text} {other.text}", part.asks or other.asks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clause:
    text: str
    asks: bool
    #: It opens a further matter.
    further: bool = False
    starts_sentence: bool = True
    #: One of a list.
    item: bool = False
    #: What parts it from the clause before.
    gap: str = " "

    @property
    def weighty(self) -> bool:
        """Whether it says enough to be a question of its own."""
        num_words = len(meaningful(self.text))
        if self.item:
            return num_words > 0
        return num_words >= MIN_WORDS or (self.asks and num_words > 0 and _stands_alone(self.text))


@dataclass(slots=True)
class _Part:
    clauses: list[_Clause]

    @property
    def text(self) -> str:
        first, *others = self.clauses
        return first.text + "".join(f"{clause.gap}{clause.text}" for clause in others)

    @property
    def asks(self) -> bool:
        return any(clause.asks for clause in self.clauses)

    @property
    def further(self) -> bool:
        """It begins as a further matter does, and may yet ask."""
        return self.clauses[0].further


def parts_of(text: str) -> tuple[Part, ...]:
    """The questions in `text`, each in its own words and in their order; `text` alone where it
    asks one thing, or nothing.

    It is parted by its words: between questions, before "also" and "another thing", and where it
    counts them. Whether two parts ask for the same is for the search to tell. Callers give the
    gist of a message, which `engine.limits` bounds: the patterns are not made for more.
    """
    text = text.strip()
    counted = asking().counted.match(plain(text))
    body = text[counted.end() :] if counted else text
    several = counted is not None
    parts = _grouped(_listed(body, counted=several) or _clauses(body, counted=several))
    if len(parts) < 2:
        return (Part(text),)
    about = text[counted.start("about") : counted.end("about")].strip() if counted else ""
    lead = f"{about}: " if meaningful(about) else ""
    found = [Part(f"{lead}{part.text}", part.asks or part.further) for part in parts]
    rest = found[MAX_PARTS - 1 :]
    return (*found[: MAX_PARTS - 1], reduce(joined, rest)) if rest else tuple(found)


def _listed(text: str, *, counted: bool) -> list[_Clause]:
    """The items of a numbered or bulleted message; none where it lists no questions."""
    masked = _masked(text)
    marks = _marks(masked)
    if len(marks) < 2:
        return []
    starts = [match.start() for match in marks]
    bounds = list(zip((match.end() for match in marks), [*starts[1:], len(text)], strict=True))
    items = [text[a:b] for a, b in bounds]
    lead = text[: starts[0]].strip(" :\n")
    if not all(meaningful(item) for item in items):
        return []
    last, _, after = masked[slice(*bounds[-1])].partition("\n")
    asking_items = sum(asks(one) for one in (*(masked[a:b] for a, b in bounds[:-1]), last))
    asked_of_list = asks(after) or (asks(lead) and bool(meaningful(lead)))
    if asked_of_list and asking_items < 2 and not counted:
        return []  # steps that somebody took, versions, choices
    found = [
        _Clause(text=" ".join(one.split()), asks=True, further=True, item=True) for one in items
    ]
    return [_Clause(text=lead, asks=False), *found] if meaningful(lead) else found


def _marks(masked: str) -> list[re.Match[str]]:
    """What stands before each item of a list: numbers from one on, or bullets."""
    thing = asking().thing
    numbered = [
        match
        for match in _NUMBERED.finditer(masked)
        if not thing.search(masked[max(0, match.start() - _LOOK_BACK) : match.start()])
    ]
    if len(numbered) > 1 and [int(m[1]) for m in numbered] == list(range(1, len(numbered) + 1)):
        return numbered
    return list(_BULLET.finditer(masked))


def _clauses(text: str, *, counted: bool) -> list[_Clause]:
    """The clauses of `text`. Of a message that has said that it holds several questions, every
    "and" after a comma may open one."""
    masked = _masked(text)
    patterns = asking()
    cuts: dict[int, bool] = {}
    sentences = list(_sentences(masked))
    for begin, end in sentences:
        opening = patterns.further.match(masked, begin, end)
        cuts[begin] = opening is not None
        after = opening.end() + 1 if opening else begin  # "also: is there" is one clause
        for match in patterns.joint.finditer(masked, after, end):
            if match.start() > after:
                cuts.setdefault(match.start(), False)
        inside = [patterns.further_inside, _PLUS, *([_COMMA_AND] if counted else [])]
        for match in (found for one in inside for found in one.finditer(masked, after, end)):
            if match.start() > after:
                cuts[match.start()] = True
    begins = {begin for begin, _ in sentences}
    ordered = sorted(cuts)
    found: list[_Clause] = []
    end = 0
    for a, b in zip(ordered, [*ordered[1:], len(text)], strict=True):
        if clause := text[a:b].strip(_EDGE):
            start = text.index(clause, a)
            found.append(
                _Clause(
                    text=clause,
                    asks=asks(masked[start : start + len(clause)]),
                    further=cuts[a],
                    starts_sentence=a in begins,
                    gap=_SPACE.sub(" ", text[end:start]),
                )
            )
            end = start + len(clause)
    return found


def _sentences(masked: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SENTENCE_END.finditer(masked):
        before = masked[max(0, match.start() - _LOOK_BACK) : match.start()]
        if "\n" in match.group() or not asking().abbreviation.search(before):
            yield start, match.start()
            start = match.end()
    yield start, len(masked)


def _grouped(clauses: list[_Clause]) -> list[_Part]:
    """Parts of one question each: what is said before a question belongs to it, what asks nothing
    new to the question before."""
    parts: list[_Part] = []
    for clause in clauses:
        if parts and parts[-1].asks and _TIED.match(clause.text):
            # "… is it free? and my mail never came": what is tied to a question is another matter.
            clause = replace(clause, further=True)
        if parts and not _is_another(clause, parts[-1]):
            parts[-1].clauses.append(clause)
        else:
            parts.append(_Part([clause]))
    return _without_stray(parts)


def _is_another(clause: _Clause, last: _Part) -> bool:
    """Whether the clause begins another part than `last`."""
    if not clause.weighty or not meaningful(last.text) or _OR.match(clause.text):
        return False
    if not (clause.asks or clause.further):
        return last.asks  # a story: of the question that follows
    # "It still downloads there. And where do I make a token": perhaps two matters.
    tied = clause.asks and clause.starts_sentence and _TIED.match(clause.text) is not None
    said = (clause.further or tied) and len(meaningful(last.text)) >= MIN_WORDS
    return last.asks or said or (last.further and clause.starts_sentence)


def _stands_alone(question: str) -> bool:
    """Whether a question of one word that means something is one all the same ("and where do I
    get a wheelbarrow")."""
    words = plain(question).split()
    if len(words) >= MIN_PLAIN_WORDS:
        return True
    return len(words) == MIN_PLAIN_WORDS - 1 and not points_back(words)


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
    """`text` in plain letters, with what nobody asks blanked out: a mark in it parts nothing."""
    return plain(_NOT_ASKED.sub(lambda match: "x" * len(match.group()), text))
